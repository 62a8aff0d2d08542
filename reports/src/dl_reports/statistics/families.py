"""Families: validation examples that lie among near copies in the training set, as the frames of one film do.

A family is a jump: some neighbours lie close by, the next one far away. Where examples are drawn one by one, the ratio
of two neighbours' distances has a known law; its dimension is read off far neighbours, which no small family reaches. A
jump counts if it is by a factor of four, far beyond that law, and if nothing lies as close where the columns are
permuted, so that values which are merely common make no family.
Letters: ``N`` training and ``n`` validation examples, ``F`` numbers of each, ``k`` a dimension.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from dl.intervals import Interval, wilson
from dl_reports.statistics.kept import Found, Keep, at_once, bits, from_bits
from dl_reports.statistics.not_computable import NotComputable

JUMP = 1 / 4  # of the distance to the next neighbour, at most
SMALLEST, LARGEST = 3, 50  # training examples of a family; a single one may lie close by chance
SHARE = 0.05  # of the training set, at most, in a family
OF_CLASS = 0.25  # of its own class, at most: a class that lies close together is none
FEWEST_DIMENSIONS = 6
MADE_WITH = (1, JUMP, SMALLEST, LARGEST, SHARE, OF_CLASS, FEWEST_DIMENSIONS)  # 1: version of the search
_FEWEST = 40  # examples of each set
_ROWS = 256

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Families:
    """Validation examples with near copies in the training set.

    Attributes:
        val: Indices of those validation examples, the nearest to a training example first.
        train: Index of the nearest training example of each.
        size: Training examples in its family, of each.
        examined: Validation examples.
        share: Of them that are in a family.
        interval: Of the share.
    """

    val: NDArray[np.intp]
    train: NDArray[np.intp]
    size: NDArray[np.intp]
    examined: int
    share: float
    interval: Interval


def families(
    train: NDArray[np.floating],
    val: NDArray[np.floating],
    of_class: NDArray[np.floating] | None = None,
    level: float = 0.01,
    seed: int = 0,
    keep: Keep = at_once,
) -> Families | NotComputable:
    """Find validation examples (n, F) among near copies in the training set (N, F), at a level for any false one.

    Exact copies do not count: they are found bit by bit elsewhere.

    Args:
        train: Numbers of the training examples, learnt from neither set.
        val: The same of the validation examples.
        of_class: (n,) how many of the training examples have the class of each; None where there are no classes.
        level: Chance of any false one, by Bonferroni over examples and sizes.
        seed: Of the permutation.
        keep: Returns what a search finds in the other arguments, or found in them before.

    Source: the ratio of neighbours' distances in k dimensions, Levina and Bickel 2004.
    """
    if min(len(train), len(val)) < _FEWEST:
        return NotComputable(f"it takes {_FEWEST} examples of each set; found {len(train)} and {len(val)}")
    found = keep(partial(_search, train, val, of_class, level, seed))
    dimension = float(from_bits(found[0])[0])
    if not dimension:
        return NotComputable("the inputs do not vary")
    if dimension < FEWEST_DIMENSIONS:
        few = f"the inputs fill about {dimension:.0f} dimensions"
        return NotComputable(f"{few}, and in fewer than {FEWEST_DIMENSIONS} neighbours lie close by chance")
    chosen, nearest, size = found[1:].T
    return Families(chosen, nearest, size, len(val), len(chosen) / len(val), wilson(len(chosen), len(val)))


def _search(
    train: NDArray[np.floating],
    val: NDArray[np.floating],
    of_class: NDArray[np.floating] | None,
    level: float,
    seed: int,
) -> Found:
    """Return rows of three numbers: the bits of the dimension, then a validation example, its nearest, and the size.

    The dimension is 0 where nothing varies.
    """
    first = np.zeros((1, 3), np.int64)
    ours, theirs = _standardized(train, val)
    if ours.shape[1] == 0:
        return first
    most = min(LARGEST, int(SHARE * len(ours)))
    near, nearest = _neighbours(ours, theirs, 2 * most + 1)
    dimension = _dimension(near[:, most:])
    first[0, 0] = bits(dimension)
    if dimension < FEWEST_DIMENSIONS:
        return first
    permuted = np.random.default_rng(seed).permuted(ours, axis=0)
    by_chance = _neighbours(permuted, theirs, 1)[0][:, 0]
    jump = near[:, :most] / np.maximum(near[:, 1 : most + 1], 1e-300)
    sizes = np.arange(1, most + 1)
    size = np.argmin(np.where((near[:, :most] > 0) & (sizes >= SMALLEST), jump, 1.0), axis=1) + 1
    rows = np.arange(len(theirs))
    least = jump[rows, size - 1]
    chance = size * dimension * np.log(np.maximum(least, 1e-300))  # in nats
    radius = near[rows, size - 1]
    found = (
        (size >= SMALLEST)
        & (chance < np.log(level / (len(theirs) * most)))
        & (least <= JUMP)
        & (radius > 0)
        & (radius <= JUMP * by_chance)
    )
    if of_class is not None:
        found &= size <= OF_CLASS * of_class
    chosen = np.flatnonzero(found)
    chosen = chosen[np.argsort(near[chosen, 0], kind="stable")]
    return np.concatenate([first, np.stack([chosen, nearest[chosen], size[chosen]], axis=1)])


def _standardized(train: NDArray[np.floating], val: NDArray[np.floating]) -> tuple[NDArray[np.float32], ...]:
    """Return both sets in the deviations of both together, without columns that do not vary."""
    both = np.concatenate([train, val]).astype(np.float64)
    spread = both.std(axis=0)
    both = ((both - both.mean(axis=0))[:, spread > 0] / spread[spread > 0]).astype(np.float32)
    return both[: len(train)], both[len(train) :]


def _neighbours(train: NDArray[np.float32], val: NDArray[np.float32], count: int) -> tuple[Floats, NDArray[np.intp]]:
    """Return the least distances to training examples, ascending, (n, count), and the nearest of them, (n,)."""
    squares = np.einsum("nf,nf->n", train, train)
    distances = np.empty((len(val), count))
    nearest = np.empty(len(val), np.intp)
    for start in range(0, len(val), _ROWS):
        query = val[start : start + _ROWS]
        apart = squares - 2 * (query @ train.T)
        if count == 1:  # in a tenth of the time
            chosen = np.argmin(apart, axis=1)[:, None]
        else:
            chosen = np.argpartition(apart, min(count, len(train)) - 1, axis=1)[:, :count]
        exact = np.linalg.norm(query[:, None, :] - train[chosen], axis=2)  # the squares above lose small ones
        order = np.argsort(exact, axis=1)
        distances[start : start + _ROWS] = np.take_along_axis(exact, order, axis=1)
        nearest[start : start + _ROWS] = np.take_along_axis(chosen, order, axis=1)[:, 0]
    return distances, nearest


def _dimension(far: Floats) -> float:
    """Estimate the dimension from the distances to far neighbours, (n, K), as the median over the examples."""
    with np.errstate(divide="ignore"):
        logs = np.log(far[:, -1:] / np.maximum(far[:, :-1], 1e-300))
    means = logs.mean(axis=1)
    return float(max(1.0, 1 / np.median(means))) if np.median(means) > 0 else 1.0
