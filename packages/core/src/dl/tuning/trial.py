"""Fit one trial of a study: the recipe with some options changed, on the data and the splits of all trials."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from dl.cross_validation.plan import Plan, make_plan, set_up_first
from dl.cross_validation.pool import FinishedFold
from dl.cross_validation.pooled import fit_pooled
from dl.data.examples import Dataset, subset_fingerprint, whole
from dl.defaults import Default
from dl.errors import CannotWrite, DLError, TrainingFailed
from dl.plugins.at_hand import AtHand
from dl.plugins.registry import Plugins
from dl.recipes.close import close_recipe
from dl.recipes.protocol import protocol_of
from dl.recipes.recipe import Recipe
from dl.runs.commit import remove_run
from dl.runs.history import EpochRow
from dl.runs.manifest import TaskInfo
from dl.runs.outcomes import Scored
from dl.runs.run import Run
from dl.signals import StopFlag
from dl.splits.on_leak import settle_leaks
from dl.splits.partition import load_dataset
from dl.training.devices import Devices
from dl.training.prepared import PreparedData
from dl.training.regularizers import Regularizers, build_network
from dl.training.run_fit import fit_into
from dl.training.setup import FitSetup, set_up
from dl.tuning.pruning import FoldPruner, Pruner
from dl.tuning.space import with_values
from dl.tuning.study import BEHIND, FAILED, PRUNED, Study, Trial, end_of_trial, trial_folder


class Stopped(Exception):
    """A signal came between two folds of a trial."""


@dataclass(frozen=True)
class Work:
    """What all trials share.

    Args:
        recipe: Before tuning, settled.
        first: The set-up of the recipe, of its first fold where it has several.
        prepared: The data with its splits, and what was prepared of them.
        plugins: The registered plugins.
        devices: Where to train.
        plan: Of the folds of a trial; None where it is one fit.
    """

    recipe: Recipe
    first: FitSetup
    prepared: PreparedData
    plugins: Plugins
    devices: Devices
    plan: Plan | None = None

    @classmethod
    def of(
        cls, recipe: Recipe, plugins: Plugins, devices: Devices, at_hand: AtHand, dataset: Dataset | None = None
    ) -> Work:
        """Set a recipe up on its data, which is read unless it has been."""
        domain = plugins.domain(recipe.domain).load()
        dataset = dataset or load_dataset(recipe, plugins, domain)
        if protocol_of(recipe.split)[0].fits == 1:
            first = set_up(recipe, plugins, at_hand, dataset)
            prepared = PreparedData(first.dataset, plugins, at_hand)
            prepared.keep(first)
            return cls(first.recipe, first, prepared, plugins, devices)
        recipe, dataset, mended = settle_leaks(recipe, dataset, plugins, domain)
        plan = make_plan(recipe, dataset, plugins, by_size=False, at_hand=at_hand, mended=mended)
        prepared = PreparedData(dataset, plugins, at_hand, lambda recipe: plan.split(recipe, plugins))
        first = set_up_first(plan, plugins, at_hand)
        prepared.keep(first)
        return cls(plan.recipe, first, prepared, plugins, devices, plan)

    @property
    def dataset(self) -> Dataset:
        """The data set as it was read, once."""
        return self.prepared.dataset

    @property
    def info(self) -> TaskInfo:
        """The task of a trial, decided on the examples of all its folds."""
        return self.plan.task.info if self.plan else self.first.task.info

    @property
    def defaults(self) -> tuple[Default, ...]:
        """The choices of the recipe that follow from the data."""
        return self.plan.defaults if self.plan else self.first.defaults

    @property
    def fingerprint(self) -> str:
        """The fingerprint of all examples."""
        return subset_fingerprint(whole(self.dataset.train))

    @property
    def val_fingerprint(self) -> str:
        """The fingerprint of the examples that a trial is scored on."""
        return self.fingerprint if self.plan else subset_fingerprint(self.first.splits.val)

    def closed(self, study: Study, trial: Trial) -> Recipe:
        """Return the recipe of a trial, with what its regularizers need."""
        recipe = with_values(self.recipe, self.plugins, study.space, trial.options)
        return close_recipe(recipe, self.dataset, self.plugins, self.prepared.at_hand)[0]

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
    work: Work, study: Study, trial: Trial, pruner: Pruner | FoldPruner | None, flag: StopFlag | None = None
) -> tuple[Trial, Run | None]:
    """Fit a trial; what a cut-off fit of it left is removed, but for its state, and the finished folds of several fits.

    Args:
        work: What all trials share.
        study: To which it belongs.
        trial: To fit.
        pruner: Judges it after each epoch or fold; None for the first trials.
        flag: Of a signal that may come before the fit listens itself; it then hears of it after an epoch or a fold.

    Returns:
        The trial with what it reached, and its run; no run if its options do not go together. A trial that was stopped
        by a signal is as it was.

    Raises:
        CannotWrite: If its run cannot be written.
    """
    folder = trial_folder(study.path, trial.number)
    try:
        run = _fit(work, study, trial, pruner, flag)
    except TrainingFailed as error:  # the loss is not a number, or memory ran out: its run keeps what was before
        return _failed(trial, Run(folder), str(error)), Run(folder)
    except Stopped:
        return trial, None
    except CannotWrite:
        raise
    except DLError as error:
        if trial.number == 1:
            raise
        remove_run(folder)
        return replace(trial, status=FAILED, message=str(error)), None
    return (trial if run.manifest.status == "interrupted" else end_of_trial(trial, run)), run


def _fit(work: Work, study: Study, trial: Trial, pruner: Pruner | FoldPruner | None, flag: StopFlag | None) -> Run:
    """Fit the network of a trial, or that of each of its folds."""
    folder, name = trial_folder(study.path, trial.number), f"trial {trial.number} of {study.name}"
    recipe = work.closed(study, trial)

    def judge_folds(done: Sequence[FinishedFold]) -> str:
        why = pruner.reason(work.info, done) if isinstance(pruner, FoldPruner) else ""
        if not why and flag and flag.received and len(done) < study.fits:
            raise Stopped
        return f"{BEHIND}{why}" if why else ""

    def judge_epochs(rows: list[EpochRow], scored: list[Scored]) -> str:
        why = pruner.reason(work.info, rows, scored) if isinstance(pruner, Pruner) else ""
        return f"{BEHIND}{why}" if why else ""

    if work.plan is not None:
        plan = replace(work.plan, recipe=recipe)
        return fit_pooled(folder, plan, work.prepared.set_up, work.devices, work.plugins, name, judge_folds)
    return fit_into(folder, work.prepared.set_up(recipe), work.devices, work.plugins, name, judge=judge_epochs)


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
