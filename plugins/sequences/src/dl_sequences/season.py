"""Find the season of series: the lag after which their values come again."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

LONGEST = 400  # steps of a season
LEAST = 24  # steps of the first half of a series, from which a season can be told
CYCLES = 3  # of a season in what is looked at
CLEAR = 0.3  # autocorrelation at a season, and above the valley before it
NEARLY = 0.9  # of the greatest autocorrelation, so that a season is found and no multiple of it
Floats = NDArray[np.float64]


def find_season(series: Sequence[Floats]) -> int:
    """Return the steps of a season of series, by the first half of each alone; 1 for none.

    Args:
        series: (T,) values of each, NaN where missing.
    """
    halves = [half for one in series if len(half := one[: len(one) // 2]) >= LEAST and np.isfinite(half).mean() > 0.5]
    if not halves:
        return 1
    most = min(LONGEST, max(map(len, halves)) // CYCLES)
    found = np.full((len(halves), most + 1), np.nan)
    for row, half in zip(found, halves, strict=True):
        own = autocorrelation(half, min(most, len(half) // CYCLES))
        row[: len(own)] = own
    with np.errstate(all="ignore"):
        return _first_peak(np.nanmedian(found, axis=0))


def autocorrelation(values: Floats, most: int) -> Floats:
    """Return the autocorrelation of values (T,) less their straight line, at lags 0 to ``most``, (most + 1,)."""
    place = np.arange(len(values))
    present = np.isfinite(values)
    line = np.polyval(np.polyfit(place[present], values[present], 1), place)
    rest = np.where(present, values - line, 0.0)
    whole = float(rest @ rest)
    if not whole > 0:
        return np.zeros(most + 1)
    return np.array([rest[lag:] @ rest[: len(rest) - lag] for lag in range(most + 1)]) / whole


def _first_peak(found: Floats) -> int:
    """Return the smallest lag of a clear peak that is nearly as high as the highest; 1 for none."""
    valley = np.minimum.accumulate(found)
    inner = np.arange(2, len(found) - 1)
    peaks = [
        lag
        for lag in inner.tolist()
        if found[lag] >= max(found[lag - 1], found[lag + 1], CLEAR) and found[lag] - valley[lag] >= CLEAR
    ]
    if not peaks:
        return 1
    highest = max(found[lag] for lag in peaks)
    return int(next(lag for lag in peaks if found[lag] >= NEARLY * highest))
