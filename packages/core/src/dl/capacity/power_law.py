"""A power law of learning: the error of a network as a function of the number of training examples.

    e(n) = a + b n**-c

The exponent is searched on a grid, a and b follow by least squares of relative residuals; a is not negative, and b may
be: a curve that does not fall must be able to say so.
Letters: ``K`` sizes, ``B`` bootstrap draws, ``C`` exponents.
Source: Hestness et al. 2017, Deep learning scaling is predictable; the form with a floor, Rosenfeld et al. 2020.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dl.intervals import Estimate

Floats = NDArray[np.float64]
EXPONENTS = np.geomspace(0.1, 2.0, 40)
USUAL = 0.5  # the exponent where the points cannot tell it: that of a mean of independent examples
APART = 4.0  # an interval of the exponent from one end to more than so many times it tells nothing


@dataclass(frozen=True)
class PowerLaw:
    """Laws fitted to K points, and to B draws of them.

    Args:
        floor: (B + 1,) a, the one of the points themselves first.
        scale: (B + 1,) b, of sizes relative to the largest.
        exponent: (B + 1,) c.
        largest: Of the sizes.
        known: Whether the points tell the exponent; else it is `USUAL`.
        low: Least error that there can be.
        high: Greatest error that there can be.
    """

    floor: Floats
    scale: Floats
    exponent: Floats
    largest: float
    known: bool
    low: float
    high: float

    def errors(self, n: float) -> Floats:
        """Return the error at n examples by each law, (B + 1,)."""
        found = self.floor + self.scale * (n / self.largest) ** -self.exponent
        return np.asarray(np.clip(found, self.low, self.high))

    def at(self, n: float, level: float = 0.95) -> Estimate:
        """Estimate the error at n examples."""
        return _estimate(self.errors(n), level)

    def gain(self, n: float, level: float = 0.95) -> Estimate:
        """Estimate how far the error falls from the largest size to n examples."""
        return _estimate(self.errors(self.largest) - self.errors(n), level)


def fit_power_law(sizes: Floats, errors: Floats, draws: Floats, seed: int = 0, high: float = np.inf) -> PowerLaw:
    """Fit the law to the errors at K sizes, and to each bootstrap draw of them.

    Examples drawn anew tell how much the validation set may err, but not how much another training set would: the
    scatter of the points around the law stands for that, and is added to each draw.

    Args:
        sizes: (K,) training examples, three or more.
        errors: (K,) on the validation set; 0 is perfect.
        draws: (K, B) the same on examples drawn anew.
        seed: Of the scatter.
        high: Greatest error that there can be.
    """
    x = sizes / sizes.max()
    weight = 1 / np.maximum(errors, 0.02 * max(float(errors.max()), 1e-12))
    chosen, known = EXPONENTS, len(sizes) > 3
    if known:
        exponents = _fit(x, _scattered(x, errors, draws, weight, chosen, seed), weight, chosen)[2]
        low, top = np.quantile(exponents, [0.025, 0.975])
        known = bool(top < APART * low)
    if not known:
        chosen = np.array([USUAL])
    every = np.column_stack([errors, _scattered(x, errors, draws, weight, chosen, seed)])
    return PowerLaw(*_fit(x, every, weight, chosen), float(sizes.max()), known, 0.0, high)


def _scattered(x: Floats, errors: Floats, draws: Floats, weight: Floats, exponents: Floats, seed: int) -> Floats:
    """Add to the draws the scatter of the points around their law, (K, B)."""
    a, b, c = _fit(x, errors[:, None], weight, exponents)
    residuals = weight * (errors - (a + b * x**-c))
    free = max(len(x) - (3 if len(exponents) > 1 else 2), 1)
    sd = np.sqrt(float(residuals @ residuals) / free)
    noise = np.random.default_rng([seed, 0x1A3]).standard_normal(draws.shape)
    return np.asarray(draws + sd * noise / weight[:, None])


def _fit(x: Floats, errors: Floats, weight: Floats, exponents: Floats) -> tuple[Floats, Floats, Floats]:
    """Return a, b and c of each column of errors (K, B), by weighted least squares with a >= 0."""
    w = weight[:, None] ** 2
    best = np.full(errors.shape[1], np.inf)
    found = np.zeros((3, errors.shape[1]))
    for c in exponents:
        z = (x**-c)[:, None]
        sums = w.sum(), (w * z).sum(), (w * z * z).sum()
        e, ze = (w * errors).sum(axis=0), (w * z * errors).sum(axis=0)
        b = (sums[0] * ze - sums[1] * e) / (sums[0] * sums[2] - sums[1] ** 2)
        a = (e - sums[1] * b) / sums[0]
        b = np.where(a < 0, ze / sums[2], b)
        a = np.maximum(a, 0.0)
        loss = (w * (errors - a - b * z) ** 2).sum(axis=0)
        better = loss < best
        best = np.where(better, loss, best)
        found[:, better] = np.stack([a, b, np.full_like(a, c)])[:, better]
    return found[0], found[1], found[2]


def _estimate(values: Floats, level: float) -> Estimate:
    low, high = np.quantile(values[1:], [(1 - level) / 2, (1 + level) / 2])
    return Estimate(float(values[0]), float(low), float(high))
