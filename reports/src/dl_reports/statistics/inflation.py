"""Score inflation: how much validation examples that were also trained on add to the score.

Letters: ``n`` validation examples.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dl.intervals import Interval, mean_difference, newcombe
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


def inflation(scores: NDArray[np.generic], leaked: NDArray[np.bool_]) -> Inflation | NotComputable:
    """Compute how much the leaked examples add to the mean of per-example scores (n,), boolean or real.

    The inflation is the leaked share times the difference between leaked and clean, whose interval is Newcombe's for
    right and wrong and Welch's for real scores, somewhat short when fewer than a hundred skewed losses are leaked.
    Leaked and clean examples may differ in other ways, too.

    Source: the mean over all is the share-weighted mean of both parts.
    """
    n, count = len(leaked), int(leaked.sum())
    if count == 0:
        return NotComputable("no validation example is leaked")
    if count == n:
        return NotComputable("every validation example is leaked: no clean one is left to compare with")
    if not np.isfinite(np.asarray(scores, np.float64)).all():
        return NotComputable("some scores are not finite")
    ours, clean = (np.asarray(scores[mask], np.float64) for mask in (leaked, ~leaked))
    if scores.dtype == np.bool_:
        low, high = newcombe(float(ours.sum()), count, float(clean.sum()), n - count)
    elif min(count, n - count) < 2:
        return NotComputable(f"it takes two leaked and two clean examples; found {count} and {n - count}")
    else:
        low, high = mean_difference(
            float(ours.mean()), float(ours.std(ddof=1)), count, float(clean.mean()), float(clean.std(ddof=1)), n - count
        )
    share = count / n
    on_leaked, on_clean = float(ours.mean()), float(clean.mean())
    return Inflation(on_leaked, on_clean, share * (on_leaked - on_clean), Interval(share * low, share * high))
