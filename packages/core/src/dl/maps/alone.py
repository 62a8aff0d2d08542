"""Find lone examples: those so far from their neighbours that the tail of the other distances does not reach them.

The logarithms of the distances to the third neighbour are sorted. Of a tail that falls off as that of most
distributions does, the gaps between the largest, each times its place, are exponential with one mean; a gap that is
too large for the mean of those below it parts lone examples from the others.
Source: spacings, Weissman 1978; gaps of neighbours' distances, Talagala, Hyndman and Smith-Miles 2021.
Letters: ``n`` examples, ``D`` coordinates.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LEVEL = 0.01
NEIGHBOUR = 3
FEWEST = 30  # examples
BELOW = 0.5  # share of the examples whose gaps are compared with
MOST_BELOW = 100  # of these gaps
MOST = 20  # lone examples

Floats = NDArray[np.float64]
Index = NDArray[np.int64]


@dataclass(frozen=True)
class Alone:
    """Lone examples.

    Args:
        rows: The loneliest first.
        times: How many times as far as the median each is from its third neighbour.
    """

    rows: Index
    times: Floats


def find_alone(points: Floats, level: float = LEVEL) -> Alone:
    """Find lone examples among points (n, D) without copies."""
    from sklearn.neighbors import NearestNeighbors

    nothing = Alone(np.empty(0, np.int64), np.empty(0))
    if len(points) < FEWEST:
        return nothing
    distances = NearestNeighbors(n_neighbors=NEIGHBOUR).fit(points).kneighbors()[0][:, -1]
    middle = float(np.median(distances))
    if not middle:
        return nothing
    order = np.argsort(-distances, kind="stable")
    count = _count(np.log(np.maximum(distances[order] / middle, 1e-12)), level)
    return Alone(order[:count], distances[order[:count]] / middle)


def _count(logs: Floats, level: float) -> int:
    """Return how many of descending logarithms lie beyond the tail of the others."""
    from scipy.special import fdtrc

    below = min(int(len(logs) * BELOW), MOST_BELOW)
    most = min(MOST, len(logs) // 20)
    gaps = (logs[:-1] - logs[1:]) * np.arange(1, len(logs))
    found = 0
    for place in range(most):
        others = gaps[place + 1 : place + 1 + below]
        mean = float(others.mean())
        if mean > 0 and fdtrc(2, 2 * len(others), gaps[place] / mean) * most < level:
            found = place + 1
    return found
