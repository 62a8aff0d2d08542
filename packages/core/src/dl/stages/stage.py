"""The common shape of a stage, and what all stages share.

A stage has an entry condition, a function that runs it, an exit condition, and one line of result. The conditions are
pure functions of the records; a further stage is one module with a `Stage`, and a line in `dl.stages.workflow.STAGES`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console

from dl import regular
from dl.capacity.study import Ground, Request
from dl.data.examples import Dataset
from dl.errors import TrainingFailed
from dl.intervals import Estimate
from dl.limits import as_clock
from dl.plugins.registry import Plugins
from dl.recipes.recipe import Recipe
from dl.recipes.resolve import resolve
from dl.runs.run import Run, claim_run, slug_of
from dl.runs.workflow import StageRecord, Workflow
from dl.training.devices import Devices
from dl.training.run_fit import fit_into
from dl.training.setup import FitSetup, set_up


@dataclass(frozen=True)
class Entry:
    """Whether a stage begins, and why.

    Args:
        begins: Whether it does.
        words: Why, or why not.
    """

    begins: bool
    words: str = ""


@dataclass(frozen=True)
class Exit:
    """What holds at the end of a stage.

    Args:
        passed: Whether its condition is met.
        words: In words, with what follows from it.
        stops: Whether the workflow ends here.
        next: A command that helps; empty for none.
    """

    passed: bool
    words: str
    stops: bool = False
    next: str = ""


@dataclass(frozen=True)
class Stage:
    """A stage of the workflow.

    Args:
        name: Of the stage.
        enter: The entry condition.
        run: Does the work within a number of seconds, 0 for any; what it reached is the record.
        leave: The exit condition.
        share: Of a limited time.
        least: Fits of the recipe for which there must be time; with less the stage is skipped.
        expected: Fits of the recipe that it is expected to take, for the time left.
        optional: Whether it is skipped where its verb refuses the task or the data, in place of an error.
    """

    name: str
    enter: Callable[[Workflow], Entry]
    run: Callable[[Bench, Workflow, StageRecord, float], StageRecord]
    leave: Callable[[Workflow, StageRecord], Exit]
    share: float = 0.0
    least: float = 0.0
    expected: Callable[[Workflow], float] = lambda state: 0.0
    optional: bool = False


class StageStopped(Exception):
    """A signal ended a fit of a stage; what was finished before is kept."""

    def __init__(self, signal: int) -> None:
        super().__init__(f"stopped by signal {signal}")
        self.signal = signal


def always(_state: Workflow) -> Entry:
    """Begin in any case."""
    return Entry(True)


@dataclass(frozen=True)
class Bench:
    """What the stages work with.

    Args:
        plugins: The registered plugins.
        devices: Where to train.
        dataset: As it was read, once.
        first: The set-up of the settled recipe, with the split that all stages but the last share.
        folder: Of the workflow.
        console: For the progress of what a stage calls.
        keep: Writes what a stage has reached so far.
    """

    plugins: Plugins
    devices: Devices
    dataset: Dataset
    first: FitSetup
    folder: Path
    console: Console
    keep: Callable[[StageRecord], None]

    @property
    def ground(self) -> Ground:
        """The same as the ground of a study of capacity, for its statistics."""
        return Ground(self.request(self.first.recipe, None), self.first.recipe, self.first, self.folder)

    def request(self, recipe: Recipe, typed: Workflow | None, resume: str = "") -> Request:
        """Return what a study of capacity is asked for."""
        asked = typed.asked if typed else None
        return Request(
            recipe,
            self.plugins,
            self.devices,
            self.folder,
            self.console,
            self.first.at_hand,
            asked,
            resume,
            self.dataset,
        )

    def run(self, name: str) -> Run:
        """Return a run by its name or path below the folder."""
        return Run(self.folder / name)

    def name(self, run: Run) -> str:
        """Return the path of a run below the folder."""
        return run.path.relative_to(self.folder).as_posix()

    def recipe(self, state: Workflow) -> Recipe:
        """Return the recipe that a stage starts from: of the chosen run."""
        return self.changed(state.chosen, {}, {}) if state.chosen else self.first.recipe

    def changed(self, run: str, options: dict[str, object], reg: dict[str, object]) -> Recipe:
        """Return the recipe of a run with other options and further regularizers.

        Raises:
            DLError: If they do not go together.
        """
        return resolve(self.plugins, recipe=str(self.folder / run / "recipe.toml"), options=options, reg=reg)

    def fit(self, label: str, recipe: Recipe, seconds: float = 0.0) -> Run:
        """Fit a recipe on the split of all stages, in a run named by a label; a finished one is not fitted again.

        Args:
            label: Of the run, behind the name of the data.
            recipe: Closed.
            seconds: After which training ends; 0 for any.

        Raises:
            DLError: If the recipe does not fit the data, or training fails.
            StageStopped: If a signal ended it.
        """
        found = self.labelled(label)
        if found and found.status == "finished" and _recipe_text(found.path) == recipe.to_toml():
            return found
        setup = set_up(recipe, self.plugins, self.first.at_hand, self.dataset, self.first.splits)
        folder = found.path if found else claim_run(self.folder, f"{self.dataset.name}-{label}")
        devices = replace(self.devices, max_time=as_clock(seconds)) if seconds else self.devices
        run = fit_into(folder, setup, devices, self.plugins)
        if run.manifest.signal:
            raise StageStopped(run.manifest.signal)
        if not run.manifest.best_epoch:
            raise TrainingFailed(run.manifest.message or f"no epoch of {run.name} has a finite score")
        return run

    def labelled(self, label: str) -> Run | None:
        """Return the run or study of this label, as a stage that was cut off left it; None without one."""
        slug = slug_of(f"{self.dataset.name}-{label}")
        found = [run for run in self.runs if run.name.partition("-")[2] == slug]
        return found[-1] if found else None

    @property
    def runs(self) -> list[Run]:
        """The runs and studies of the stages so far."""
        numbered = (path for path in self.folder.iterdir() if path.is_dir() and path.name[:4].isdigit())
        return [Run(path) for path in sorted(numbered)]


def score_of(run: Run) -> Estimate:
    """Return the headline metric on validation at the best epoch, with its interval."""
    row = run.best
    return Estimate(row[f"val_{run.manifest.task.headline.name}"], row["val_low"], row["val_high"])


def _recipe_text(folder: Path) -> str:
    """Return the recipe of a run without its comments."""
    lines = regular.read_text(folder / "recipe.toml").splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith("#"))
