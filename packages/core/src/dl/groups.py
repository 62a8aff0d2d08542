"""Groups: examples of one patient, one film, one source, or exact copies, which are not independent of each other.

What n examples tell of a score depends on how many groups they come from. `Groups.values` turns per-example values into
one value a group, whose mean is the score and whose spread is its error; every statistic on a mean of independent
values then holds for groups as it stands.
Letters: ``n`` examples, ``G`` groups, ``n_g`` examples of group g, ``S_g`` the sum of its values.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]

FEWEST_GROUPS = 6  # Student's quantile on fewer degrees of freedom than five is no interval anybody can use
NEGLIGIBLE = 1.02  # variance of a mean over that of single examples: intervals longer by at most one percent


@dataclass(frozen=True, eq=False)
class Groups:
    """Which of n examples belong together.

    Args:
        numbers: (n,) number of each example's group, 0..G-1, each with an example.
    """

    numbers: Numbers

    @classmethod
    def of(cls, numbers: NDArray[np.integer] | None) -> Groups | None:
        """Number the groups without gaps; None where examples are independent, or next to it.

        Args:
            numbers: (n,) any numbers, the same for examples of one group; None for examples without groups.
        """
        if numbers is None or not len(numbers):
            return None
        found = cls(np.unique(numbers, return_inverse=True)[1].reshape(-1).astype(np.int64))
        return found if found.inflation > NEGLIGIBLE else None

    def __len__(self) -> int:
        return len(self.sizes)

    @cached_property
    def sizes(self) -> Numbers:
        """(G,) examples of each group."""
        return np.bincount(self.numbers)

    @property
    def inflation(self) -> float:
        """How many times the variance of a mean is larger, at most: where all values of a group are the same.

        Source: Kish 1965, the design effect of clusters whose members are alike.
        """
        return float((self.sizes.astype(np.float64) ** 2).sum() / self.sizes.sum())

    @property
    def few(self) -> bool:
        """Whether they are too few to tell anything of a mean."""
        return len(self) < FEWEST_GROUPS

    @property
    def too_few(self) -> str:
        """The reason that completes "not computable, because ..." where the groups are too few."""
        return f"it takes {FEWEST_GROUPS} groups or more; found {len(self)}"

    def take(self, chosen: NDArray[np.integer] | NDArray[np.bool_]) -> Groups | None:
        """Return the groups of some of the examples, by position or mask."""
        return Groups.of(self.numbers[chosen])

    def sums(self, values: NDArray[np.generic]) -> Floats:
        """Sum values (..., n) over each group, (..., G)."""
        rows = values.reshape(-1, values.shape[-1])
        found = [np.bincount(self.numbers, row.astype(np.float64), len(self)) for row in rows]
        return np.array(found, np.float64).reshape(*values.shape[:-1], len(self))

    def values(self, values: NDArray[np.generic]) -> Floats:
        """Turn values of examples, (..., n), into values of groups, (..., G), with the same mean.

        Their standard deviation over the root of G is the error of that mean, whatever the values of a group have to do
        with each other. A row with a value that is not finite has none that is.

        Source: linearized values of a ratio of sums, Cochran 1977, section 6.3; residuals inflated by one less their
            leverage, Bell and McCaffrey 2002, so that large groups do not hide their own error.
        """
        count, n = len(self), len(self.numbers)
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            sums = self.sums(values)
            mean = sums.sum(axis=-1, keepdims=True) / n
            off = (sums - self.sizes * mean) * self._scale * (count / n)
            return np.asarray(mean + off - off.mean(axis=-1, keepdims=True))

    @cached_property
    def _scale(self) -> Floats:
        """(G,) what a residual is multiplied with; 1 for groups of equal size."""
        count, share = len(self), self.sizes / self.sizes.sum()
        return np.asarray(np.sqrt((1 - 1 / count) / np.maximum(1 - share, 1e-12)))

    def df(self, values: NDArray[np.generic], by_group: Floats) -> float:
        """Degrees of freedom of the error of the mean of values (..., n): G - 1 for groups of equal size, else fewer.

        Values of a group are taken to be as alike as all rows together show: large groups cost more where they are.

        Source: Satterthwaite's approximation for cluster-robust variances, Bell and McCaffrey 2002, in the working
            model of one correlation within groups; unequal groups count as fewer: Carter, Schnepel, Steigerwald 2017.
        """
        with np.errstate(invalid="ignore", over="ignore"):
            single = np.atleast_1d(values.astype(np.float64).var(axis=-1)) / len(self.numbers)
            seen = np.atleast_1d(by_group.var(axis=-1, ddof=1)) / len(self)
            usable = np.isfinite(seen) & np.isfinite(single)
        ratio = seen[usable].sum() / single[usable].sum() if single[usable].any() else self.inflation
        alike = float(np.clip((ratio - 1) / (self.inflation - 1), 0.0, 1.0))
        return self._satterthwaite(self.sizes * (1 + alike * (self.sizes - 1)))

    def _satterthwaite(self, variance: Floats) -> float:
        """Match the first two moments of the squared error, given (G,) variances of the groups' sums."""
        share, scale, variance = self.sizes / self.sizes.sum(), self._scale, variance / variance.sum()
        p, q = scale * share, scale * variance
        own, lost = scale**2 * variance, scale**2 * (share**2 - 2 * share * variance)
        pp, pq, qq = p @ p, p @ q, q @ q
        square = 2 * pq**2 + 2 * pp * qq + pp**2 - 4 * pq * pp
        return float((own.sum() + lost.sum()) ** 2 / max((own**2).sum() + 2 * (own * lost).sum() + square, 1e-300))
