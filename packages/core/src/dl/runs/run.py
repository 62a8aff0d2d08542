"""A run: the folder that keeps everything about one fit, and its reader.

    runs/0003-mnist-convnet/
        recipe.toml  run.json  history.csv  outcomes/  preprocessor.json  environment.json
        best.safetensors  checkpoints/  findings.json  report.txt

Nothing in it is a pickle that is opened without `weights_only`. Readers need no torch.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from dl import files
from dl.errors import BadOption, BadRecipe, BadRun, nearest
from dl.finding import SEVERITIES, Finding
from dl.recipes.recipe import PartialRecipe, read_recipe
from dl.runs.history import History, read_history
from dl.runs.manifest import Manifest, parse_manifest
from dl.runs.outcomes import PartOutcomes, count_epochs, read_outcomes
from dl.stored import Value, from_json
from dl.words import many

NAME = re.compile(r"(\d{4,})-.+")


@dataclass(frozen=True)
class Run:
    """A run folder; what is read is read when asked for, once."""

    path: Path

    @property
    def name(self) -> str:
        """The name of the folder."""
        return self.path.name

    @cached_property
    def manifest(self) -> Manifest:
        """Task, parts, baselines, status."""
        return parse_manifest(self._text("run.json"), str(self.path / "run.json"))

    @cached_property
    def history(self) -> History:
        """A row for each finished epoch."""
        history = read_history(self.path / "history.csv")
        if not len(history) and self.manifest.best_epoch:
            raise BadRun(f"{str(self.path)!r} is not a complete run: history.csv is missing or empty")
        self._need_epochs({row["epoch"] for row in history.rows}, len(history))
        return history

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """What the guards found before the first step."""
        path = self.path / "findings.json"
        found = read_json(path, tuple[Finding, ...])
        if unknown := {finding.severity for finding in found} - set(SEVERITIES):
            raise BadRun(f"{path} is damaged: severity {', '.join(unknown)}")
        return found

    @cached_property
    def recipe(self) -> PartialRecipe:
        """The choices, as they were resolved."""
        try:
            return read_recipe(self.path / "recipe.toml")
        except (BadOption, BadRecipe) as error:
            raise BadRun(str(error)) from error

    @property
    def outcomes_folder(self) -> Path:
        """Where the outcomes are kept."""
        return self.path / "outcomes"

    def outcomes(self, part: str) -> PartOutcomes:
        """Read what happened to each example of ``val`` or ``probe``, epoch by epoch."""
        return read_outcomes(self.outcomes_folder, part)

    @cached_property
    def best(self) -> dict[str, float]:
        """The history's row of the best epoch; empty while there is none."""
        epoch = self.manifest.best_epoch
        return next((row for row in self.history.rows if row["epoch"] == epoch), {})

    def _need_epochs(self, found: set[float], rows: int) -> None:
        """Refuse a history that lacks the row of an epoch which ended: no number of the run would be right.

        Raises:
            BadRun: Naming the first.
        """
        kept = count_epochs(self.outcomes_folder) if self.manifest.status == "finished" else 0
        ran = max(self.manifest.epochs, kept, rows)
        missing = next((epoch for epoch in range(1, ran + 1) if epoch not in found), 0)
        if missing:
            has = f"history.csv has no row of epoch {missing}, and {many(ran, 'epoch')} ran"
            raise BadRun(f"{str(self.path)!r} is not a complete run: {has}; put the file back, or fit again")

    def _text(self, name: str) -> str:
        try:
            return (self.path / name).read_text(encoding="utf-8")
        except FileNotFoundError:
            raise BadRun(f"{str(self.path)!r} is not a complete run: {name} is missing") from None
        except (OSError, UnicodeDecodeError) as error:
            raise BadRun(f"{str(self.path / name)!r} cannot be read: {error}") from error


def claim_run(root: Path, label: str) -> Path:
    """Make the next numbered run folder; safe when two runs start at once."""
    files.make_folder(root)
    slug = re.sub(r"[^A-Za-z0-9._-]+", "-", label).strip("-.")[:60] or "run"
    with files.locked(root):  # two runs of different names must not take one number
        numbers = [int(match[1]) for folder in root.iterdir() if (match := NAME.fullmatch(folder.name))]
        return files.claim_folder(root, lambda number: f"{number:04d}-{slug}", max(numbers, default=0) + 1)


def list_runs(root: Path) -> list[Run]:
    """Return the runs below a folder, oldest first."""
    if not root.is_dir():
        return []
    numbered = [(int(match[1]), path) for path in root.iterdir() if (match := NAME.fullmatch(path.name))]
    return [Run(path) for _, path in sorted(numbered) if path.is_dir()]


def refuse_file(root: Path) -> None:
    """Refuse what should be a folder of runs and is a file.

    Raises:
        BadRun: If it is one.
    """
    if os.path.exists(root) and not os.path.isdir(root):  # noqa: PTH110, PTH112 - a name that can be no path is none
        raise BadRun(f"{str(root)!r} is a file, not a folder of runs; say which folder: --runs FOLDER")


def open_run(which: str | Path, root: Path) -> Run:
    """Find a run by path, name, number, or ``last``.

    Raises:
        BadRun: If there is none, or it is not a run of dl.
    """
    runs = list_runs(root)
    if str(which) == "last":
        refuse_file(root)
        if not runs:
            raise BadRun(f"there is no run in {str(root)!r} yet  start one: dl fit vision mnist")
        return _checked(runs[-1])
    named = [
        run for run in runs if run.name == str(which) or run.name.split("-")[0].lstrip("0") == str(which).lstrip("0")
    ]
    if len(named) == 1:
        return _checked(named[0])
    if os.path.isdir(which):  # noqa: PTH112 - a name that can be no path is no folder, and no error
        return _checked(Run(Path(which)))
    refuse_file(root)
    near = nearest(str(which), [run.name for run in runs])
    raise BadRun(f"no run {str(which)!r} in {str(root)!r}{near}  see: dl ls runs")


def read_json(path: Path, kind: type[Value]) -> Value:
    """Read a value of a type from JSON that dl wrote.

    Raises:
        BadRun: If it is missing or damaged.
    """
    try:
        return from_json(path.read_bytes(), kind)
    except FileNotFoundError:
        raise BadRun(f"{str(path)!r} is missing; the run is not complete") from None
    except (OSError, ValueError) as error:
        raise BadRun(f"{str(path)!r} is damaged: {error}") from error


def write_findings(path: Path, findings: Iterable[Finding]) -> None:
    """Write findings as JSON."""
    write_json(path, [finding.as_dict() for finding in findings])


def write_json(path: Path, content: Any) -> None:  # Any: what json takes
    """Write JSON, whole or not at all."""
    files.write_text(path, json.dumps(content, indent=1) + "\n")


def _checked(run: Run) -> Run:
    run.manifest  # noqa: B018 - reading it is the check
    return run
