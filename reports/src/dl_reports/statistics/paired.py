"""Paired differences: two networks, or two epochs of one, scored on the same examples.

The examples stand on both sides, so most of their variance cancels.
Letters: ``d`` a difference per example, ``n`` examples, ``b`` and ``c`` examples that only one side gets right.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr, ndtri, stdtr

from dl.groups import Groups
from dl.intervals import Interval, mean_interval, skewness_of, turned_interval
from dl_reports.statistics.moments import too_few
from dl_reports.statistics.not_computable import NotComputable

BY_GROUP = "paired, by group"
EXACT_BELOW = 25  # discordant examples below which McNemar's test is read from the binomial law


@dataclass(frozen=True)
class Paired:
    """A mean paired difference, with its error.

    Attributes:
        mean: Mean difference, in the unit of the values.
        se: Its standard error, 0 when all differences are the same.
        z: Mean in standard errors, guarded against skewness or, for right and wrong, McNemar's; by group it is the
            normal z of the same chance as Student's.
        interval: Of the mean difference.
        n: Examples, or groups of them.
        form: How ``z`` was found.
    """

    mean: float
    se: float
    z: float
    interval: Interval
    n: int
    form: str


def form_of(groups: Groups | None) -> str:
    """Return the name of a paired test."""
    return "paired" if groups is None else BY_GROUP


def normal_z(t: float, df: float | None) -> float:
    """Return the z that the normal law exceeds as often as Student's exceeds this t; as it is without ``df``."""
    if df is None or not math.isfinite(t):
        return t
    return math.copysign(-float(ndtri(stdtr(df, -abs(t)))), t)


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


def paired_difference(
    differences: NDArray[np.floating], level: float = 0.95, groups: Groups | None = None
) -> Paired | NotComputable:
    """Test the mean of per-example differences (n,), by group where examples share one, guarded against skewness."""
    d = np.asarray(differences, dtype=np.float64)
    few = too_few(len(d), groups)
    if few is not None:
        return few
    if not np.isfinite(d).all():
        return NotComputable(f"{int((~np.isfinite(d)).sum())} of {len(d)} differences are not finite")
    if groups is None:
        return _of_units(d, None, level)
    by_group = groups.values(d)
    return _of_units(by_group, groups.df(d, by_group), level)


def _of_units(d: NDArray[np.float64], df: float | None, level: float) -> Paired:
    """Test the mean of independent differences (n,): of examples, or of groups, whose degrees of freedom are given."""
    form = "paired" if df is None else BY_GROUP
    n, mean, sd = len(d), float(d.mean()), float(d.std(ddof=1))
    if sd <= 1e-9 * abs(mean):  # every example moved alike
        z = math.copysign(math.inf, mean) if mean else 0.0
        return Paired(mean, 0.0, z, Interval(mean, mean), n, form)
    skewness = skewness_of(d, sd)
    se = sd / math.sqrt(n)
    z = normal_z(float(skew_guarded(np.array(mean / se), np.array(skewness), n)), df)
    return Paired(mean, se, z, mean_interval(mean, sd, n, level, df, skewness), n, form)


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
    correct: NDArray[np.bool_], other: NDArray[np.bool_], level: float = 0.95, groups: Groups | None = None
) -> Paired | NotComputable:
    """Test the accuracy of ``correct`` (n,) against that of ``other`` (n,) on the same examples, by McNemar's test.

    The interval adds half a discordant example to each side, so that no disagreement is not read as certainty. Where
    examples share groups, the test is the paired difference by group.

    Source: Agresti and Min 2005, the paired Wald interval with added pseudo-observations.
    """
    n, few = len(correct), too_few(len(correct), groups)
    if few is not None:
        return few
    if groups is not None:
        return _by_group(correct.astype(np.float64) - other, groups, level)
    b, c = int((correct & ~other).sum()), int((~correct & other).sum())
    size = n + 2
    centre = (b - c) / size
    sd = math.sqrt((b + c + 1) / size - centre**2)
    interval = turned_interval(b, c, n, level)
    return Paired((b - c) / n, sd / math.sqrt(size), mcnemar(b, c), interval, n, "McNemar")


def _by_group(differences: NDArray[np.float64], groups: Groups, level: float) -> Paired:
    """Test differences of right and wrong by group, as if half an example more had turned each way, with its group."""
    by_group = groups.values(differences)
    df = groups.df(differences, by_group)
    found = _of_units(by_group, df, level)
    turned = int(np.count_nonzero(differences))
    se = found.se * math.sqrt(1 + 1 / turned) if found.se else groups.inflation / len(differences)
    interval = mean_interval(found.mean, se * math.sqrt(found.n), found.n, level, df)
    return replace(found, se=se, z=normal_z(found.mean / se, df), interval=interval)
