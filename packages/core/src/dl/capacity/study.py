"""The ground of a study: data, split and recipe that its fits share, its folder, and the fits themselves.

A fit that is finished is not made again where a study goes on: its recipe and its number of examples must be the same.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
from lightning.pytorch.callbacks import Callback
from rich.console import Console

from dl import files, regular
from dl.capacity.compare import best_scored
from dl.data.examples import Dataset, Index
from dl.detached import take_log
from dl.errors import BadData, BadRun, TrainingFailed
from dl.groups import Groups
from dl.intervals import Estimate, interval_of_mean, proportion_interval
from dl.limits import why_stopped
from dl.options import Option, Value
from dl.plugins.at_hand import AtHand, take_arguments
from dl.plugins.loading import load_plugins
from dl.plugins.model_file import short_model
from dl.plugins.registry import Plugins
from dl.processes import this_process
from dl.recipes.asked import Asked
from dl.recipes.close import close_recipe
from dl.recipes.recipe import Recipe, write_recipe
from dl.runs.estimates import estimate
from dl.runs.manifest import Baseline, TaskInfo, constant_losses
from dl.runs.outcomes import Scored
from dl.runs.run import Run, claim_run
from dl.runs.study import Study, StudyPoint, find_study, fit_path, read_study, study_file
from dl.runs.wording import show_value
from dl.signals import signal_of
from dl.splits.copies import example_keys
from dl.splits.partition import DataSplits, load_dataset, number_groups
from dl.terminal import plain
from dl.training.description import describe
from dl.training.devices import Devices
from dl.training.origin import refuse_going_on
from dl.training.run_fit import fit_into
from dl.training.setup import FitSetup, pinned, set_up

if TYPE_CHECKING:
    from dl.plugins.at_hand import Model


@dataclass(frozen=True)
class Request:
    """What a study is asked to vary, with everything that a fit of it needs.

    Args:
        recipe: Every choice; perhaps open.
        plugins: The registered plugins.
        devices: Where to train.
        runs: Folder of run folders.
        console: For progress.
        at_hand: Arguments in memory, which the recipe cannot name.
        typed: What was asked for, as it was typed; None for arguments in memory.
        resume: Name, number or path of a study to go on with; empty for a new one.
        dataset: As it was read, if it has been read before.
        seconds: After which no fit begins that would take longer than what is left; 0 for any.
    """

    recipe: Recipe
    plugins: Plugins
    devices: Devices
    runs: Path
    console: Console
    at_hand: AtHand
    typed: Asked | None
    resume: str = ""
    dataset: Dataset | None = None
    seconds: float = 0.0

    def command(self, verb: str, changed: Mapping[str, Value] = MappingProxyType({}), over: str = "") -> str:
        """Return a command with the same words, but for some options; empty for arguments in memory."""
        if self.typed is None:
            return ""
        curved = ["--over", over] if over else []
        words = replace(self.typed, options={**self.typed.options, **changed}).words
        return shlex.join(["dl", verb, *words, *curved])


def ask(
    domain: str,
    data: object,
    target: object,
    model: str | Model,
    chosen: Mapping[str, str],
    seed: int | None,
    devices: Devices | None,
    runs: str | Path,
    console: Console | None,
    plugins: Plugins | None,
    reg: Mapping[str, object] | None,
    resume: str,
    options: Mapping[str, object],
) -> Request:
    """Resolve the arguments of `dl.overfit` and `dl.curve`; ``chosen`` are recipe and task, the others as there."""
    given = take_arguments(plugins or load_plugins(), data, target, None, model, chosen["task"], options)
    names = (domain, given.data, given.model, chosen["recipe"], chosen["task"], seed)
    asked = Asked(*names, given.options, dict(reg or {}))
    devices = devices or Devices(devices="1")
    devices.need_one("the fits of a study are made")
    places = (given.plugins, devices, Path(runs), console or Console(quiet=True))
    return Request(asked.resolved(given.plugins), *places, given.at_hand, None if given.at_hand else asked, resume)


@dataclass(frozen=True)
class Ground:
    """What the fits of a study share.

    Args:
        asked: What was asked for.
        recipe: Closed, with what is decided on the whole training set.
        first: The set-up of a fit of this recipe on the whole training set.
        folder: Of the study.
    """

    asked: Request
    recipe: Recipe
    first: FitSetup
    folder: Path

    @property
    def info(self) -> TaskInfo:
        """The task, as decided on the whole training set."""
        return self.first.task.info

    @property
    def options(self) -> tuple[Option, ...]:
        """Those of the model."""
        return model_options(self.asked, self.recipe)

    def groups(self) -> Index:
        """Number the groups of the training set that are not cut, (n,)."""
        train = self.first.splits.train
        return number_groups(train.examples, example_keys(train.examples), self.recipe)[train.index]

    def strata(self) -> np.ndarray | None:
        """Return the class of each training example, (n,); None for other targets."""
        return self.first.splits.train.targets if self.info.has_classes else None

    def constant(self) -> Baseline | None:
        """Return the best constant answer; None where the task has none."""
        constants = [one for one in self.first.baselines if not one.rival]
        sign = 1 if self.info.headline.higher else -1
        return max(constants, key=lambda one: sign * one.score, default=None)

    def study(self, verb: str, over: str) -> Study:
        """Return the study before its first fit."""
        splits, name = self.first.splits, self.first.dataset.name
        sizes = (len(splits.train), len(splits.val), splits.rule)
        return Study(str(self.folder), verb, over, name, short_model(self.recipe.model), self.info.headline, *sizes)

    def fit(
        self,
        number: int,
        recipe: Recipe,
        label: str,
        splits: DataSplits | None = None,
        change: Callable[[FitSetup], object] = lambda setup: None,
        callbacks: Sequence[Callback] = (),
    ) -> Run:
        """Make one fit, unless it is finished already; a failed or interrupted one is a run like any other.

        Args:
            number: Of the fit, from 1.
            recipe: Of the fit.
            label: How it differs from the others, for progress.
            splits: In place of those of the study.
            change: Applied to the set-up.
            callbacks: Of Lightning.

        Raises:
            BadRun: If the study holds a finished fit of this number that is another one.
        """
        path, given = fit_path(self.folder, number), splits or self.first.splits
        if (done := self._finished(path, recipe, len(given.train))) is not None:
            return done
        asked = self.asked
        setup = set_up(recipe, asked.plugins, asked.at_hand, self.first.dataset, given)
        change(setup)
        try:
            run = fit_into(path, setup, asked.devices, asked.plugins, once=True, callbacks=callbacks)
        except TrainingFailed:
            run = Run(path)
        asked.console.print(plain(f"  fit {number}  {label}: {self._reached(run)}  {run.manifest.seconds:.1f} s"))
        return run

    def _finished(self, path: Path, recipe: Recipe, train_size: int) -> Run | None:
        """Return a finished or failed fit of the same choices; None where there is none."""
        run = Run(path)
        if run.status not in ("finished", "failed"):
            return None
        if regular.read_text(path / "recipe.toml") != recipe.to_toml() or (run.manifest.parts.train != train_size):
            raise BadRun(f"fit {path.name} of {self.folder.name} has other choices or other data; leave --resume out")
        return run

    def _reached(self, run: Run) -> str:
        """Describe what a fit reached."""
        manifest, metric = run.manifest, self.info.headline
        if manifest.status == "failed" or not manifest.best_epoch:
            return manifest.message
        score = run.best.get(f"val_{metric.name}", float("nan"))
        return f"{metric.name} {show_value(metric, score)} at epoch {manifest.best_epoch} of {manifest.epochs}"

    def write(self, study: Study) -> Study:
        """Write a study into its folder, with this process as the one that works on it, and return it."""
        kept = replace(study, **this_process())
        files.write_text(study_file(self.folder), kept.to_json(sealed=True))
        return kept

    def interrupted(self, study: Study, signal: int, points: Sequence[StudyPoint] = ()) -> Study:
        """Write a study that a signal stopped, with the points that are finished."""
        command = self.asked.command(study.verb, over=study.over if study.verb == "curve" else "")
        go_on = f"{command} --resume {self.folder.name}" if command else ""
        ended = replace(study, points=tuple(points), status="interrupted", signal=signal, next=go_on)
        return self.write(replace(ended, conclusion=f"{why_stopped()}; the finished fits are kept"))

    def stopping_between(self, make: Callable[[Ground], Study]) -> Study:
        """Make the study; where Ctrl-C falls between two fits, write it as interrupted with those that are finished."""
        try:
            return make(self)
        except KeyboardInterrupt as error:
            study = read_study(self.folder)
            return self.interrupted(study, signal_of(error), study.points)


def model_options(asked: Request, recipe: Recipe) -> tuple[Option, ...]:
    """Return the options of a recipe's model."""
    return asked.plugins.model(recipe.domain, recipe.model).options


def open_ground(
    asked: Request,
    verb: str,
    change: Callable[[Recipe], Recipe] = lambda recipe: recipe,
    need: Callable[[Request, FitSetup], None] = lambda asked, setup: None,
) -> Ground:
    """Read and split the data, decide what all fits share, and claim the folder of the study.

    Args:
        asked: What was asked for.
        verb: For the name of the folder.
        change: From the closed recipe to that of the fits.
        need: Refuses what the study cannot vary.

    Raises:
        DLError: For every mistake of the user; before there is a folder.
    """
    plugins = asked.plugins
    plugins.need_network(asked.recipe.domain, asked.recipe.model, f"dl {verb}")
    asked.recipe.need_found(f"dl {verb}")
    refuse_going_on(asked.recipe, "a study of capacity")
    resumed = find_study(asked.resume, asked.runs) if asked.resume else None
    dataset = asked.dataset or load_dataset(asked.recipe, plugins, plugins.domain(asked.recipe.domain).load())
    recipe = change(close_recipe(asked.recipe, dataset, plugins, asked.at_hand)[0])
    first = set_up(recipe, plugins, asked.at_hand, dataset)
    recipe = replace(first.recipe, train={**first.recipe.train, **pinned(first.task)})
    first = replace(first, recipe=recipe)
    _need_two_classes(first)
    need(asked, first)
    describe(asked.console, first, plugins)
    files.make_folder(asked.runs)
    folder = resumed or claim_run(asked.runs, f"{dataset.name}-{verb}")
    write_recipe(folder, recipe)
    take_log(folder)
    return Ground(asked, recipe, first, folder)


def _need_two_classes(setup: FitSetup) -> None:
    """Refuse a validation set of one class.

    Raises:
        BadData: Naming the class.
    """
    targets = setup.splits.val.targets
    if setup.task.info.has_classes and len(np.unique(targets)) == 1:
        name = setup.task.info.names[int(targets[0])]
        raise BadData(
            f"all {len(targets):,} validation examples are of one class, {name!r}: their scores tell no network from a "
            "constant answer; hold out more, as val=0.3, or others"
        )


def point(ground: Ground, run: Run, number: int, label: str, size: float, *, last: bool = False) -> StudyPoint:
    """Return what a fit reached at its best epoch, or after its last.

    Args:
        ground: Of the study.
        run: Of the fit.
        number: Of the fit.
        label: How it differs from the others.
        size: The same as a number.
        last: Whether the scores are those after the last epoch.
    """
    manifest, name = run.manifest, ground.info.headline.name
    known = StudyPoint(label, size, number, manifest.parameters, manifest.parts.train, manifest.epochs)
    if manifest.status == "failed" or not manifest.best_epoch:
        return replace(known, state="failed", note=_why(manifest.message))
    rows = run.history.rows
    row = rows[-1] if last else run.best
    probe, val = (
        Estimate(row.get(f"{part}_{name}", float("nan")), row[f"{part}_low"], row[f"{part}_high"])
        for part in ("probe", "val")
    )
    losses = [one["val_loss"] for one in rows]
    return replace(
        known,
        best_epoch=manifest.best_epoch,
        probe=probe,
        val=val,
        loss=float(np.nanmin(losses)),
        last_loss=losses[-1],
    )


def beats_constant(ground: Ground, run: Run, fits: int = 1) -> bool:
    """Return whether a fit is certainly better than a constant answer on the validation set.

    By the loss at its best epoch, or by the headline metric. The choice of the epoch is allowed for, as if those
    numbered by powers of two were all different ones, and so is that among several fits.

    Args:
        ground: Of the study.
        run: Of the fit.
        fits: Number of fits among which one that is better is looked for.

    Source: Bonferroni's inequality.
    """
    if not run.manifest.best_epoch:
        return False
    kept, (scored, targets, groups) = run.outcomes("val"), best_scored(run)
    level = 1 - 0.05 / (2 * fits * max(len(kept.loss), 1).bit_length())
    losses = constant_losses(ground.first.baselines)
    if losses:
        means = kept.loss.mean(axis=1, dtype=np.float64)
        lead = min(losses) - kept.loss[int(np.nanargmin(means))].astype(np.float64)
        if interval_of_mean(lead, groups, level).low > 0:
            return True
    constant = ground.constant()
    if constant is None:
        return not losses
    score = estimate(ground.info, scored, targets, groups)
    score = score._replace(**_limits(ground.info, scored, groups, level) or {})
    return score.low > constant.score if ground.info.headline.higher else score.high < constant.score


def _limits(info: TaskInfo, scored: Scored, groups: Groups | None, level: float) -> dict[str, float]:
    """Return the ends of the interval of a score at a level; none for metrics that are no means."""
    scores = scored.score.astype(np.float64)
    kinds = {"proportion": proportion_interval, "mean": interval_of_mean}
    found = kinds[info.headline.kind](scores, groups, level) if info.headline.kind in kinds else None
    return {} if found is None else {"low": found.low, "high": found.high}


def _why(message: str) -> str:
    """Return why a fit failed, without what to do about it."""
    return message.partition(";")[0].partition("  try:")[0] or "no epoch has a finite score"


def constant_loss(ground: Ground) -> float:
    """Return the lowest validation loss of a constant answer; 1 where none is known."""
    return min(filter(None, constant_losses(ground.first.baselines)), default=1.0)


def constant_words(ground: Ground) -> str:
    """Describe the best constant answer: ``51.20 % by always 'a'``."""
    constant = ground.constant()
    if constant is None:
        return "a constant answer"
    return f"{show_value(ground.info.headline, constant.score)} by {constant.answer}"
