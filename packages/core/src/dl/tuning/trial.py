"""Fit one trial of a study: the recipe with some options changed, on the data and the split of all trials."""

from __future__ import annotations

import shutil
import signal
from dataclasses import dataclass, replace

from dl.data.examples import Dataset, subset_fingerprint, whole
from dl.errors import CannotWrite, DLError, TrainingFailed
from dl.plugins.at_hand import AtHand
from dl.plugins.registry import Plugins
from dl.recipes.recipe import Recipe
from dl.runs.history import EpochRow
from dl.runs.outcomes import Scored
from dl.runs.run import Run
from dl.signals import StopFlag
from dl.splits.partition import load_dataset
from dl.training.devices import Devices
from dl.training.regularizers import Regularizers, build_network
from dl.training.run_fit import fit_into
from dl.training.setup import FitSetup, set_up
from dl.tuning.pruning import Pruner
from dl.tuning.space import with_values
from dl.tuning.study import BEHIND, FAILED, PRUNED, Study, Trial, end_of_trial, trial_folder


@dataclass(frozen=True)
class Work:
    """What all trials share.

    Args:
        recipe: Before tuning, settled.
        dataset: As it was read, once.
        first: The set-up of the recipe, with the split.
        plugins: The registered plugins.
        devices: Where to train.
        at_hand: Arguments in memory.
    """

    recipe: Recipe
    dataset: Dataset
    first: FitSetup
    plugins: Plugins
    devices: Devices
    at_hand: AtHand

    @classmethod
    def of(
        cls, recipe: Recipe, plugins: Plugins, devices: Devices, at_hand: AtHand, dataset: Dataset | None = None
    ) -> Work:
        """Set a recipe up on its data, which is read unless it has been."""
        dataset = dataset or load_dataset(recipe, plugins, plugins.domain(recipe.domain).load())
        first = set_up(recipe, plugins, at_hand, dataset)
        return cls(first.recipe, dataset, first, plugins, devices, at_hand)

    @property
    def fingerprint(self) -> str:
        """The fingerprint of all examples."""
        return subset_fingerprint(whole(self.dataset.train))

    def set_up(self, recipe: Recipe) -> FitSetup:
        """Set a recipe up on the split of all trials."""
        return set_up(recipe, self.plugins, self.at_hand, self.dataset, self.first.splits)

    def check(self, recipe: Recipe) -> None:
        """Build network and regularizers of a recipe, and forget them.

        Raises:
            DLError: If they do not go together.
        """
        first = self.first
        regularizers = Regularizers.of(recipe, self.plugins, first.task)
        network = build_network(recipe, self.plugins, first.preprocessor, first.task, regularizers)
        one = first.task.encode(first.splits.train.targets[:1])
        regularizers.rehearse(network, first.preprocessor, one, first.task.row)


def fit_trial(
    work: Work, study: Study, trial: Trial, pruner: Pruner | None, flag: StopFlag | None = None
) -> tuple[Trial, Run | None]:
    """Fit a trial; what a cut-off fit of it left is removed.

    Args:
        work: What all trials share.
        study: To which it belongs.
        trial: To fit.
        pruner: Judges it after each epoch; None for the first trials.
        flag: Of a signal that may come before the fit listens itself; it then hears of it after an epoch.

    Returns:
        The trial with what it reached, and its run; no run if its options do not go together. A trial that was stopped
        by a signal is as it was.

    Raises:
        CannotWrite: If its run cannot be written.
    """
    folder = trial_folder(study.path, trial.number)
    shutil.rmtree(folder, ignore_errors=True)  # also where the set-up is refused
    name = f"trial {trial.number} of {study.name}"

    def judge(rows: list[EpochRow], epochs: list[Scored]) -> str:
        if flag and (number := flag.received):
            flag.received = None
            signal.raise_signal(number)
        why = pruner.reason(work.first.task.info, rows, epochs) if pruner else ""
        return f"{BEHIND}{why}" if why else ""

    try:
        setup = work.set_up(with_values(work.recipe, work.plugins, study.space, trial.options))
        run = fit_into(folder, setup, work.devices, work.plugins, name, judge=judge)
    except TrainingFailed as error:  # the loss is not a number, or memory ran out: its run keeps the epochs before
        return _failed(trial, Run(folder), str(error)), Run(folder)
    except CannotWrite:
        raise
    except DLError as error:
        if trial.number == 1:
            raise
        return replace(trial, status=FAILED, message=str(error)), None
    return (trial if run.manifest.status == "interrupted" else end_of_trial(trial, run)), run


def _failed(trial: Trial, run: Run, message: str) -> Trial:
    """Return a trial whose training failed."""
    if not (run.path / "run.json").exists():
        return replace(trial, status=FAILED, message=message)
    return replace(end_of_trial(trial, run), status=PRUNED, message=message)


def recovered(study: Study, trial: Trial) -> Trial | None:
    """Return a trial that ended just before its study was cut off; None for one that has to be fitted again."""
    run = study.run(trial)
    if run.status not in ("finished", "failed"):
        return None
    ended = end_of_trial(trial, run)
    return replace(ended, status=PRUNED) if run.manifest.status == "failed" else ended
