"""The gap between training and validation, both scored by the same network in eval mode.

Letters: ``m`` training examples of the probe, ``n`` validation examples.
A gap is positive when training scores better than validation.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from dl.groups import Groups
from dl.intervals import Estimate, Interval, difference_interval, effective_size, interval_of_mean, newcombe
from dl_reports.statistics.not_computable import NotComputable


@dataclass(frozen=True)
class Gap:
    """How much better the training score is than the validation score.

    Attributes:
        train: Score on the probe.
        val: Score on the validation set.
        gap: Their difference, positive when training is better.
        interval: Of the gap.
        z: The gap in standard errors; beyond the interval's quantile exactly when the interval excludes zero.
    """

    train: float
    val: float
    gap: float
    interval: Interval
    z: float

    @property
    def certain(self) -> bool:
        """Whether the interval excludes zero."""
        return not self.interval.holds(0.0)


def accuracy_gap(train_right: float, m: float, val_right: float, n: float, level: float = 0.95) -> Gap | NotComputable:
    """Subtract validation accuracy from probe accuracy, given counts of right examples, or their effective sizes.

    Source: Newcombe 1998, method 10.
    """
    if m == 0 or n == 0:
        return NotComputable(f"there are {m} training and {n} validation examples")
    p, q = train_right / m, val_right / n
    interval = newcombe(train_right, m, val_right, n, level)
    return Gap(p, q, p - q, interval, implied_z(p - q, interval, level))


def right_gap(
    train_right: NDArray[np.bool_], val_right: NDArray[np.bool_], groups: tuple[Groups | None, Groups | None]
) -> Gap | NotComputable:
    """Subtract validation accuracy from probe accuracy, given what was right, (m,) and (n,), and their groups."""
    few = next((NotComputable(one.too_few) for one in groups if one is not None and one.few), None)
    if few is not None:
        return few
    m, n = (effective_size(*side) for side in zip((train_right, val_right), groups, strict=True))
    return accuracy_gap(float(train_right.mean()) * m, m, float(val_right.mean()) * n, n)


def loss_gap(
    train_losses: NDArray[np.floating],
    val_losses: NDArray[np.floating],
    level: float = 0.95,
    groups: tuple[Groups | None, Groups | None] = (None, None),
) -> Gap | NotComputable:
    """Subtract the mean probe loss (m,) from the mean validation loss (n,); for absolute errors, too.

    Source: Zou and Donner 2008, from the limits of each mean.
    """
    m, n = len(train_losses), len(val_losses)
    if min(m, n) < 2:
        return NotComputable(f"it takes two examples on each side; found {m} and {n}")
    train, val = np.asarray(train_losses, np.float64), np.asarray(val_losses, np.float64)
    if not (np.isfinite(train).all() and np.isfinite(val).all()):
        return NotComputable("some losses are not finite")
    few = next((NotComputable(one.too_few) for one in groups if one is not None and one.few), None)
    if few is not None:
        return few
    train_mean, val_mean = float(train.mean()), float(val.mean())
    of_train, of_val = (interval_of_mean(*side, level) for side in zip((train, val), groups, strict=True))
    interval = difference_interval(Estimate(val_mean, *of_val), Estimate(train_mean, *of_train))
    gap = val_mean - train_mean
    return Gap(train_mean, val_mean, gap, interval, implied_z(gap, interval, level))


def implied_z(gap: float, interval: Interval, level: float) -> float:
    """Compute the gap in the standard errors that the interval implies on the side of zero."""
    arm = gap - interval.low if gap >= 0 else interval.high - gap
    if arm == 0:
        return math.copysign(math.inf, gap) if gap else 0.0
    return gap / arm * float(ndtri(0.5 + level / 2))
