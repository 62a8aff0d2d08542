"""Allow for a choice in the interval of the chosen: the best of T epochs was picked on the examples that score it.

An interval that holds for all T epochs at once holds for whichever was chosen, by whatever rule. Only the end towards
the worse needs it: the best of many noisy scores is too high, never too low.
Letters: ``T`` epochs, ``n`` examples.
"""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from dl.groups import Groups
from dl.intervals import Interval
from dl_reports.statistics.moments import epoch_moments, square_root
from dl_reports.statistics.not_computable import NotComputable

ONE_SIDED = 0.025  # beyond each end of an interval of 95 %
_WORK = 8_000_000  # means drawn for the critical value


def critical_choice(
    scores: NDArray[np.generic], level: float = ONE_SIDED, seed: int = 0, groups: Groups | None = None
) -> float:
    """Compute how many standard errors any of the T means of scores (T, n) may lie above its truth.

    Epochs alike count as one, epochs that have nothing in common by Bonferroni.

    Args:
        scores: Of single examples, one row an epoch.
        level: Chance of one mean or more beyond the value.
        seed: Of the draws.
        groups: Of the examples; None where they are independent.

    Source: simultaneous critical values by simulating the estimated law of the means, Chernozhukov, Chetverikov,
        Kato 2013.
    """
    moments = epoch_moments(scores, groups) if len(scores) > 1 else NotComputable("one epoch leaves nothing to choose")
    if isinstance(moments, NotComputable):
        return bonferroni(len(scores), level)
    variance = np.diag(moments.covariance)
    moving = variance > 0
    if not moving.any():
        return bonferroni(1, level)
    deviation = np.sqrt(variance[moving])
    correlation = moments.covariance[np.ix_(moving, moving)] / np.outer(deviation, deviation)
    draws = int(np.clip(_WORK // len(deviation), 2_000, 20_000))
    noise = np.random.default_rng(seed).standard_normal((len(deviation), draws))
    largest = (square_root(correlation) @ noise).max(axis=0)
    found = float(np.quantile(largest, 1 - level))
    return min(max(found, bonferroni(1, level)), bonferroni(len(deviation), level))


def bonferroni(count: int, level: float = ONE_SIDED) -> float:
    """Return the critical value of one of ``count`` tests of which nothing else is known.

    Source: Bonferroni's inequality.
    """
    return -float(ndtri(level / max(1, count)))


def allow_for_choice(value: float, interval: Interval, critical: float) -> Interval:
    """Widen a 95 % interval downwards, from its usual quantile to a critical value; an open end stays open."""
    arm = value - interval.low
    return Interval(value - arm * max(critical / bonferroni(1), 1.0), interval.high) if math.isfinite(arm) else interval
