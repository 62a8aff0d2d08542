"""The figures beside a map, against scikit-learn and by hand."""

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from dl.errors import BadData
from dl.maps.agreement import adjusted_rand, agree, crossed, most_compact


def test_the_index_is_that_of_scikit_learn():
    rng = np.random.default_rng(0)
    first, second = rng.integers(0, 4, 80), rng.integers(0, 3, 80)
    assert adjusted_rand(first, second) == pytest.approx(adjusted_rand_score(first, second))
    assert adjusted_rand(first, first) == 1


def test_pairs_are_counted_by_hand():
    assert crossed(np.array([0, 0, 1]), np.array([1, 1, 0])).tolist() == [[0, 2], [1, 0]]
    with pytest.raises(BadData, match="do not match"):
        crossed(np.arange(2), np.arange(3))


def test_three_blobs_have_three_clusters_that_are_their_classes():
    numbers = np.repeat(np.arange(3), 30)
    points = 9 * np.eye(3)[numbers] + np.random.default_rng(0).normal(size=(90, 3))
    compact, agreement = most_compact(points, 0), agree(points, numbers, 0)
    assert compact.k == 3 and compact.silhouette > compact.by_chance + 0.2
    assert agreement.rand > 0.95 > 0.2 > agreement.by_chance and agreement.purity > 0.95


def test_too_little_tells_nothing():
    assert most_compact(np.zeros((40, 2)), 0) is None and agree(np.zeros((40, 2)), np.arange(40) % 2, 0) is None
