"""Pruning: end a trial that is certainly worse than the best one, compared example by example.

Both are taken at the best of their epochs so far, up to the same epoch: a trial that has been better early is not
behind because it overfits now. Optuna's Wilcoxon pruner reads one number for each example from its storage and compares
it once; here outcomes change with every epoch, so the paired difference is taken from the outcomes themselves. A trial
of several fits is compared after each fold, on the examples of the folds so far.
Letters: ``n`` examples, ``T`` epochs.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dl.cross_validation.pool import FinishedFold, mean_row
from dl.data.examples import Index
from dl.groups import Groups
from dl.intervals import OVERLAP
from dl.runs.history import EpochRow, best_epoch
from dl.runs.manifest import MetricInfo, TaskInfo
from dl.runs.outcomes import Scored
from dl.runs.run import Run
from dl.splits.holdout import join_groups

CERTAIN = 3.0  # standard errors; the comparison is repeated after every epoch
FEWEST = 20  # examples below which nothing is certain
Values = NDArray[np.generic]


@dataclass(frozen=True)
class Reference:
    """The best trial so far.

    Args:
        number: Of the trial.
        rows: Its history.
        gains: (T, n) of each validation example, larger is better.
    """

    number: int
    rows: tuple[EpochRow, ...]
    gains: Values

    @classmethod
    def of(cls, number: int, run: Run, by_loss: bool) -> Reference:
        """Read the outcomes of a trial."""
        outcomes, info = run.outcomes("val"), run.manifest.task
        return cls(number, run.history.rows, gains(info, outcomes.loss, outcomes.score, by_loss))


def gains(info: TaskInfo, loss: Values, score: Values, by_loss: bool) -> Values:
    """Return what is compared of each example, larger is better: its score if the metric is their mean, else its loss.

    Args:
        info: Of the task.
        loss: (..., n) losses.
        score: (..., n) scores.
        by_loss: Whether epochs and trials are chosen by the loss.
    """
    if by_loss or info.headline.kind not in ("proportion", "mean"):
        return -loss.astype(np.float32)
    return score.astype(np.float32) * (1 if info.headline.higher else -1)


@dataclass(frozen=True)
class Pruner:
    """Judges a trial after each of its epochs.

    Args:
        best: The trial to compare it with.
        first: The first epoch after which it may be pruned.
        last: The last epoch, after which nothing is left to save.
        monitor: What chooses an epoch.
        groups: Of the validation examples.
    """

    best: Reference
    first: int
    last: int
    monitor: str
    groups: Groups | None

    def reason(self, info: TaskInfo, rows: list[EpochRow], epochs: list[Scored]) -> str:
        """Return why a trial ends after its newest epoch; empty to continue.

        Args:
            info: Of the task.
            rows: Its history.
            epochs: Its outcomes on the validation set.
        """
        mine = best_epoch(rows, info.headline, self.monitor)
        theirs = best_epoch(self.best.rows[: len(rows)], info.headline, self.monitor)
        if not self.first <= len(rows) < self.last or not mine or not theirs:
            return ""
        scored = epochs[mine - 1]
        ours = gains(info, scored.loss, scored.score, self.monitor == "loss")
        if paired_z(ours, self.best.gains[theirs - 1], self.groups) > -CERTAIN:
            return ""
        return f"certainly worse than trial {self.best.number} after epoch {len(rows)}"


@dataclass(frozen=True)
class FoldPruner:
    """Judges a trial of several fits after each of its folds, on the examples that they and the best trial's scored.

    Args:
        number: Of the trial to compare it with.
        best: Its folds.
        groups: (N,) numbers of the groups of all examples.
        fits: Number of folds.
        monitor: What chooses an epoch.
    """

    number: int
    best: tuple[Reference, ...]
    groups: Index
    fits: int
    monitor: str

    def reason(self, info: TaskInfo, folds: Sequence[FinishedFold]) -> str:
        """Return why a trial ends after its newest fold; empty to continue.

        Args:
            info: Of the task.
            folds: Those that it has finished, in their order.
        """
        done = len(folds)
        if not done < self.fits or len(self.best) < done:
            return ""
        own = [Reference.of(0, fold.run, self.monitor == "loss") for fold in folds]
        ours, theirs = (self._gains(info, one, folds) for one in (own, self.best[:done]))
        if ours is None or theirs is None:
            return ""
        index = np.concatenate([fold.val for fold in folds])
        z = paired_z(ours, theirs, Groups.of(join_groups(self.groups[index], index)))
        if z > -CERTAIN * OVERLAP:  # each network learnt from what the others are scored on
            return ""
        return f"certainly worse than trial {self.number} after fold {done} of {self.fits}"

    def _gains(self, info: TaskInfo, each: Sequence[Reference], folds: Sequence[FinishedFold]) -> Values | None:
        """Return the gains of the examples that folds scored, at the epoch that is best in all of them together."""
        sizes = {"val": [len(fold.val) for fold in folds]}
        rows = [mean_row(rows, sizes) for rows in zip(*(one.rows for one in each), strict=False)]
        best = best_epoch(rows, info.headline, self.monitor)
        return np.concatenate([one.gains[best - 1] for one in each]) if best else None


def first_epoch(epochs: int) -> int:
    """Return the first epoch after which a trial may be pruned: a third of all, and not the first."""
    return max(2, math.ceil(epochs / 3))


def paired_z(ours: Values, theirs: Values, groups: Groups | None) -> float:
    """Return by how many standard errors our mean gain (n,) exceeds theirs; 0 where too few examples tell nothing."""
    differences = ours.astype(np.float64) - theirs.astype(np.float64)
    if len(differences) < FEWEST or (groups is not None and groups.few) or not np.isfinite(differences).all():
        return 0.0
    each = differences if groups is None else groups.values(differences)
    error = float(each.std(ddof=1)) / math.sqrt(len(each))
    return float(each.mean()) / error if error > 0 else 0.0


def headline_is_mean(metric: MetricInfo) -> bool:
    """Return whether the headline metric is the mean of the examples' scores."""
    return metric.kind in ("proportion", "mean")
