"""Steady trends: a slope that does not hang on one epoch.

One spike tilts a line through five epochs. So the line is laid with each epoch left out, and the least steep counts.
Letters: ``T`` epochs, ``k`` of them looked at, ``n`` examples.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from dl.groups import Groups
from dl_reports.statistics.not_computable import NotComputable
from dl_reports.statistics.stopping import Trend, is_falling, mean_slope, trend

FEWEST = 3  # epochs of which one can be left out


def steady_trend(
    losses: NDArray[np.floating], last: int = 5, level: float = 0.05, groups: Groups | None = None
) -> Trend | NotComputable:
    """Test the slope of each example's loss over the last epochs of (T, n), whichever epoch is left out.

    Returns:
        The least steep of the k slopes that leave an epoch out, as long as all fall; the slope over all epochs where
        they are two, or where the slopes do not agree.

    Source: least squares, the jackknife's leave-one-out as a bound.
    """
    whole = trend(losses, last, level, groups=groups)
    if isinstance(whole, NotComputable) or whole.epochs < FEWEST or not whole.falling:
        return whole
    tail = losses[-whole.epochs :].astype(np.float64)
    epochs = np.arange(whole.epochs, dtype=np.float64)
    slopes = [mean_slope(np.delete(epochs, k), np.delete(tail, k, axis=0), groups) for k in range(whole.epochs)]
    found = [one for one in slopes if not isinstance(one, NotComputable)]
    if len(found) < len(slopes) or not all(is_falling(one, level, groups) for one in found):
        return replace(whole, falling=False)
    least = max(found, key=lambda one: one.mean)
    mean = float(tail[-1].mean())
    share = least.mean / mean if mean else float("nan")
    return Trend(least.mean, least.interval, least.z, share, whole.epochs, falling=True)
