"""Score inflation: how much validation examples that were also trained on add to the score.

Letters: ``n`` validation examples.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dl.groups import Groups
from dl.intervals import Estimate, Interval, difference_interval, interval_of_mean, proportion_interval
from dl_reports.statistics.not_computable import NotComputable


@dataclass(frozen=True)
class Inflation:
    """The share of the validation score that leaked examples add.

    Attributes:
        on_leaked: Mean score of the leaked examples.
        on_clean: Mean score of the others.
        inflation: Mean over all examples minus the mean over clean ones.
        interval: Of the inflation, at the share that is leaked here.
    """

    on_leaked: float
    on_clean: float
    inflation: float
    interval: Interval


def inflation(
    scores: NDArray[np.generic], leaked: NDArray[np.bool_], groups: Groups | None = None
) -> Inflation | NotComputable:
    """Compute how much the leaked examples add to the mean of per-example scores (n,), boolean or real.

    The inflation is the leaked share times the difference between leaked and clean, whose interval comes from the
    limits of each: Wilson's for right and wrong, those of a mean for real scores. Leaked and clean examples may differ
    in other ways, too.

    Source: the mean over all is the share-weighted mean of both parts.
    """
    n, count = len(leaked), int(leaked.sum())
    if count == 0:
        return NotComputable("no validation example is leaked")
    if count == n:
        return NotComputable("every validation example is leaked: no clean one is left to compare with")
    if not np.isfinite(np.asarray(scores, np.float64)).all():
        return NotComputable("some scores are not finite")
    if scores.dtype != np.bool_ and min(count, n - count) < 2:
        return NotComputable(f"it takes two leaked and two clean examples; found {count} and {n - count}")
    bounded = proportion_interval if scores.dtype == np.bool_ else interval_of_mean
    estimates = []
    for mask in (leaked, ~leaked):
        some = np.asarray(scores[mask], np.float64)
        interval = bounded(some, None if groups is None else groups.take(mask))
        estimates.append(Estimate(float(some.mean()), *interval))
    low, high = difference_interval(*estimates)
    share = count / n
    on_leaked, on_clean = (one.value for one in estimates)
    return Inflation(on_leaked, on_clean, share * (on_leaked - on_clean), Interval(share * low, share * high))
