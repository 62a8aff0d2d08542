"""Scale numbers to normal quantiles: a value becomes the normal deviate of its rank among the training values.

Heavy tails, as of incomes or counts, then have no leverage, and values beyond those of training are clipped.
Letters: ``N`` values, ``K`` knots.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

KNOTS = 101  # quantiles kept of a column
MARGIN = 0.5  # of the range seen, by which a value may lie outside: new rows of the same kind hardly ever do, see tests
LEAST = 0.001  # probability at which the ends are clipped: about 3 deviations
TAIL = 10.0  # deviations from the mean at which the farthest value makes a tail heavy
DIFFERENT = 10  # values below which a column counts something, and its ranks mean little

Numbers = NDArray[np.float64]


def has_heavy_tail(present: Numbers) -> bool:
    """Return whether the farthest of the present values (N,) lies far beyond what a deviation describes."""
    farthest = float(np.abs(present - present.mean()).max())
    return farthest > TAIL * deviation(present) and len(np.unique(present)) >= DIFFERENT


def learn_quantiles(present: Numbers) -> tuple[float, ...]:
    """Return the quantiles of the present values (N,) at K equal steps of probability."""
    steps = np.linspace(0, 1, min(KNOTS, len(present)))
    return tuple(float(value) for value in np.quantile(present, steps))


def to_normal(values: Numbers, quantiles: Sequence[float]) -> Numbers:
    """Return the normal deviates (N,) of the ranks of values; NaN where one is.

    Of equal quantiles, the middle of their probabilities counts. Source: the quantile transform of scikit-learn.
    """
    from scipy.special import ndtri

    knots = np.asarray(quantiles)
    steps = np.linspace(0, 1, len(knots))
    upper = np.interp(values, knots, steps)
    lower = 1 - np.interp(-values, -knots[::-1], steps)
    return np.asarray(ndtri(((lower + upper) / 2).clip(LEAST, 1 - LEAST)))


def deviation(present: Numbers) -> float:
    """Return the deviation of the present values (N,), whose squares may be too small or too large for a number."""
    away = np.abs(present - present.mean())
    farthest = float(away.max())
    return farthest * float(np.sqrt(np.square(away / farthest).mean())) if farthest else 0.0
