"""The ladder below a network: constant answers and cheap learners on its split, kept with a run or shown alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from lightning.pytorch.utilities.seed import isolate_rng

from dl.data.examples import Dataset, Index, whole
from dl.errors import BadRun
from dl.learners.fit_rivals import Failed, RivalScore, fit_rivals, ordered, rivals_of
from dl.learners.keep import keep_rivals, others
from dl.learners.rules import score_rules
from dl.limits import cut_short, is_time_up
from dl.plugins.loading import load_plugins
from dl.plugins.registry import Plugins
from dl.recipes.recipe import Recipe
from dl.recipes.resolve import resolve
from dl.runs.estimates import estimate_together
from dl.runs.manifest import AS_IT_WAS, Baseline, Parts, TaskInfo
from dl.runs.outcomes import PartOutcomes, Scored
from dl.runs.report import Which, find_run
from dl.runs.run import Run
from dl.runs.seen import refuse_changed
from dl.splits.partition import DataSplits, Numbered, load_dataset, split_data
from dl.tasks.table import restore
from dl.training.read_new import Reader, adopt_splits, reload_dataset
from dl.training.setup import set_up

if TYPE_CHECKING:
    from dl.tasks.task import Task


@dataclass(frozen=True)
class Ladder:
    """The answers that a network has to beat on one split.

    Args:
        data: Name of the data set.
        train: Training examples.
        val: Validation examples.
        rule: How they were split.
        info: The task.
        constants: Answers that are the same for every example.
        rivals: Cheap learners, the best first.
        time_up: Whether a limit of time ended it before all of them were fitted.
    """

    data: str
    train: int
    val: int
    rule: str
    info: TaskInfo
    constants: tuple[Baseline, ...]
    rivals: tuple[RivalScore, ...]
    time_up: bool = False


def baseline(
    domain: str = "",
    data: str = "",
    *,
    run: Which | None = None,
    task: str = "",
    seed: int | None = None,
    runs: str | Path = "runs",
    plugins: Plugins | None = None,
    **options: object,
) -> Ladder:
    """Score constant answers and cheap learners on the split of a data set, or on that of a run, which keeps them.

    Args:
        domain: ``vision``, ...
        data: Name of a data set, or path of the user's own.
        run: A run, its path, name or number, or ``last``, in place of both: its report then compares the network with
            the learners, example by example.
        task: Row of the task table; empty decides from the target.
        seed: Of the split; None takes the recipe's.
        runs: Folder of run folders, unless ``run`` is a path.
        plugins: The registered plugins; None loads the installed ones.
        **options: As for `dl.fit`.

    Raises:
        DLError: For every mistake of the caller, in one line.

    Example:
        >>> dl.baseline("tabular", "houses.csv", target="price").rivals[0].baseline.answer
        >>> dl.baseline(run="last")
    """
    plugins = plugins or load_plugins()
    if run is not None:
        return _of_run(find_run(run, runs), plugins)
    recipe = resolve(plugins, domain, data, task=task, seed=seed, options=options)
    with isolate_rng():
        setup = set_up(recipe, plugins)
    return _ladder(plugins, setup.task, setup.recipe, setup.splits, setup.manifest("").parts, setup.baselines)


def _of_run(run: Run, plugins: Plugins) -> Ladder:
    """Fit the rivals on the split of a run, or on those of its folds, and keep them in it.

    Raises:
        BadRun: If the run has no split that can be made again.
    """
    manifest = run.manifest
    if "data" in manifest.in_memory:
        raise BadRun(f"{run.name} was fitted on data in memory, which is gone; give it to scikit-learn directly")
    recipe, task = resolve(plugins, recipe=str(run.path / "recipe.toml")), restore(manifest.task, plugins.tasks)
    domain = plugins.domain(recipe.domain).load()
    went_on = bool(recipe.from_run)
    if went_on:
        dataset = reload_dataset(Reader.of_run(run, recipe, domain, task.info, plugins))
    else:
        dataset = load_dataset(recipe, plugins, domain)
    if manifest.protocol:
        refuse_changed(run, dataset.name, whole(dataset.train))
        rivals = rivals_of_folds(run, dataset, task, plugins)
    else:
        splits = split_data(dataset, recipe, plugins)
        refuse_changed(run, dataset.name, splits.val)
        splits = adopt_splits(splits, task.info, run.name) if went_on else splits
        rivals = _ladder(plugins, task, recipe, splits, manifest.parts, ()).rivals
    keep_rivals(run, rivals)
    parts = manifest.parts
    fixed = tuple(one for one in others(manifest) if not one.rival or one.name == AS_IT_WAS)
    return Ladder(parts.name, parts.train, parts.val, parts.rule, task.info, fixed, rivals, is_time_up())


def rivals_of_folds(
    run: Run, dataset: Dataset, task: Task, plugins: Plugins, *, quick: bool = False, failed: Failed | None = None
) -> tuple[RivalScore, ...]:
    """Fit the rivals in each fold of a cross-validated run, and pool their scores as those of the networks are pooled.

    Args:
        run: With all of its folds.
        dataset: Of the run.
        task: Of the run.
        plugins: The registered plugins.
        quick: As for `fit_rivals`.
        failed: Likewise; a rival that fails in one fold is left out of all.

    Raises:
        BadRun: If it is not finished.
    """
    pooled, found = run.outcomes("val"), dict[str, list[RivalScore]]()
    if pooled.folds is None or run.manifest.status != "finished":
        raise BadRun(f"{run.name} is not finished  go on: dl cv --resume {run.name}")
    rivals = rivals_of(plugins, run.manifest.domain, task, run.manifest.model, failed)
    domain = plugins.domain(run.manifest.domain).load()
    numbered: Numbered | None = None
    for fold in run.folds:
        recipe = resolve(plugins, recipe=str(fold.path / "recipe.toml"))
        numbered = numbered or Numbered.of(dataset.train, recipe)
        splits = split_data(dataset, recipe, plugins, numbered)
        fitted = fit_rivals(rivals, task, splits.train, splits.val, recipe.seed, quick=quick, failed=failed)
        for one in (*score_rules(domain, recipe, task, splits), *fitted):
            found.setdefault(one.baseline.name, []).append(one)
        if is_time_up():
            break
        rivals = [one for one in rivals if len(found.get(one.name, ())) == len(next(iter(found.values()), ()))]
    folds = [np.flatnonzero(pooled.folds == number) for number in range(1, len(run.folds) + 1)]
    every = [_pooled(each, folds, task.info, pooled) for each in found.values() if len(each) == len(folds)]
    return tuple(ordered(every, higher=task.info.headline.higher))


def _pooled(each: Sequence[RivalScore], folds: Sequence[Index], info: TaskInfo, pooled: PartOutcomes) -> RivalScore:
    """Pool the scores of one rival over folds; within a fold, both stand in the order of the data."""
    scores = np.zeros(len(pooled.ids), np.float32)
    for one, rows in zip(each, folds, strict=True):
        scores[rows] = one.scores
    values = np.array([one.baseline.score for one in each])
    value = float(np.average(values, weights=list(map(len, folds))))
    count = len(each) * len(np.unique(pooled.ids))  # of examples times fits; each is held out or learnt from
    share = len(pooled.ids) / max(count - len(pooled.ids), 1)
    scored = Scored(scores, scores, scores, np.empty((len(scores), 0), np.float32))
    together = estimate_together(info, scored, pooled.targets, pooled.groups, value, values, share)
    first, seconds = each[0].baseline, sum(one.baseline.seconds for one in each)
    interval = (together.low, together.high) if np.isfinite(together).all() else None
    baseline = replace(first, score=value, seconds=round(seconds, 3), interval=interval)
    return RivalScore(baseline, scores, together)


def _ladder(
    plugins: Plugins, task: Task, recipe: Recipe, splits: DataSplits, parts: Parts, constants: Sequence[Baseline]
) -> Ladder:
    every = rivals_of(plugins, recipe.domain, task, recipe.model)
    found = list[RivalScore]()
    with cut_short():
        found = score_rules(plugins.domain(recipe.domain).load(), recipe, task, splits)
    found += fit_rivals(every, task, splits.train, splits.val, recipe.seed, splits.groups["val"])
    rivals = tuple(ordered(found, higher=task.info.headline.higher))
    return Ladder(parts.name, parts.train, parts.val, parts.rule, task.info, tuple(constants), rivals, is_time_up())
