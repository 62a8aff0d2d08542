"""Figures beside a map: k-means, how compact its clusters are, and how far they agree with classes.

Letters: ``n`` examples, ``P`` components, ``k`` clusters.
Source: silhouette, Rousseeuw 1987; adjusted Rand index, Hubert and Arabie 1985.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dl.errors import BadData

MOST_K = 10  # clusters that are tried
MOST_CLASSES = 50
FEWEST = 10  # examples
SCORED = 1_000  # examples that silhouettes are computed of
SHUFFLES = 99  # of the classes

Floats = NDArray[np.float64]
Index = NDArray[np.int64]


@dataclass(frozen=True)
class Compact:
    """The number of clusters of k-means with the best silhouette.

    Args:
        k: Number of clusters.
        silhouette: From -1 to 1.
        by_chance: The best one of a blob of the same size and deviations.
    """

    k: int
    silhouette: float
    by_chance: float


@dataclass(frozen=True)
class Agreement:
    """How far as many clusters of k-means as there are classes agree with them.

    Args:
        k: Number of classes.
        rand: Adjusted Rand index: 1 for the same parts, about 0 for unrelated ones.
        purity: Share of the examples in the most common class of their cluster.
        by_chance: The largest index of shuffled classes.
    """

    k: int
    rand: float
    purity: float
    by_chance: float


def most_compact(points: Floats, seed: int) -> Compact | None:
    """Choose k by silhouette, for points (n, P); None of few examples, or where all are the same."""
    rng = np.random.default_rng([seed, 0x51])
    some = points if len(points) <= SCORED else points[rng.choice(len(points), SCORED, replace=False)]
    if len(np.unique(some, axis=0)) < FEWEST:
        return None
    k, silhouette = _best(some, seed)
    blob = rng.normal(size=some.shape) * some.std(axis=0)
    return Compact(k, silhouette, _best(blob, seed)[1])


def _best(points: Floats, seed: int) -> tuple[int, float]:
    from sklearn.metrics import silhouette_score

    found = []
    for k in range(2, min(MOST_K, len(points) // 3) + 1):
        labels = _cluster(points, k, seed)
        if labels.any():
            found.append((k, float(silhouette_score(points, labels))))
    return max(found, key=lambda one: one[1])


def _cluster(points: Floats, k: int, seed: int) -> Index:
    from sklearn.cluster import KMeans

    return np.asarray(KMeans(k, n_init=2, random_state=seed).fit(points).labels_, np.int64)


def agree(points: Floats, classes: Index, seed: int) -> Agreement | None:
    """Compare clusters of points (n, P) with their classes, (n,); None where that tells nothing."""
    k = len(np.unique(classes))
    if not 2 <= k <= MOST_CLASSES or len(points) < max(FEWEST, 2 * k) or len(np.unique(points, axis=0)) < k:
        return None
    labels = _cluster(points, k, seed)
    rng = np.random.default_rng([seed, 0x52])
    shuffled = max(adjusted_rand(labels, rng.permutation(classes)) for _ in range(SHUFFLES))
    purity = float(crossed(labels, classes).max(axis=1).sum() / len(labels))
    return Agreement(k, adjusted_rand(labels, classes), purity, shuffled)


def crossed(rows: Index, columns: Index) -> Index:
    """Count how often each pair of numbers stands together, (rows, columns)."""
    if len(rows) != len(columns):
        raise BadData(f"{len(rows)} and {len(columns)} numbers do not match")
    width = int(columns.max(initial=0)) + 1
    height = int(rows.max(initial=0)) + 1
    return np.bincount(rows * width + columns, minlength=height * width).reshape(height, width)


def adjusted_rand(first: Index, second: Index) -> float:
    """Return the adjusted Rand index of two partitions, (n,) each."""
    counts = crossed(first, second).astype(np.float64)
    pairs = [(each * (each - 1) / 2).sum() for each in (counts, counts.sum(axis=1), counts.sum(axis=0))]
    expected = pairs[1] * pairs[2] / max(len(first) * (len(first) - 1) / 2, 1.0)
    most = (pairs[1] + pairs[2]) / 2
    return 1.0 if most == expected else float((pairs[0] - expected) / (most - expected))
