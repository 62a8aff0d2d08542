"""Paired differences: two networks, or two epochs of one, scored on the same examples.

The examples stand on both sides, so most of their variance cancels.
Letters: ``d`` a difference per example, ``n`` examples, ``b`` and ``c`` examples that only one side gets right.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr, ndtri

from dl.intervals import Interval, mean_interval
from dl_reports.statistics.moments import FEWEST
from dl_reports.statistics.not_computable import NotComputable

EXACT_BELOW = 25  # discordant examples below which McNemar's test is read from the binomial law


@dataclass(frozen=True)
class Paired:
    """A mean paired difference, with its error.

    Attributes:
        mean: Mean difference, in the unit of the values.
        se: Its standard error, 0 when all differences are the same.
        z: Mean in standard errors, guarded against skewness or, for right and wrong, McNemar's.
        interval: Of the mean difference.
        n: Examples.
        form: How ``z`` was found.
    """

    mean: float
    se: float
    z: float
    interval: Interval
    n: int
    form: str


def skew_guarded(z: NDArray[np.float64], skewness: NDArray[np.float64], n: int) -> NDArray[np.float64]:
    """Weaken a studentized mean where skewed differences overstate it; never strengthen it.

    A few examples that fall a lot among many that rise a little would otherwise raise false alarms. The correction
    is used one way only, for the skewness is itself estimated and heavy tails swell both.

    Source: Hall 1992, On the removal of skewness by transformation, the monotone cubic.
    """
    a = skewness / (3 * math.sqrt(n))
    t = np.where(np.isfinite(z), z, 0.0)
    corrected = t + a * t**2 + a**2 * t**3 / 3 + a / 2
    size = np.minimum(np.abs(t), np.maximum(np.sign(t) * corrected, 0.0))
    return np.where(np.isfinite(z), np.sign(t) * size, z)  # without any spread there is no skewness


def studentized(mean: NDArray[np.float64], se: NDArray[np.float64]) -> NDArray[np.float64]:
    """Divide the mean by its standard error; 0 where both vanish, infinite where only the error does."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where((se == 0) & (mean == 0), 0.0, mean / se)


def paired_difference(differences: NDArray[np.floating], level: float = 0.95) -> Paired | NotComputable:
    """Test the mean of per-example differences (n,), with a z guarded against skewness and Student's interval."""
    d = np.asarray(differences, dtype=np.float64)
    if len(d) < FEWEST:
        return NotComputable(f"it takes {FEWEST} examples or more; found {len(d)}")
    if not np.isfinite(d).all():
        return NotComputable(f"{int((~np.isfinite(d)).sum())} of {len(d)} differences are not finite")
    n, mean, sd = len(d), float(d.mean()), float(d.std(ddof=1))
    if sd <= 1e-9 * abs(mean):  # every example moved alike
        return Paired(mean, 0.0, math.copysign(math.inf, mean) if mean else 0.0, Interval(mean, mean), n, "paired")
    skewness = ((d - mean) ** 3).mean() / sd**3
    se = sd / math.sqrt(n)
    z = float(skew_guarded(np.array(mean / se), np.array(skewness), n))
    return Paired(mean, se, z, mean_interval(mean, sd, n, level), n, "paired")


def mcnemar(b: int, c: int) -> float:
    """Compute McNemar's z for b examples that turned one way and c the other; positive when b is larger.

    With fewer than 25 such examples the z is the one whose normal tail equals the exact binomial tail.

    Source: McNemar 1947; the exact form is the sign test on the discordant pairs.
    """
    turned = b + c
    if turned == 0:
        return 0.0
    if turned >= EXACT_BELOW:
        return (b - c) / math.sqrt(turned)
    tail = float(bdtr(min(b, c), turned, 0.5))  # chance of min(b, c) or fewer
    return math.copysign(max(0.0, -float(ndtri(tail))), b - c)


def accuracy_difference(
    correct: NDArray[np.bool_], other: NDArray[np.bool_], level: float = 0.95
) -> Paired | NotComputable:
    """Test the accuracy of ``correct`` (n,) against that of ``other`` (n,) on the same examples, by McNemar's test.

    The interval adds half a discordant example to each side, so that no disagreement is not read as certainty.

    Source: Agresti and Min 2005, the paired Wald interval with added pseudo-observations.
    """
    n = len(correct)
    if n < FEWEST:
        return NotComputable(f"it takes {FEWEST} examples or more; found {n}")
    b, c = int((correct & ~other).sum()), int((~correct & other).sum())
    size = n + 2
    centre = (b - c) / size
    sd = math.sqrt((b + c + 1) / size - centre**2)
    interval = mean_interval(centre, sd, size, level)
    return Paired((b - c) / n, sd / math.sqrt(size), mcnemar(b, c), interval, n, "McNemar")
