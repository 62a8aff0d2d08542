"""Check data before a fit: its guards, on the split that it would make, and the tests that need inputs alone.

found = check("vision", "photos")
found.findings[0].next
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dl.data.branches import columns_of
from dl.data.examples import Dataset, Examples, Subset
from dl.errors import BadOption, unknown
from dl.finding import Finding
from dl.groups import Groups
from dl.limits import cut_short, is_time_up
from dl.plugins.at_hand import AtHand, take_arguments
from dl.plugins.loading import load_plugins
from dl.plugins.model_file import short_model
from dl.plugins.registry import Plugins
from dl.recipes.asked import Asked
from dl.recipes.close import close_recipe, data_facts
from dl.recipes.protocol import protocol_of
from dl.recipes.recipe import AUTO, Recipe
from dl.recipes.recognize import recognize_domain
from dl.recipes.resolve import resolve
from dl.runs.drift import Drift
from dl.runs.manifest import Manifest
from dl.runs.outcomes import PartOutcomes
from dl.runs.prospect import DataCheck, Prospect
from dl.runs.report import Which
from dl.runs.run import first_answer
from dl.specs import IN_MEMORY
from dl.splits.near_texts import are_compared
from dl.splits.partition import COPIES, INPUTS, NEAR_TEXTS, DataSplits, guards_of, load_dataset, skipped, split_data
from dl.splits.serial import dated_columns
from dl.tasks.table import decide
from dl.training.sketches import project_splits
from dl.version import VERSION

if TYPE_CHECKING:
    from dl.runs.manifest import TaskInfo

OF_COLUMNS = ("data-target-in-disguise", "data-row-counter", "data-code-as-number", "data-groups-in-sight")


def check(
    domain: str = "",
    data: object = "",
    *,
    target: object = None,
    recipe: str = "",
    model: str = "",
    task: str = "",
    seed: int | None = None,
    ignore: Sequence[str] = (),
    against: Which | None = None,
    runs: str | Path = "runs",
    plugins: Plugins | None = None,
    **options: object,
) -> DataCheck | Drift:
    """Run every guard of a fit on the split that it would make, without a fit; the test set stays closed.

    With ``against``, tell instead whether the data has drifted from what a run saw: in inputs, targets or scores.

    Args:
        domain: ``vision``, ...; empty recognizes it from the data.
        data: Name of a data set; a path to your own data; or data in memory, as `dl.fit` takes it.
        target: Names of the target columns, or the targets for inputs in memory.
        recipe: As for `dl.fit`.
        model: As for `dl.fit`; it may decide how data is read.
        task: Row of the task table; empty decides from the target.
        seed: Of the split; None takes the recipe's.
        ignore: Codes of findings to leave out.
        against: A run, its path, name or number, or ``last``, to compare the data with; it is read as the run's own.
        runs: Folder of run folders, unless ``against`` is a path.
        plugins: The registered plugins; None loads the installed ones.
        **options: ``val=0.1``, ``group_on="patient"``, ... as for `dl.fit`.

    Raises:
        DLError: For every mistake of the caller, in one line.

    Example:
        >>> dl.check("tabular", "houses.csv", target="price").findings
        >>> dl.check("vision", (images, labels)).clean
        >>> dl.check(data="newer.csv", against="last").verdict
    """
    plugins = plugins or load_plugins()
    if against is not None:
        _refuse_choices(recipe=recipe, model=model, task=task, seed=seed, ignore=ignore)
        from dl.inspection.against import compare_with_run  # with the network, which a check needs not

        return compare_with_run(
            data, against, domain=domain, target=target, options=options, runs=runs, plugins=plugins
        )
    given = take_arguments(plugins, data, target, None, model, task, options)
    if not domain and not recipe:
        if given.data in ("", IN_MEMORY):
            raise BadOption("dl check needs data  example: dl check vision digits")
        refuse_unknown(given.data, plugins)
        domain = recognize_domain(given.data, plugins, given.options)
    chosen = resolve(
        given.plugins, domain, given.data, recipe=recipe, model=given.model, task=task, seed=seed, options=given.options
    )
    data_ = "" if given.at_hand else given.data
    asked = Asked(domain, data_, given.model, recipe, task, seed, options=given.options)
    found = foresee(chosen, given.plugins, asked, given.at_hand)
    hooks = given.plugins.data_checkers
    return first_answer(hooks, "checks data", prospect=found, plugins=given.plugins, ignore=tuple(ignore))


def _refuse_choices(**choices: object) -> None:
    """Refuse choices of a fit where a run has made them.

    Raises:
        BadOption: Naming the first.
    """
    for name, value in choices.items():
        if value not in ("", None) and value != () and value != []:
            raise BadOption(f"{name}= is a choice of a fit; against a run, the data is read as its own: leave it out")


def refuse_unknown(data: str, plugins: Plugins) -> None:
    """Refuse a word that is neither a data set nor a path that exists; with a domain, `resolve` does.

    Raises:
        UnknownName: Naming the nearest data set.
    """
    named = [name for _, name in plugins.datasets]
    if data not in named and not os.path.lexists(os.path.expanduser(data)):  # noqa: PTH111 - as in resolve
        raise unknown("data set, file or folder", data, named, "dl ls datasets")


def foresee(recipe: Recipe, plugins: Plugins, asked: Asked, at_hand: AtHand) -> Prospect:
    """Read and split the data as a fit would, run its guards, and return what is known before the first step.

    Raises:
        DLError: As a fit.
    """
    if protocol_of(recipe.split)[0].fits > 1:
        raise BadOption(f"protocol={recipe.split['protocol']} makes several splits; check one: leave protocol= out")
    dataset = load_dataset(recipe, plugins, plugins.domain(recipe.domain).load())
    facts = data_facts(dataset)
    recipe, _ = close_recipe(recipe, dataset, plugins, at_hand, facts)
    splits, missed = _look(dataset, split_data(dataset, recipe, plugins))
    names, positive = splits.train.examples.names, str(recipe.train.get("positive", AUTO))
    task = decide(splits.train.targets, names, recipe.task, tasks=plugins.tasks, positive=positive).info
    looked, sketch = _guarded(dataset, splits, task), dict[str, NDArray[Any]]()  # Any: each with its own type
    with cut_short():
        sketch = project_splits(splits.train, splits.val, splits.groups["train"])
    manifest = Manifest(
        name="",
        status="running",
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        dl_version=VERSION,
        domain=recipe.domain,
        model=short_model(recipe.model),
        parameters=0,
        task=task,
        parts=splits.parts(dataset),
        baselines=(),
        in_memory=at_hand.names,
        data=facts,
    )
    return Prospect(
        asked,
        recipe,
        manifest,
        tuple(splits.findings),
        tuple(code for code, guard in looked.items() if guard not in missed),
        splits.leaked,
        _outcomes(splits.train, splits.groups["train"]),
        _outcomes(splits.val, splits.groups["val"]),
        sketch,
        tuple(code for code, guard in looked.items() if guard in missed),
    )


def _look(dataset: Dataset, splits: DataSplits) -> tuple[DataSplits, frozenset[str]]:
    """Return the splits with what the guards find, and the guards for which the time was up."""
    guards, found = guards_of(dataset, splits), dict[str, list[Finding]]()
    for name, guard in guards.items():
        if is_time_up():
            break
        with cut_short():
            found[name] = guard()
    findings = [finding for each in found.values() for finding in each]
    return replace(splits, findings=[*findings, *skipped(dataset)]), frozenset(guards.keys() - found.keys())


def _outcomes(subset: Subset, groups: Groups | None) -> PartOutcomes:
    """Return the examples of a subset in the form of outcomes without an epoch."""
    nothing = np.empty((0, len(subset)), np.float32)
    return PartOutcomes(subset.ids, subset.targets, nothing, nothing, nothing, groups, None)


def _guarded(dataset: Dataset, splits: DataSplits, task: TaskInfo) -> dict[str, str]:
    """Return the codes that had something to look at, each with its guard."""
    examples = splits.train.examples
    found = dict.fromkeys(["data-duplicates-across-split", "data-duplicates"], COPIES)
    if not task.from_inputs:
        found["data-conflicting-targets"] = COPIES
    if examples.times is not None:
        found["data-time-overlap"] = INPUTS
    if _has_columns(examples):
        found |= dict.fromkeys(OF_COLUMNS[:3], INPUTS)
    if examples.groups is None and examples.times is None and (_has_columns(examples) or len(examples.sources)):
        found[OF_COLUMNS[3]] = INPUTS
    if examples.times is None and dated_columns(examples):
        found["data-dates-mixed"] = INPUTS
    if are_compared(splits.train, splits.val):
        found["data-near-duplicates"] = NEAR_TEXTS
    return found


def _has_columns(examples: Examples) -> bool:
    return columns_of(examples.inputs) is not None
