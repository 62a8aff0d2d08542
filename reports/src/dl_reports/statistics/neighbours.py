"""Near duplicates: validation examples that lie closer to a training example than chance puts them.

The training set is cut into random blocks. For examples drawn alike, the nearest neighbour over all blocks is nearer
than the middle one of the blocks' nearest by a factor whose law is known up to the dimension ``k`` that the features
fill; the dimension is read off the validation set itself, so the threshold is calibrated within the set.
Letters: ``N`` training and ``n`` validation examples, ``F`` features, ``G`` blocks, ``r`` a distance.
"""

import math
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from dl.groups import Groups
from dl.intervals import Interval, proportion_interval
from dl_reports.statistics.kept import Found, Keep, at_once, bits, from_bits
from dl_reports.statistics.not_computable import NotComputable

BLOCKS = 16
MIDDLE = BLOCKS // 2  # blocks nearer than the reference: up to this many copies of one example do no harm
_AT = 0.75  # quantile that gives the dimension: up to two thirds of the examples may be duplicates
_FEWEST_TRAIN, _FEWEST_VAL = 4 * BLOCKS, 50
_ROWS = 256  # with a block of some thousands the products stay in the cache
_MULTIPLICATIONS = 2e11  # about four seconds on two cores
MADE_WITH = (1, BLOCKS, _AT, _FEWEST_VAL, _MULTIPLICATIONS)  # 1: version of the search


@dataclass(frozen=True)
class NearDuplicates:
    """Validation examples with a neighbour in the training set that chance does not explain.

    Attributes:
        val: Indices of those validation examples, the nearest first.
        train: Index of the nearest training example of each.
        distance: To it, in units of the middle block distance.
        examined: Validation examples looked at; fewer than n when the sets are very large.
        share: Near duplicates among the examined.
        interval: Of the share.
        dimension: k that the features fill around the validation examples.
    """

    val: NDArray[np.intp]
    train: NDArray[np.intp]
    distance: NDArray[np.float64]
    examined: int
    share: float
    interval: Interval
    dimension: float


def near_duplicates(
    train_features: NDArray[np.floating],
    val_features: NDArray[np.floating],
    level: float = 0.05,
    seed: int = 0,
    groups: Groups | None = None,
    keep: Keep = at_once,
) -> NearDuplicates | NotComputable:
    """Find near duplicates between features (N, F) and (n, F), at a chance ``level`` of any false one.

    Args:
        train_features: Of the training examples.
        val_features: Of the validation examples.
        level: Chance of any false one, by Bonferroni over the validation examples.
        seed: Of the blocks, and of the choice among very many examples.
        groups: Of the validation examples.
        keep: Returns what a search finds in the other arguments but the groups, or found in them before.

    Source: power law of nearest-neighbour distances in k dimensions, Levina and Bickel 2004; Renyi's representation of
        ordered exponentials for the blocks; Bonferroni over the validation examples.
    """
    total, n = len(train_features), len(val_features)
    if total < _FEWEST_TRAIN or n < _FEWEST_VAL:
        return NotComputable(
            f"it takes {_FEWEST_TRAIN} training and {_FEWEST_VAL} validation examples; found {total} and {n}"
        )
    if not (np.isfinite(train_features).all() and np.isfinite(val_features).all()):
        return NotComputable("some features are not finite")
    kept = keep(partial(_search, train_features, val_features, level, seed))
    dimension, examined = float(from_bits(kept[0])[0]), int(kept[0, 1])
    if not dimension:
        return NotComputable("the features hardly vary: most examples fall on the same point")
    found, nearest, ratio = kept[1:].T
    rows = _rows(np.random.default_rng(seed), total * train_features.shape[1], n)
    return NearDuplicates(
        found,
        nearest,
        from_bits(ratio),
        examined,
        len(found) / examined,
        proportion_interval(np.isin(rows, found), None if groups is None else groups.take(rows)),
        dimension,
    )


def _rows(rng: np.random.Generator, multiplications: int, n: int) -> NDArray[np.intp]:
    """Draw the validation examples to look at: as many as can be afforded at these multiplications for each."""
    return np.sort(rng.permutation(n)[: max(_FEWEST_VAL, int(_MULTIPLICATIONS / multiplications))])


def _search(train_features: NDArray[np.floating], val_features: NDArray[np.floating], level: float, seed: int) -> Found:
    """Return rows of three numbers: first the bits of the dimension, how many examples were looked at, and 0.

    Then for each near duplicate, the nearest first, its index, that of its nearest training example, and the bits of
    their ratio. The dimension is 0 where the features hardly vary.
    """
    rng, first = np.random.default_rng(seed), np.zeros((1, 3), np.int64)
    rows = _rows(rng, len(train_features) * train_features.shape[1], len(val_features))
    distances, nearest = _block_neighbours(train_features, val_features[rows], rng)
    middle = np.sort(distances, axis=1)[:, MIDDLE]
    if np.quantile(middle, _AT) <= 0:
        return first
    # An example with more copies than blocks has a middle distance of 0 as well: never measure by less than is common.
    middle = np.maximum(middle, np.quantile(middle[middle > 0], 0.01))
    closest = np.argmin(distances, axis=1)
    ratio = distances[np.arange(len(rows)), closest] / middle
    dimension = _dimension(ratio)
    found = np.flatnonzero(_chance_of_ratio(ratio**dimension) < level / len(rows))
    found = found[np.argsort(ratio[found], kind="stable")]
    first[0, :2] = bits(dimension), len(rows)
    return np.concatenate([first, np.stack([rows[found], nearest[found, closest[found]], bits(ratio[found])], axis=1)])


def _block_neighbours(
    train: NDArray[np.floating], val: NDArray[np.floating], rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Find the nearest training example in each block: its distance (n, G) and its index (n, G)."""
    centre = train.mean(axis=0, dtype=np.float32)
    distances = np.empty((len(val), BLOCKS))
    nearest = np.empty((len(val), BLOCKS), dtype=np.intp)
    queries = val.astype(np.float32) - centre
    for g, block in enumerate(np.array_split(rng.permutation(len(train)), BLOCKS)):
        points = train[block].astype(np.float32) - centre
        half_square = 0.5 * np.einsum("nf,nf->n", points, points)
        for start in range(0, len(val), _ROWS):
            query = queries[start : start + _ROWS]
            closeness = query @ points.T  # (rows, block)
            closeness -= half_square
            here = np.argmax(closeness, axis=1)  # the nearest, up to rounding
            nearest[start : start + _ROWS, g] = block[here]
            distances[start : start + _ROWS, g] = np.linalg.norm(query - points[here], axis=1)  # exact
    return distances, nearest


def _chance_of_ratio(y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Compute the chance that the least of G exponentials is below y times the one with MIDDLE smaller ones."""
    y = np.minimum(y, 1 - 1e-12)
    q = BLOCKS * y / (1 - y)
    above = np.ones_like(y)
    for left in range(BLOCKS - MIDDLE, BLOCKS):  # exponentials not yet passed at each spacing between the two
        above *= left / (left + q)
    return np.asarray(1 - above)


def _dimension(ratio: NDArray[np.float64]) -> float:
    """Estimate the k that puts an upper quantile of the ratio where the law does, less two standard errors."""
    n = len(ratio)
    at = _AT - 2 * math.sqrt(_AT * (1 - _AT) / n)
    observed = float(np.quantile(ratio, at))
    grid = np.linspace(1e-4, 0.9999, 10_000)
    expected = float(np.interp(_AT, _chance_of_ratio(grid), grid))
    if not 0 < observed < 1:
        return 1.0
    return max(1.0, math.log(expected) / math.log(observed))
