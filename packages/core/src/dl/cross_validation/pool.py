"""Pool the fits of a protocol into one run: each example with the score of a network that never saw it.

A row of the pooled validation set is an example in a round: with three rounds an example stands there three times, and
its rows are one group. The epoch is chosen on the pooled scores, for all fits together. Letters: ``J`` fits, ``T``
epochs, ``n`` pooled rows, ``K`` outputs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from dl.cross_validation.plan import Plan
from dl.data.examples import Examples, Index, Subset, whole
from dl.domain import Preprocessor
from dl.groups import Groups
from dl.intervals import difference_interval
from dl.recipes.protocol import Protocol
from dl.runs import outcomes
from dl.runs.estimates import estimate_together
from dl.runs.history import EpochRow, best_epoch, write_history
from dl.runs.manifest import Baseline, FoldScore, Manifest, TaskInfo
from dl.runs.outcomes import PartOutcomes, Scored
from dl.runs.run import Run
from dl.runs.thresholds import choose_thresholds
from dl.splits.holdout import join_groups
from dl.tasks.task import Task
from dl.training.setup import FitSetup
from dl.training.sketches import hardest, write_sketches

SUMMED = ("seconds", "train_seconds")  # columns of the history that add up over fits


@dataclass(frozen=True)
class FinishedFold:
    """A finished fit of a protocol.

    Args:
        run: Its run.
        val: Positions of its validation set in the data set.
        probe: Positions of its probe.
        leaked: (n,) which validation examples also stand in its training set.
    """

    run: Run
    val: Index
    probe: Index
    leaked: NDArray[np.bool_]

    @classmethod
    def of(cls, run: Run, examples: Examples) -> FinishedFold:
        """Read which examples a fit scored, by their ids."""
        stored = outcomes.read_arrays(run.outcomes_folder / "examples.npz")
        order = np.argsort(examples.ids)
        scored = (stored[f"{part}_ids"] for part in outcomes.PARTS)
        val, probe = (order[np.searchsorted(examples.ids, ids, sorter=order)] for ids in scored)
        return cls(run, val, probe, stored["val_leaked"])


@dataclass(frozen=True)
class _Pooled:
    """The rows of one subset, sorted by round and then by position.

    Args:
        subset: The examples of the rows.
        order: (n,) places of the rows among those of all fits, one after the other.
        folds: (n,) number of the fit that scored each row.
        groups: Of the rows.
        kept: The outcomes of each fit.
    """

    subset: Subset
    order: Index
    folds: NDArray[np.int32]
    groups: Groups | None
    kept: tuple[PartOutcomes, ...]

    def scored(self, epoch: int) -> Scored:
        """Return the outcomes of an epoch, from 1, without logits."""
        columns = ([getattr(one, name)[epoch - 1] for one in self.kept] for name in ("loss", "score", "margin"))
        loss, score, margin = (np.concatenate(each)[self.order].astype(np.float32) for each in columns)
        return Scored(loss, score, margin, np.empty((len(loss), 0), np.float32))


def pool(folder: Path, manifest: Manifest, plan: Plan, folds: Sequence[FinishedFold], first: FitSetup) -> Manifest:
    """Write the pooled history, outcomes and sketches into a run folder, and return its manifest.

    Args:
        folder: Of the run.
        manifest: Of the run so far.
        plan: Of the fits.
        folds: All fits, in their order.
        first: The set-up of the first fit.
    """
    task, protocol = plan.task, plan.protocol
    val, probe = (_pool(name, plan.dataset.train, plan.groups, protocol, folds) for name in outcomes.PARTS)
    histories = [fold.run.history.rows for fold in folds]
    sizes = {name: [len(getattr(fold, name)) for fold in folds] for name in outcomes.PARTS}
    epochs = min(map(len, histories))
    rows, every = [], [{"val": val.scored(epoch), "probe": probe.scored(epoch)} for epoch in range(1, epochs + 1)]
    outcomes.write_epochs(folder / "outcomes", every)
    for epoch, scored in enumerate(every, start=1):
        row = mean_row([history[epoch - 1] for history in histories], sizes)
        rows.append(row | _estimates(task.info, row, scored, (val, probe), [h[epoch - 1] for h in histories]))
    write_history(folder / "history.csv", rows)
    best = best_epoch(rows, task.info.headline, str(plan.recipe.train.get("monitor", "metric")))
    leaked = np.concatenate([fold.leaked for fold in folds])[val.order]
    subsets = {"val": val.subset, "probe": probe.subset}
    shared = {"val": val.groups, "probe": probe.groups}
    outcomes.write_examples(folder / "outcomes", subsets, leaked, shared, {"val": val.folds, "probe": probe.folds})
    info = task.info
    if best:
        logits = _write_answers(folder, task, folds, val, best)
        given = (str(plan.recipe.train["threshold"]), logits, val.subset.targets, val.groups)
        info = replace(info, decision=choose_thresholds(info, *given))
    hard = {name: _hardest(pooled, epochs) for name, pooled in (("val", val), ("probe", probe))}
    write_sketches(folder / "outcomes", subsets, hard, first.sketch)
    scores = tuple(_score(k, fold, protocol, best, task.info) for k, fold in enumerate(folds, start=1)) if best else ()
    parts = replace(manifest.parts, val=len(val.subset), probe=len(probe.subset))
    rungs = _rungs(folder, folds, val)
    known = {one.name for one in rungs}
    constants = _baselines(plan, folds, val.subset, first.preprocessor)
    baselines = (*(one for one in constants if one.name not in known), *rungs)
    changes = {
        "task": info,
        "best_epoch": best,
        "epochs": epochs,
        "folds": scores,
        "parts": parts,
        "baselines": baselines,
    }
    return manifest.with_status("running", **changes)


def _baselines(
    plan: Plan, folds: Sequence[FinishedFold], val: Subset, preprocessor: Preprocessor
) -> tuple[Baseline, ...]:
    """Return the baselines on the pooled rows.

    A constant is learnt from all examples: learnt in each fold, it would be misled by what that fold holds out - of two
    classes alike in size the larger one in training is the smaller one held out - and too easy to beat. Where folds go
    forward in time it must not know the future, and is learnt in each fold, as every answer is that reads the inputs.
    """
    task, forward = plan.task, plan.dataset.train.times is not None
    own = [{one.name: one for one in fold.run.manifest.baselines} for fold in folds]
    sizes = [len(fold.val) for fold in folds]
    return tuple(
        _averaged(one, [each[one.name] for each in own], sizes)
        if (forward or one.rival) and all(one.name in each for each in own)
        else one
        for one in task.row.baselines(task, whole(plan.dataset.train), val, preprocessor)
    )


def _rungs(folder: Path, folds: Sequence[FinishedFold], val: _Pooled) -> tuple[Baseline, ...]:
    """Pool the answers of the folds that are kept with the score of each example, and write these scores."""
    own = [{one.name: one for one in fold.run.manifest.baselines} for fold in folds]
    kept = [outcomes.read_rivals(fold.run.outcomes_folder) for fold in folds]
    names = [name for name in own[0] if all(name in one for one in own) and all(name in one for one in kept)]
    if names:
        pooled = {name: np.concatenate([scores[name] for scores in kept])[val.order] for name in names}
        outcomes.write_rivals(folder / "outcomes", pooled)
    sizes = [len(fold.val) for fold in folds]
    return tuple(_averaged(own[0][name], [each[name] for each in own], sizes) for name in names)


def _averaged(one: Baseline, own: Sequence[Baseline], sizes: Sequence[int]) -> Baseline:
    """Return the baseline of all folds, weighted by what each of them scored."""
    alike = len({each.answer for each in own}) == 1
    losses = [each.loss for each in own if each.loss is not None]
    loss = float(np.average(losses, weights=sizes)) if len(losses) == len(own) else None
    score = float(np.average([each.score for each in own], weights=sizes))
    return replace(one, answer=own[0].answer if alike else f"each fold's {one.name}", score=score, loss=loss)


def _pool(name: str, examples: Examples, groups: Index, protocol: Protocol, folds: Sequence[FinishedFold]) -> _Pooled:
    """Line the rows of one subset up."""
    positions = [getattr(fold, name) for fold in folds]
    sizes = list(map(len, positions))
    number = np.repeat(np.arange(1, len(folds) + 1, dtype=np.int32), sizes)
    together = np.concatenate(positions)
    order = np.lexsort((number, together, (number - 1) // protocol.folds))
    subset = Subset(examples, together[order])
    same = join_groups(groups[subset.index], subset.index)
    return _Pooled(subset, order, number[order], Groups.of(same), tuple(fold.run.outcomes(name) for fold in folds))


def mean_row(rows: Sequence[EpochRow], sizes: Mapping[str, Sequence[int]]) -> EpochRow:
    """Average the rows of one epoch over the fits, weighted by how many examples of a subset each of them scored."""
    found: EpochRow = {}
    for name in rows[0]:
        values = [row.get(name, float("nan")) for row in rows]
        over = sizes.get(name.partition("_")[0])
        found[name] = float(np.sum(values)) if name in SUMMED else float(np.average(values, weights=over))
    return found


def _estimates(
    info: TaskInfo, row: EpochRow, scored: dict[str, Scored], pooled: tuple[_Pooled, _Pooled], rows: Sequence[EpochRow]
) -> EpochRow:
    """Return the intervals of one epoch: by example where the metric is a mean of their scores, else by fit."""
    headline, found = info.headline, {}
    share = len(pooled[0].subset) / max(len(rows) * len(pooled[0].subset.examples) - len(pooled[0].subset), 1)
    for name, one in zip(outcomes.PARTS, pooled, strict=True):
        column = f"{name}_{headline.name}"
        by_fit = np.array([each[column] for each in rows])
        given = (scored[name], one.subset.targets, one.groups)
        found[name] = estimate_together(info, *given, row[column], by_fit, share)
    better, worse = (found["probe"], found["val"]) if headline.higher else (found["val"], found["probe"])
    low, high = difference_interval(better, worse)
    limits_of = {f"{name}_low": one.low for name, one in found.items()}
    limits_of |= {f"{name}_high": one.high for name, one in found.items()}
    return limits_of | {"gap": better.value - worse.value, "gap_low": low, "gap_high": high}


def _write_answers(
    folder: Path, task: Task, folds: Sequence[FinishedFold], val: _Pooled, epoch: int
) -> NDArray[np.float32]:
    """Write logits and answers of the pooled validation rows at an epoch, in the scale of the pooled task.

    Returns:
        (n, K) the logits.
    """
    logits, answers = [], []
    for fold in folds:
        own, answer = outcomes.read_epoch_logits(fold.run.outcomes_folder, epoch)
        logits.append(task.rescale(torch.from_numpy(own), fold.run.manifest.task).numpy())
        answers.append(answer)
    known = [answer for answer in answers if answer is not None]
    together = np.concatenate(known)[val.order] if len(known) == len(folds) else None
    pooled = np.concatenate(logits)[val.order]
    outcomes.write_logits(folder / "outcomes", "best", pooled, together)
    return pooled


def _hardest(pooled: _Pooled, epochs: int) -> Index:
    """Return the rows of the hardest examples."""
    losses, margins = np.zeros(len(pooled.subset)), np.zeros(len(pooled.subset))
    for epoch in range(1, epochs + 1):
        scored = pooled.scored(epoch)
        losses, margins = losses + scored.loss, margins + scored.margin
    return np.flatnonzero(np.isin(pooled.subset.index, pooled.subset.index[hardest(losses, margins, pooled.subset)]))


def _score(number: int, fold: FinishedFold, protocol: Protocol, epoch: int, info: TaskInfo) -> FoldScore:
    row, manifest = fold.run.history.rows[epoch - 1], fold.run.manifest
    score = row[f"val_{info.headline.name}"]
    turn = protocol.place(number)[0] + 1
    return FoldScore(number, turn, manifest.parts.train, len(fold.val), score, row["val_loss"], manifest.best_epoch)
