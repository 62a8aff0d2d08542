"""Find clusters that stand apart beyond chance: groups between any two of which the density has a valley.

Half of the examples choose groups, and for each pair of them a direction, a convex region around both and three windows
along the direction - a peak, a valley, a peak. The other half is counted there. A blob without clusters has one peak
along any direction that it did not choose, in any convex region. So it leaves no fewer in the valley than in the
lesser peak but by chance, and the binomial test is exact. Groups that are not told apart so are joined.
Letters: ``n`` examples, ``D`` coordinates, ``K`` cells of k-means, ``G`` groups of cells.
Source: data splitting, Cox 1975; projections of log-concave densities have one peak, Prekopa 1973.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LEVEL = 0.01  # of finding any cluster where there is none
HALVINGS = 2  # each is used twice, a half to choose and the other to be counted
CELLS = (2, 6, 12)  # of k-means
FEWEST = 10  # examples of a cluster
FEWEST_IN_CELL = 6  # in the mean
BINS = 40
WIDTHS = (2, 4, 6, 9)  # of a window, in bins
CLEAR = 3.0  # standard errors of a valley among the examples that choose it, below which groups are joined
DEEP = 0.5  # share of the lesser peak that is left in a valley, at most
RIDGE = 0.1  # share of the mean variance that is added to every direction
MOST = 40  # clusters

Floats = NDArray[np.float64]
Index = NDArray[np.int64]


@dataclass(frozen=True)
class Valley:
    """Three windows of one width along a direction.

    Args:
        edges: (3, 2) of the left peak, the valley and the right peak.
        score: How clearly the examples that chose it fall below both peaks, in standard errors.
        left: Share of the lesser peak that is left of it there.
    """

    edges: Floats
    score: float
    left: float

    def counts(self, along: Floats) -> Index:
        """Count the examples in the windows, (3,)."""
        return np.array([np.count_nonzero((along >= low) & (along < high)) for low, high in self.edges])


def find_clusters(points: Floats, seed: int = 0, level: float = LEVEL) -> Index:
    """Number the clusters that stand apart, (n,), the largest 0; all 0 where there is but one.

    Args:
        points: (n, D), without copies.
        seed: Of halvings and starts.
        level: Probability of a cut where there is no cluster.
    """
    rng = np.random.default_rng([seed, 0xC1])
    found, open_ = list[Index](), [np.arange(len(points))]
    while open_:
        rows = open_.pop()
        parts = part(points[rows], rng, level)
        if parts.max(initial=0) == 0 or len(found) + len(open_) >= MOST:
            found.append(rows)
        else:
            open_ += [rows[parts == number] for number in range(parts.max() + 1)]
    numbers = np.zeros(len(points), np.int64)
    for number, rows in enumerate(sorted(found, key=len, reverse=True)):
        numbers[rows] = number
    return numbers


def part(points: Floats, rng: np.random.Generator, level: float = LEVEL) -> Index:
    """Number the parts of points between which there are valleys, (n,); the lower median of all halvings."""
    if len(points) < 4 * FEWEST:
        return np.zeros(len(points), np.int64)
    tried = []
    for _ in range(HALVINGS):
        order = rng.permutation(len(points))
        halves = order[: len(order) // 2], order[len(order) // 2 :]
        for chosen, counted in (halves, halves[::-1]):
            groups = _choose(points[chosen], rng)
            tried.append(_without_small(_confirm(groups, points[counted], level)[groups.of(points)]))
        if all(one.max() == 0 for one in tried):  # most are, and then so is the median
            break
    return sorted(tried, key=lambda one: int(one.max()))[(len(tried) - 1) // 2]


def _without_small(numbers: Index) -> Index:
    """Renumber parts, (n,), from 0; none where one has too few examples."""
    _, numbers, counts = np.unique(numbers, return_inverse=True, return_counts=True)
    return numbers if counts.min() >= FEWEST else np.zeros(len(numbers), np.int64)


class Groups:
    """Groups of cells of k-means, with the centres and directions that one half of the examples chooses.

    Args:
        points: (n, D) of this half.
        cells: Of k-means, at most; fewer where points are equal.
        rng: Of its start.

    Attributes:
        least: Score of the least clear valley between two groups; 0 where there is one group.
    """

    def __init__(self, points: Floats, cells: int, rng: np.random.Generator) -> None:
        from sklearn.cluster import KMeans

        cells = min(cells, len(np.unique(points, axis=0)))
        self.fitted = KMeans(cells, n_init=1, random_state=int(rng.integers(2**31))).fit(points)
        self.cells = self.fitted.labels_
        self.scale = _whitening(points - self.fitted.cluster_centers_[self.cells])
        self.points = points @ self.scale
        self.of_cell, self.least = np.arange(cells), 0.0
        self._locate()
        self._join_unclear()

    def __len__(self) -> int:
        return len(self.means)

    def of(self, points: Floats) -> Index:
        """Return the group of any points, (n,)."""
        return np.asarray(self.of_cell[self.fitted.predict(points)])

    def _locate(self) -> None:
        """Compute the means of the groups, (G, D), and how far the points lie along each, (n, G)."""
        numbers = self.of_cell[self.cells]
        self.means = np.stack([self.points[numbers == number].mean(axis=0) for number in range(numbers.max() + 1)])
        self.products, self.gram = self.points @ self.means.T, self.means @ self.means.T

    def valley(self, first: int, second: int) -> Valley | None:
        """Choose windows for two groups, in the region of both; None if nothing is lower between them."""
        along, inside = self.place(self.products, first, second)
        return clearest(along[inside])

    def counts(self, valley: Valley, points: Floats, first: int, second: int) -> Index:
        """Count points (n, D), scaled, in the windows of a valley, (3,)."""
        along, inside = self.place(points @ self.means.T, first, second)
        return valley.counts(along[inside])

    def place(self, products: Floats, first: int, second: int) -> tuple[Floats, NDArray[np.bool_]]:
        """Return where points lie from the mean of one group to that of another, and which lie in their region.

        The region is bounded by a plane to the mean of each further group, halfway from the line between both means.

        Args:
            products: (n, G) of the points with the means.
            first: Group.
            second: Group.
        """
        gram, length = self.gram, self._apart(first, second)
        along = (products[:, second] - products[:, first] - gram[first, second] + gram[first, first]) / length
        others = [number for number in range(len(self)) if number not in (first, second)]
        if not others:
            return along, np.ones(len(products), bool)
        share = gram[others, second] - gram[others, first] - gram[first, second] + gram[first, first]
        share = np.clip(share / length, 0.0, 1.0)
        nearest = np.zeros((len(others), len(self)))  # places between both means, in weights of the means
        nearest[:, first], nearest[:, second] = 1 - share, share
        means = np.eye(len(self))[others]
        bounds = ((means - nearest) @ gram * (means + nearest)).sum(axis=1) / 2
        return along, (products @ (means - nearest).T <= bounds).all(axis=1)

    def _apart(self, first: int, second: int) -> float:
        """Return the squared distance between two means."""
        squared = self.gram[first, first] + self.gram[second, second] - 2 * self.gram[first, second]
        return float(max(squared, 1e-12))

    def _join_unclear(self) -> None:
        """Join groups with no clear valley between them, those with the least deep one first, until all are clear."""
        found: dict[frozenset[int], Valley | None] = {}  # by the first cells of two groups
        while len(self) > 1:
            first_cells = [int(np.flatnonzero(self.of_cell == number)[0]) for number in range(len(self))]
            pairs = {frozenset((first_cells[a], first_cells[b])): (a, b) for a in range(len(self)) for b in range(a)}
            found = {key: found[key] if key in found else self.valley(*pair) for key, pair in pairs.items()}
            unclear = {key: 1.0 if one is None else one.left for key, one in found.items() if _is_unclear(one)}
            if not unclear:
                self.least = min((one.score for one in found.values() if one is not None), default=0.0)
                return
            first, second = pairs[max(unclear, key=lambda key: unclear[key])]
            joined = {first_cells[first], first_cells[second]}
            found = {key: one for key, one in found.items() if not key & joined}
            self.of_cell[self.of_cell == first] = second
            self.of_cell = np.unique(self.of_cell, return_inverse=True)[1]
            self._locate()


def _is_unclear(valley: Valley | None) -> bool:
    return valley is None or valley.score < CLEAR


def _choose(points: Floats, rng: np.random.Generator) -> Groups:
    """Return the groups of the number of cells that leaves the most, and of these the clearest."""
    every = [
        Groups(points, cells, rng) for cells in CELLS if cells == CELLS[0] or len(points) >= cells * FEWEST_IN_CELL
    ]
    return max(every, key=lambda one: (len(one), one.least))


def _confirm(groups: Groups, counted: Floats, level: float) -> Index:
    """Return the number of the cluster of each group, (G,): those that the other half does not tell apart are one.

    No pair is told apart unless one is so clearly that it would be seldom among as many; then each is judged alone. Two
    groups that are told apart are one as well where a third joins them, as pieces of a ring are.

    Args:
        groups: As one half chose them.
        counted: (m, D) the other half.
        level: Of any cut by chance.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    points, count = counted @ groups.scale, len(groups)
    pairs = [(a, b) for a in range(count) for b in range(a)]
    valleys = [groups.valley(*pair) for pair in pairs]
    found = np.array(
        [
            1.0 if valley is None else _p_value(groups.counts(valley, points, *pair))
            for pair, valley in zip(pairs, valleys, strict=True)
        ]
    )
    if not pairs or found.min() * len(pairs) >= level:
        return np.zeros(count, np.int64)
    linked = np.array(pairs)[found >= level].reshape(-1, 2)
    graph = coo_array((np.ones(len(linked)), tuple(linked.T)), shape=(count, count))
    return np.asarray(connected_components(graph, directed=False)[1], np.int64)


def _p_value(counts: Index) -> float:
    """Return the probability of so few in a valley that is no lower than both peaks; 1 for one that is not deep."""
    from scipy.special import bdtr

    left, between, right = counts.tolist()
    if between > DEEP * min(left, right):
        return 1.0
    return max(float(bdtr(between, between + peak, 0.5)) for peak in (left, right))


def _whitening(rest: Floats) -> Floats:
    """Return the matrix (D, D) that brings residuals (n, D) to one variance in every direction, with a ridge.

    Source: linear discriminant, Fisher 1936.
    """
    values, vectors = np.linalg.eigh(rest.T @ rest / len(rest))
    ridge = RIDGE * values.mean() + 1e-12
    return np.asarray(vectors / np.sqrt(np.maximum(values, 0) + ridge))


def clearest(along: Floats) -> Valley | None:
    """Return the clearest valley between two peaks along a direction, (n,); None if there is none."""
    low, high = np.quantile(along, (0.005, 0.995)) if len(along) > 1 else (0.0, 0.0)
    if not high > low:
        return None
    places = ((along - low) * (BINS / (high - low))).astype(np.int64)
    within = places[(places >= 0) & (along >= low) & (along <= high)].clip(0, BINS - 1)
    sums = np.concatenate([[0], np.cumsum(np.bincount(within, minlength=BINS))])
    found = [_clearest_of_width(sums[width:] - sums[:-width], width) for width in WIDTHS]
    score, left, starts, width = max(found, key=lambda one: one[0])
    if score <= 0:
        return None
    edges = np.linspace(low, high, BINS + 1)
    return Valley(np.array([[edges[one], edges[one + width]] for one in starts]), score, left)


def _clearest_of_width(counts: Index, width: int) -> tuple[float, float, tuple[int, int, int], int]:
    """Return score, share left, first bins and width of the clearest valley, from the counts of all windows."""
    middle = np.arange(width, len(counts) - width)
    left = np.maximum.accumulate(counts)[middle - width]
    right = np.maximum.accumulate(counts[::-1])[::-1][middle + width]
    lesser, between = np.minimum(left, right), counts[middle]
    score = (lesser - between) / np.sqrt(lesser + between + 1.0)
    at = int(np.argmax(score))
    begin = int(middle[at])
    last = begin + width + int(np.argmax(counts[begin + width :]))
    first = int(np.argmax(counts[: begin - width + 1]))
    return float(score[at]), float((between[at] + 1) / (lesser[at] + 1)), (first, begin, last), width
