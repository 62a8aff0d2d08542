"""The scale of a regression's targets: as they are, or their logarithm; then mean and deviation of the training set.

A network that minimizes squared errors follows the few largest values of a skewed target, as prices or times. On the
logarithm every value counts by its ratio. Metrics and predictions are in target units whatever the scale.
Letters: ``N`` examples, ``D`` target columns.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dl.errors import BadOption

SKEWED = 1.5  # skewness from which the logarithm is considered; an exponential distribution has 2
ENOUGH = 50  # training examples from which skewness is measured
SCALES = ("auto", "plain", "log")
BEYOND = 0.1  # of the range of the training logarithms: how far predictions may lie outside

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class TargetScale:
    """How a target is scaled for the loss.

    Args:
        shift: (D,) mean of the values, or of their logarithms.
        scale: (D,) deviation of the same.
        limits: (D, 2) least and largest logarithm of a prediction; empty without logarithms.
        skewness: Of the target that is most skewed, where it decided for logarithms; else 0.
    """

    shift: tuple[float, ...]
    scale: tuple[float, ...]
    limits: tuple[tuple[float, float], ...] = ()
    skewness: float = 0.0


def learn_scale(target: NDArray[np.generic], asked: str) -> TargetScale:
    """Learn the scale of a training target, (N,) or (N, D).

    Args:
        target: The training target.
        asked: One of `SCALES`.

    Raises:
        BadOption: If logarithms are asked for, and a value is not positive.
    """
    columns = target.reshape(len(target), -1).astype(np.float64)
    if asked == "log" and not (columns > 0).all():
        raise BadOption(f"target_scale=log: a target is {columns.min():g}, and only positive numbers have a logarithm")
    skewed = skewness_of(columns) if asked == "auto" else 0.0
    if asked != "log" and not skewed:
        return TargetScale(_tuple(columns.mean(axis=0)), _tuple(_spread(columns)))
    logs = np.log(columns)
    low, high = logs.min(axis=0), logs.max(axis=0)
    more = BEYOND * (high - low)
    limits = tuple(zip(_tuple(low - more), _tuple(high + more), strict=True))
    return TargetScale(_tuple(logs.mean(axis=0)), _tuple(_spread(logs)), limits, skewed)


def skewness_of(columns: Numbers) -> float:
    """Return the largest skewness of columns (N, D) that logarithms suit; 0 if they do not suit all of them.

    They suit positive values that are strongly skewed to the right, and whose logarithms are hardly skewed: values near
    zero would else become the outliers.
    """
    if len(columns) < ENOUGH or not (columns > 0).all():
        return 0.0
    plain, logs = _skewness(columns), _skewness(np.log(columns))
    return float(plain.max()) if (plain >= SKEWED).all() and (np.abs(logs) < plain / 2).all() else 0.0


def _skewness(columns: Numbers) -> Numbers:
    """Return the skewness of each column, (D,); 0 for a column of one value."""
    scaled = (columns - columns.mean(axis=0)) / _spread(columns)
    return np.asarray((scaled**3).mean(axis=0))


def _spread(values: Numbers) -> Numbers:
    """Return the deviation of each column, (D,); one for a column of a single value, whatever its size."""
    largest = np.abs(values).max(axis=0)
    unit = np.where(largest > 0, largest, 1.0)  # scaled by the column, since 1e200 has no finite square
    spread = (values / unit).std(axis=0) * unit
    return np.asarray(np.where(spread > 1e-12 * largest, spread, 1.0))


def _tuple(values: Numbers) -> tuple[float, ...]:
    return tuple(float(value) for value in values)
