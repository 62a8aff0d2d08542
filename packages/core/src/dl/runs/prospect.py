"""A fit that is not made: what its split and its inputs hold before the first step, and what was found in them.

Core reads and splits the data and runs the guards; a plugin with checks of its own reads the `Prospect` and returns a
`DataCheck`, through the hook `dl.hookspecs.check_data`. Letters: ``F`` numbers of a projected input.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from numpy.typing import NDArray

from dl.finding import Finding
from dl.recipes.asked import Asked
from dl.recipes.recipe import Recipe
from dl.runs.manifest import Manifest
from dl.runs.outcomes import PartOutcomes


@dataclass(frozen=True)
class Prospect:
    """What is known of a fit before its first step.

    Args:
        asked: What was typed; without ``data`` where it is in memory, for which there is no command.
        recipe: Every option, settled on the data.
        manifest: Of the run that the fit would write: task, sizes, rule of the split.
        findings: Of the guards.
        guarded: Codes of the guards that had something to look at.
        leaked: (m,) which validation examples also stand in the training set, bit for bit.
        train: Ids, targets and groups of the training set; no epoch.
        val: The same of the validation set.
        inputs: ``train_inputs`` and ``val_inputs`` (n, F), their ``train_rows`` and ``val_rows``, and ``train_groups``.
        unfinished: Codes of the guards for which the time was up.
    """

    asked: Asked
    recipe: Recipe
    manifest: Manifest
    findings: tuple[Finding, ...]
    guarded: tuple[str, ...]
    leaked: NDArray[Any]  # Any: of bool
    train: PartOutcomes
    val: PartOutcomes
    inputs: Mapping[str, NDArray[Any]]  # Any: each with its own type
    unfinished: tuple[str, ...] = ()


@dataclass(frozen=True)
class DataCheck:
    """What the checks of a data set found.

    Args:
        data: Name of the data set.
        task: Its task.
        train: Number of training examples.
        val: Number of validation examples.
        rule: How they were split.
        findings: The worst first; ``evidence`` has the leaked ``share`` and the ``effect`` on a score where known.
        clean: What was looked at without a finding, in words.
        unchecked: What could not be looked at, and why.
        ignored: Codes of findings that were left out.
    """

    data: str
    task: str
    train: int
    val: int
    rule: str
    findings: tuple[Finding, ...]
    clean: tuple[str, ...]
    unchecked: tuple[tuple[str, str], ...] = ()
    ignored: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:  # Any: JSON
        """Return the JSON value."""
        return asdict(self)
