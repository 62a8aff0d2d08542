"""Early stopping: whether a fit went on too long, or not long enough.

Letters: ``T`` epochs, ``k`` epochs of a strip, ``GL`` generalization loss, ``P`` progress, ``PQ`` their quotient.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, stdtrit

from dl.groups import Groups
from dl.intervals import Interval
from dl_reports.statistics.not_computable import NotComputable
from dl_reports.statistics.paired import Paired, paired_difference


@dataclass(frozen=True)
class Prechelt:
    """Prechelt's stopping criteria at every epoch.

    Attributes:
        generalization_loss: (T,) percent by which the validation loss exceeds the least one so far.
        progress: (T,) per mille by which the mean training loss of the last k epochs exceeds the least of them; NaN
            before a strip is complete.
        quotient: (T,) generalization loss over progress; NaN where progress is 0 or not known.
    """

    generalization_loss: NDArray[np.float64]
    progress: NDArray[np.float64]
    quotient: NDArray[np.float64]


@dataclass(frozen=True)
class Trend:
    """The paired slope of the validation loss over the last epochs.

    Attributes:
        slope: Mean change of the loss per epoch.
        interval: Of the slope.
        z: Slope in standard errors.
        share: Slope as a share of the last mean loss, per epoch; NaN where that mean is 0.
        epochs: Epochs the slope is taken over.
        falling: Whether the loss is established to fall still, at 5 % one-sided: not converged.
    """

    slope: float
    interval: Interval
    z: float
    share: float
    epochs: int
    falling: bool


def prechelt(
    train_means: NDArray[np.floating], val_means: NDArray[np.floating], strip: int = 5
) -> Prechelt | NotComputable:
    """Compute generalization loss, progress and their quotient from mean losses (T,), which must be positive.

    Source: Prechelt 1998, Early stopping - but when?, section on stopping criteria.
    """
    train, val = np.asarray(train_means, np.float64), np.asarray(val_means, np.float64)
    if len(val) == 0 or len(train) != len(val):
        return NotComputable(f"it takes as many training as validation epochs; found {len(train)} and {len(val)}")
    if not (np.isfinite(train).all() and np.isfinite(val).all()):
        return NotComputable("some mean losses are not finite")
    if train.min() <= 0 or val.min() <= 0:
        return NotComputable("the criteria are ratios of losses, and some mean loss is not positive")
    loss = 100 * (val / np.minimum.accumulate(val) - 1)
    progress = np.full(len(train), np.nan)
    if len(train) >= strip:
        strips = np.lib.stride_tricks.sliding_window_view(train, strip)
        progress[strip - 1 :] = 1000 * (strips.mean(axis=1) / strips.min(axis=1) - 1)
    quotient = np.divide(loss, progress, out=np.full(len(loss), np.nan), where=progress > 0)
    return Prechelt(loss, progress, quotient)


def trend(
    losses: NDArray[np.floating], last: int = 5, level: float = 0.05, groups: Groups | None = None
) -> Trend | NotComputable:
    """Test the least-squares slope of each example's loss over the last epochs of (T, n)."""
    tail = losses[-last:]
    k = len(tail)
    if k < 2:
        return NotComputable(f"it takes two epochs; found {k}")
    paired = mean_slope(np.arange(k, dtype=np.float64), tail.astype(np.float32).astype(np.float64), groups)
    if isinstance(paired, NotComputable):
        return paired
    mean = float(tail[-1].mean(dtype=np.float64))
    share = paired.mean / mean if mean else float("nan")
    falling = is_falling(paired, level, groups)
    return Trend(paired.mean, paired.interval, paired.z, share, k, falling)


def mean_slope(
    epochs: NDArray[np.float64], losses: NDArray[np.float64], groups: Groups | None
) -> Paired | NotComputable:
    """Return the mean over examples of the least-squares slopes of their losses (k, n) over epochs (k,)."""
    time = epochs - epochs.mean()
    return paired_difference((time / (time**2).sum()) @ losses, groups=groups)


def is_falling(slope: Paired, level: float, groups: Groups | None) -> bool:
    """Whether a slope is certainly below 0: by Student's quantile, or the normal one where z is already of his law."""
    return slope.z < float(stdtrit(slope.n - 1, level) if groups is None else ndtri(level))
