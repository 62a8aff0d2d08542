"""Compare what stages fitted, in pairs on the same validation examples."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dl.capacity.compare import best_scored, lead_in_pairs
from dl.intervals import Estimate, difference_interval, interval_of_mean
from dl.runs.manifest import TaskInfo
from dl.runs.run import Run


def lead_over(info: TaskInfo, run: Run, scores: NDArray[np.generic], own: Estimate, other: Estimate) -> Estimate:
    """Estimate how much better a fit scores than a cheap learner; positive is better.

    In pairs where the headline metric is a mean over examples, else from the two intervals.

    Args:
        info: The task.
        run: The fit, at its best epoch.
        scores: (n,) of the learner for each validation example.
        own: Score of the fit.
        other: Score of the learner.
    """
    sign = 1.0 if info.headline.higher else -1.0
    scored, _, groups = best_scored(run)
    if info.headline.kind not in ("proportion", "mean") or len(scores) != len(scored.score):
        low, high = difference_interval(own, other)
        ends = (low, high) if sign > 0 else (-high, -low)
        return Estimate(sign * (own.value - other.value), *ends)
    return lead_in_pairs(info, scored.score, scores, groups)


def fall_of_loss(before: Run, after: Run, level: float = 0.95) -> Estimate | None:
    """Estimate how much lower the validation loss of the second fit is, each at its best epoch; None if not finite."""
    (first, _, groups), (second, _, _) = best_scored(before), best_scored(after)
    d = first.loss.astype(np.float64) - second.loss
    if not np.isfinite(d).all():
        return None
    return Estimate(float(d.mean()), *interval_of_mean(d, groups, level))


def is_better(gain: Estimate, loss: Estimate | None) -> bool:
    """Return whether a fit is certainly better in score or loss, and certainly worse in neither."""
    return (gain.low > 0 or (loss is not None and loss.low > 0)) and not is_worse(gain, loss)


def is_worse(gain: Estimate, loss: Estimate | None) -> bool:
    """Return whether a fit is certainly worse in score or loss."""
    return gain.high < 0 or (loss is not None and loss.high < 0)
