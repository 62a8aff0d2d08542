"""Clusters that stand apart are found where they are planted, and nowhere else."""

import numpy as np
import pytest

from dl.maps.agreement import adjusted_rand
from dl.maps.valleys import Groups, clearest, find_clusters


def blobs(centres, each, seed=0):
    rng = np.random.default_rng(seed)
    numbers = np.repeat(np.arange(len(centres)), each)
    return np.asarray(centres, float)[numbers] + rng.normal(size=(len(numbers), len(centres[0]))), numbers


def test_planted_blobs_are_told_apart_and_numbered_by_size():
    points, numbers = blobs(7 * np.eye(4), 60)
    found = find_clusters(points)
    assert adjusted_rand(found, numbers) > 0.95
    assert np.all(np.diff(np.bincount(found)) <= 0)


@pytest.mark.parametrize("shape", ["normal", "lognormal", "uniform", "exponential"])
def test_one_blob_is_one_cluster_whatever_its_shape(shape):
    for seed in range(2):
        points = getattr(np.random.default_rng(seed), shape)(size=(250, 5))
        assert find_clusters(points, seed).max() == 0


def test_a_ring_is_one_piece():
    angle = np.random.default_rng(1).uniform(0, 2 * np.pi, 400)
    noise = 0.05 * np.random.default_rng(2).normal(size=(400, 2))
    assert find_clusters(np.column_stack([np.cos(angle), np.sin(angle)]) + noise).max() == 0


def test_a_pinch_of_examples_or_equal_ones_are_one_cluster():
    assert find_clusters(np.zeros((1, 3))).tolist() == [0]
    assert find_clusters(np.zeros((90, 3))).max() == 0
    assert clearest(np.zeros(5)) is None


def test_the_region_of_two_groups_ends_halfway_to_a_third():
    points, _ = blobs([[0, 0], [8, 0], [4, 9]], 40)
    groups = Groups(points, 3, np.random.default_rng(0))
    assert len(groups) == 3
    products = groups.means @ groups.means.T
    for first, second, third in ((0, 1, 2), (1, 2, 0), (0, 2, 1)):
        along, inside = groups.place(products, first, second)
        assert inside[[first, second]].all() and not inside[third]
        assert along[first] == pytest.approx(0) and along[second] == pytest.approx(1)
