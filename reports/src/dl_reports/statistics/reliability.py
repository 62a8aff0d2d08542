"""Reliability: accuracy among validation examples of similar confidence, at one temperature.

Letters: ``n`` examples, ``C`` classes, ``L`` labels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dl.groups import Groups
from dl.intervals import Interval, proportion_interval
from dl_reports.statistics.calibration import BINS, CalibrationError, Floats, score_classes, score_labels


@dataclass(frozen=True)
class ReliabilityBin:
    """Examples of similar confidence.

    Attributes:
        confidence: Their mean confidence.
        right: Share of them that was right.
        interval: Of that share.
        count: How many there are.
    """

    confidence: float
    right: float
    interval: Interval
    count: int


@dataclass(frozen=True)
class Reliability:
    """The bins of a validation set, and the likelihood of its examples.

    Attributes:
        bins: Of equal mass, the least confident first.
        nll: (n,) negative log-likelihood of each example, in nats.
    """

    bins: tuple[ReliabilityBin, ...]
    nll: Floats


def class_reliability(
    logits: NDArray[np.floating],
    targets: NDArray[np.integer],
    temperature: float = 1.0,
    groups: Groups | None = None,
) -> Reliability:
    """Bin the largest probability of class logits (n, C) against whether its class is the target (n,)."""
    nll, confidence, right = score_classes(logits, targets, np.arange(len(logits)), 1 / temperature)
    return Reliability(_bins(confidence, right, groups), nll)


def label_reliability(
    logits: NDArray[np.floating],
    targets: NDArray[np.generic],
    temperature: float = 1.0,
    groups: Groups | None = None,
) -> Reliability:
    """Bin the probability of each label, from logits (n, L), against targets (n, L) in {0, 1}."""
    labels = targets.astype(np.float64)
    nll, confidence = score_labels(logits.astype(np.float64), labels, 1 / temperature)
    each = None if groups is None else Groups.of(np.repeat(groups.numbers, labels.shape[1]))
    return Reliability(_bins(confidence.ravel(), labels.ravel(), each), nll)


def error_interval(found: CalibrationError, bins: Sequence[ReliabilityBin], n: int) -> Interval:
    """Give the calibration error of n examples an interval: the gaps of the bins drawn again with binomial error.

    A gap drawn around one that was itself seen carries the part of chance twice, so it is taken out twice. Where
    examples are not independent, the error is as much larger as the part of chance.
    """
    gaps = np.array([one.confidence - one.right for one in bins])
    sure = np.array([one.confidence for one in bins])
    error = np.sqrt(found.inflation * sure * (1 - sure) / np.maximum(n / len(bins), 1))
    drawn = np.abs(gaps + error * np.random.default_rng(0).standard_normal((1000, len(bins)))).mean(axis=1)
    clean = np.sqrt(np.maximum(drawn**2 - 2 * found.by_chance**2, 0.0))
    low, high = np.quantile(clean, [0.025, 0.975]).tolist()
    return Interval(min(low, found.error), max(high, found.error))


def _bins(confidence: Floats, right: Floats, groups: Groups | None) -> tuple[ReliabilityBin, ...]:
    """Cut the examples into bins of equal mass."""
    order = np.argsort(confidence, kind="stable")
    found = []
    for rows in np.array_split(order, min(BINS, len(order))):
        interval = proportion_interval(right[rows], None if groups is None else groups.take(rows))
        share = float(right[rows].mean())
        found.append(ReliabilityBin(float(confidence[rows].mean()), share, interval, len(rows)))
    return tuple(found)
