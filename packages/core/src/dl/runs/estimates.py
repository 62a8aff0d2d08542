"""Estimate the scores on the probe and the validation set, and the generalization gap, each with its interval.

Both are scored in eval mode after the same epoch, so neither dropout nor a running mean contributes to the gap. A
larger gap is worse, whichever way the metric points. Where examples share groups, the intervals go by group.
Letters: ``n`` examples, ``K`` outputs.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dl.groups import Groups
from dl.intervals import (
    Estimate,
    Interval,
    Score,
    Weights,
    bootstrap_draws,
    bootstrap_interval,
    corrected_interval,
    difference_interval,
    effective_size,
    interval_of_mean,
    mean_average_precision,
    near_best,
    percentiles,
    proportion_interval,
    student_quantile,
    widened,
)
from dl.runs.manifest import MetricInfo, TaskInfo
from dl.runs.outcomes import NO_GROUPS, PARTS, Scored

DRAWS = 200  # bootstrap draws, for metrics without a formula for the interval


@dataclass(frozen=True)
class Gain:
    """How much better one network, or learner, is than another on the same examples, in a metric that is no mean.

    Args:
        first: Score of the one.
        second: Score of the other.
        better: Positive where the first is better.
        interval: Of that.
        se: Its standard error.
    """

    first: float
    second: float
    better: float
    interval: Interval
    se: float


@dataclass(frozen=True)
class ScoreEstimates:
    """Headline scores after one epoch.

    Args:
        probe: On the probe, a subset of the training set.
        val: On the validation set.
        gap: The generalization gap: how much worse the validation score is; positive when the network overfits. Of
            labels and classes, those with an example on both sides count.
    """

    probe: Estimate
    val: Estimate
    gap: Estimate


def score_columns(
    scored: Mapping[str, Scored], metrics: Mapping[str, Mapping[str, float]], found: ScoreEstimates
) -> dict[str, float]:
    """Return the columns of an epoch in the history that tell scores: losses, metrics, and the intervals.

    Args:
        scored: Outcomes of each part.
        metrics: Of each part, by name.
        found: The headline scores, and the gap.
    """
    row: dict[str, float] = {}
    for part in PARTS:
        row[f"{part}_loss"] = float(scored[part].loss.mean(dtype=np.float64))
        row |= {f"{part}_{name}": value for name, value in metrics[part].items()}
    for name, one in (("probe", found.probe), ("val", found.val), ("gap", found.gap)):
        row |= {f"{name}_low": one.low, f"{name}_high": one.high}
    return row | {"gap": found.gap.value}


def possible(info: MetricInfo, limits: Interval) -> Interval:
    """Return an interval without values that the metric cannot have: beyond perfection, or a share outside 0 and 1."""
    least = 0.0 if info.kind != "mean" else -math.inf
    most = 1.0 if info.kind != "mean" else math.inf
    least, most = (least, min(most, info.perfect)) if info.higher else (max(least, info.perfect), most)
    return Interval(max(limits.low, least), min(limits.high, most))


def estimate_together(
    task: TaskInfo,
    scored: Scored,
    targets: NDArray[np.generic],
    groups: Groups | None,
    value: float,
    by_fit: NDArray[np.floating],
    share: float,
) -> Estimate:
    """Estimate the headline metric of several fits that score each other's training examples.

    By example, lengthened for that overlap, where the metric is a mean of their scores; else by fit.

    Args:
        task: With the headline metric.
        scored: Outcomes of the examples that all fits held out.
        targets: (n, ...) as stored.
        groups: Of the examples; None where they are independent.
        value: The score of all fits together.
        by_fit: (J,) scores of the fits.
        share: Validation examples of a fit per training example.
    """
    if task.headline.kind in ("proportion", "mean"):
        middle, *ends = estimate(task, scored, targets, groups)
        limits = widened(middle, Interval(*ends))
    else:
        limits = corrected_interval(by_fit, share)
    return Estimate(value, *possible(task.headline, limits))


def estimate_scores(
    task: TaskInfo,
    probe: Scored,
    val: Scored,
    probe_targets: NDArray[np.generic],
    val_targets: NDArray[np.generic],
    groups: Mapping[str, Groups | None] = NO_GROUPS,
) -> ScoreEstimates:
    """Estimate probe score, validation score and gap of the task's headline metric."""
    of_probe = estimate(task, probe, probe_targets, groups["probe"])
    of_val = estimate(task, val, val_targets, groups["val"])
    shared = _on_both_sides(task, probe_targets, val_targets)
    if shared is None:
        return ScoreEstimates(of_probe, of_val, _estimate_gap(task, of_probe, of_val))
    if not shared.any():
        return ScoreEstimates(of_probe, of_val, Estimate(math.nan, math.nan, math.nan))
    of_both = (
        estimate(task, probe, probe_targets, groups["probe"], shared),
        estimate(task, val, val_targets, groups["val"], shared),
    )
    return ScoreEstimates(of_probe, of_val, _estimate_gap(task, *of_both))


def _estimate_gap(task: TaskInfo, probe: Estimate, val: Estimate) -> Estimate:
    better, worse = (probe, val) if task.headline.higher else (val, probe)
    return Estimate(better.value - worse.value, *difference_interval(better, worse))


def _on_both_sides(
    task: TaskInfo, probe_targets: NDArray[np.generic], val_targets: NDArray[np.generic]
) -> NDArray[np.bool_] | None:
    """Return which labels or classes have an example in both subsets, (L,); None where those of both are the same.

    A gap between means of different labels or classes would be none of the network's.
    """
    kind, sides = task.headline.kind, (probe_targets, val_targets)
    if kind == "ranking" and val_targets.ndim == 2:
        present = [side.any(axis=0) for side in sides]
    elif kind == "confusion":
        size = 1 + max(int(side.max(initial=0)) for side in sides)
        present = [np.bincount(side.astype(np.int64), minlength=size) > 0 for side in sides]
    else:
        return None
    return None if np.array_equal(present[0], present[1]) else np.asarray(present[0] & present[1])


def estimate(
    task: TaskInfo,
    scored: Scored,
    targets: NDArray[np.generic],
    groups: Groups | None = None,
    counted: NDArray[np.bool_] | None = None,
) -> Estimate:
    """Estimate the headline metric on one subset.

    Args:
        task: With the headline metric.
        scored: Outcomes of the subset.
        targets: (n, ...) as stored; used by metrics that are not a mean over examples.
        groups: Of the examples, which then are not independent; too few leave the interval open.
        counted: (L,) the labels or classes over which such a metric is averaged; None for all that some example has.
    """
    kind, scores = task.headline.kind, scored.score.astype(np.float64)
    n = len(scores)
    if kind == "proportion":
        return Estimate(float(scores.mean()), *proportion_interval(scores, groups))
    if kind == "mean":
        limits = interval_of_mean(scores, groups)  # a gap is that of two such intervals, so they stay as they are
        return Estimate(float(scores.mean()), *(possible(task.headline, limits) if task.by_query else limits))
    score = score_function(task, scored, targets, counted)
    value = float(score(np.ones((n, 1), np.float32))[0])
    interval = bootstrap_interval(score, n, draws=DRAWS, groups=groups)
    alike = effective_size(scores, groups) / n
    return Estimate(value, *near_best(value, interval, alike * _counted_size(task, targets, counted)))


def gain_in_pairs(
    task: TaskInfo,
    first: NDArray[np.floating],
    second: NDArray[np.floating],
    targets: NDArray[np.generic],
    groups: Groups | None = None,
    level: float = 0.95,
) -> Gain:
    """Estimate how much better the first logits (n, K) rank or retrieve than the second, by drawing the same examples.

    The interval reaches at least as far as Student's with the error of the draws: where few examples make all of the
    difference, percentiles alone find it certain too soon.

    Args:
        task: With a headline metric that is no mean over examples.
        first: Of the one.
        second: Of the other.
        targets: (n, ...) as stored.
        groups: Of the examples, which are drawn whole; too few leave the interval open.
        level: Confidence.
    """
    none = np.zeros(len(targets), np.float32)
    ours, theirs = (score_function(task, Scored(none, none, none, one), targets) for one in (first, second))
    sign, every = 1.0 if task.headline.higher else -1.0, np.ones((len(targets), 1), np.float32)

    def difference(weights: Weights) -> NDArray[np.float64]:
        return np.asarray(sign * (ours(weights) - theirs(weights)))

    scores = float(ours(every)[0]), float(theirs(every)[0])
    better = sign * (scores[0] - scores[1])
    drawn = bootstrap_draws(difference, len(targets), DRAWS, groups=groups)
    size = _counted_size(task, targets, None) * (1.0 if groups is None else len(groups) / len(targets))
    if len(drawn) < 2 or size < 2:
        return Gain(*scores, better, Interval(-math.inf, math.inf), math.nan)
    se = float(drawn.std(ddof=1))
    low, high = percentiles(drawn, better, level)
    arm = student_quantile(level, size - 1) * se
    return Gain(*scores, better, Interval(min(low, better - arm), max(high, better + arm)), se)


def _counted_size(task: TaskInfo, targets: NDArray[np.generic], counted: NDArray[np.bool_] | None) -> float:
    """Return how many examples a mean over labels or classes rests on: few, where one of them has few.

    Of independent shares of these sizes it is the size of one share that is as certain as their mean.
    """
    sizes = targets.astype(bool).sum(axis=0) if targets.ndim == 2 else np.bincount(targets.astype(np.int64))
    if task.headline.kind == "ranking" and targets.ndim == 1:
        sizes = sizes[:1] if task.finds_first else sizes[1:]
    if counted is not None:
        sizes = sizes[counted[: len(sizes)]]
    sizes = sizes[sizes > 0]
    return float(len(sizes) ** 2 / (1 / sizes).sum()) if len(sizes) else 0.0


def score_function(
    task: TaskInfo, scored: Scored, targets: NDArray[np.generic], counted: NDArray[np.bool_] | None = None
) -> Score:
    """Return the headline metric on one subset as a function of the weights of its examples (n, B), for a bootstrap.

    Args:
        task: With the headline metric.
        scored: Outcomes of the subset.
        targets: (n, ...) as stored.
        counted: (L,) the labels or classes over which a metric is averaged; None for all that some example has.
    """
    kind, scores = task.headline.kind, scored.score.astype(np.float64)
    if kind == "ranking":
        return _ranking(task, scored, targets, counted)
    if kind == "confusion":
        return macro_f1(scored.logits.argmax(axis=1), targets, counted)
    return lambda weights: (scores @ weights) / np.maximum(weights.sum(axis=0, dtype=np.float64), 1.0)


def _ranking(task: TaskInfo, scored: Scored, targets: NDArray[np.generic], counted: NDArray[np.bool_] | None) -> Score:
    """Return the average precision of the class to find, or the mean of that of each label."""
    flags = targets.astype(np.int64)
    if counted is not None:
        return mean_average_precision(scored.logits[:, counted], flags[:, counted])
    if task.finds_first:
        return mean_average_precision(-scored.logits, 1 - flags)
    return mean_average_precision(scored.logits, flags)


def macro_f1(
    predicted: NDArray[np.integer], targets: NDArray[np.generic], counted: NDArray[np.bool_] | None = None
) -> Score:
    """Macro F1 as a function of example weights: the mean over classes of the harmonic mean of precision and recall.

    Args:
        predicted: (n,) predicted classes.
        targets: (n,) true classes.
        counted: (C,) the classes over which it is averaged; None for those that are a target or an answer.
    """
    size = int(max(predicted.max(initial=0), targets.max(initial=0))) + 1
    cells = targets.astype(np.int64) * size + predicted
    among = np.ones(size, bool) if counted is None else np.isin(np.arange(size), np.flatnonzero(counted))

    def score(weights: Weights) -> NDArray[np.float64]:
        counts = np.stack([np.bincount(cells, draw, minlength=size * size) for draw in weights.T])
        confusion = counts.reshape(-1, size, size)
        right = np.diagonal(confusion, axis1=1, axis2=2)
        either = confusion.sum(axis=1) + confusion.sum(axis=2)
        f1 = 2 * right / np.maximum(either, 1e-12)
        seen = (either > 0) & among
        return np.asarray((f1 * seen).sum(axis=1) / np.maximum(seen.sum(axis=1), 1))

    return score
