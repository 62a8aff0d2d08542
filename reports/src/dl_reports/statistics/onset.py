"""Onset of overfitting: does a validation curve rise after its best epoch, and from when on.

The best epoch is chosen on the examples that test it, from many. This is allowed for: the last epoch counts as worse
when its rise is larger than the largest rise from any earlier epoch to it that noise alone would show in this fit.
This holds for a fit stopped by patience, too; asked anew after every epoch, the verdict errs more often (three fits
in eight over twenty epochs).
Letters: ``T`` epochs, ``E`` usable ones, ``n`` examples, ``z`` a paired difference to the best in standard errors.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, stdtrit

from dl.groups import Groups
from dl.intervals import Interval, mean_interval
from dl_reports.statistics.moments import EpochMoments, Floats, epoch_moments, square_root, third_moments
from dl_reports.statistics.not_computable import NotComputable
from dl_reports.statistics.paired import form_of, mcnemar, skew_guarded, studentized

DATING = 1.15  # seven of eight draws of the normal law lie below: dates an established rise, never establishes one
_WORK = 200_000_000  # differences drawn for the critical value


@dataclass(frozen=True)
class Rise:
    """Whether a curve that should fall rises after its best epoch.

    Attributes:
        best: Epoch of the least mean.
        onset: First epoch from which the curve stays above its best; None when no rise is established.
        certain_from: First epoch from which it stays above the critical value; None when it does so at no end.
        rise: Mean at the last usable epoch minus the mean at the best.
        interval: Of the rise, for a best and a last epoch fixed in advance.
        z: (T,) paired difference to the best epoch in standard errors, positive for worse; NaN at skipped epochs.
        critical: What z must exceed at the last epoch, allowing for the choice of the best among all.
        n: Examples, or groups of them.
        skipped: Epochs left out because a value is not finite.
        form: The test used.
    """

    best: int
    onset: int | None
    certain_from: int | None
    rise: float
    interval: Interval
    z: Floats
    critical: float
    n: int
    skipped: tuple[int, ...]
    form: str

    @property
    def rises(self) -> bool:
        """Whether a rise that lasts to the end is established."""
        return self.onset is not None


def loss_rise(
    losses: NDArray[np.generic], level: float = 0.05, seed: int = 0, groups: Groups | None = None
) -> Rise | NotComputable:
    """Test the rise of per-example losses, or absolute errors, (T, n) after their best epoch.

    Args:
        losses: (T, n), lower is better.
        level: Chance of a rise being called in a fit whose true mean never rises.
        seed: Of the draws behind the critical value.
        groups: Of the examples, where they are not independent.

    Source: simultaneous critical values by simulating the estimated law of the means, Chernozhukov, Chetverikov,
        Kato 2013; guard against skewness after Hall 1992.
    """
    moments = epoch_moments(losses, groups)
    if isinstance(moments, NotComputable):
        return moments
    best = int(np.argmin(moments.means))
    errors = moments.paired_errors()[best]
    z = studentized(moments.means - moments.means[best], errors)
    sd = np.where(errors > 0, errors, 1.0) * np.sqrt(moments.n)
    skewness = np.where(errors > 0, third_moments(moments, best) / sd**3, 0.0)
    guarded = skew_guarded(z, skewness, moments.n)
    return _rise(moments, best, guarded, level, seed, form_of(groups), float(skewness[-1]))


def error_rise(
    correct: NDArray[np.bool_], level: float = 0.05, seed: int = 0, groups: Groups | None = None
) -> Rise | NotComputable:
    """Test the rise of the error rate after its best epoch, from right and wrong (T, n), by McNemar's test.

    Where examples share groups, turned ones are not independent either, and the test is the one of losses.

    Raises:
        ValueError: If the array is not boolean.
    """
    if correct.dtype != np.bool_:
        raise ValueError(f"correctness must be boolean; found {correct.dtype}")
    wrong = ~correct
    if groups is not None:
        return loss_rise(wrong, level, seed, groups)
    moments = epoch_moments(wrong)
    if isinstance(moments, NotComputable):
        return moments
    best = int(np.argmin(moments.means))
    worse = [int((row & ~wrong[best]).sum()) for row in wrong]
    better = [int((wrong[best] & ~row).sum()) for row in wrong]
    z = np.array([mcnemar(b, c) for b, c in zip(worse, better, strict=True)])
    return _rise(moments, best, z, level, seed, "McNemar")


def critical_rise(moments: EpochMoments, level: float = 0.05, seed: int = 0) -> float:
    """Simulate the studentized rise from any earlier epoch to the last that noise exceeds with chance ``level``.

    It bounds every fit whose true mean never rises: there a rise from an epoch to the last one is noise and a fall.
    The means are drawn from the normal law with the covariance seen; the quantile is widened to Student's.
    """
    errors = moments.paired_errors()
    draws = int(np.clip(_WORK // len(errors) ** 2, 500, 4000))
    noise = np.random.default_rng(seed).standard_normal((len(errors), draws))
    means = square_root(moments.covariance / moments.n) @ noise  # (E, draws)
    error = errors[:-1, -1:]
    rises = (means[-1] - means[:-1]) / np.where(error > 0, error, np.inf)
    normal = float(np.quantile(rises.max(axis=0), 1 - level))
    return float(stdtrit(moments.df, ndtr(normal)))


def _rise(
    moments: EpochMoments, best: int, z: Floats, level: float, seed: int, form: str, skewness: float = 0.0
) -> Rise:
    critical = critical_rise(moments, level, seed)
    dated = _stays_above(z, best, DATING)
    established = dated is not None and bool(z[-1] > critical)
    certain = _stays_above(z, best, critical) if established else None
    sd = float(moments.paired_errors()[best, -1] * np.sqrt(moments.n))
    rise = float(moments.means[-1] - moments.means[best])
    by_epoch = np.full(len(moments.epochs) + len(moments.skipped), np.nan)
    by_epoch[moments.epochs] = z
    epoch = moments.epochs.tolist()
    return Rise(
        best=epoch[best],
        onset=epoch[dated] if dated is not None and established else None,
        certain_from=epoch[certain] if certain is not None else None,
        rise=rise,
        interval=mean_interval(rise, sd, moments.n, df=moments.df, skewness=skewness),
        z=by_epoch,
        critical=critical,
        n=moments.n,
        skipped=moments.skipped,
        form=form,
    )


def _stays_above(z: Floats, best: int, bound: float) -> int | None:
    """Find the first position after ``best`` from which z exceeds the bound to the end."""
    not_above = np.flatnonzero(z[best:] <= bound)
    first = best + int(not_above[-1]) + 1  # the best itself has z = 0
    return first if first < len(z) else None
