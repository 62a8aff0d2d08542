"""Lone examples are found where they are planted, and nowhere else."""

import numpy as np
import pytest

from dl.maps.alone import find_alone


def test_planted_ones_are_found_the_loneliest_first():
    points = np.random.default_rng(0).normal(size=(300, 6))
    points[7], points[3] = 20, -40
    found = find_alone(points)
    assert found.rows.tolist() == [3, 7] and found.times[0] > found.times[1] > 5


@pytest.mark.parametrize("shape", ["normal", "uniform", "exponential", "standard_cauchy"])
def test_a_tail_has_none_however_heavy(shape):
    alone = [len(find_alone(getattr(np.random.default_rng(seed), shape)(size=(400, 5))).rows) for seed in range(8)]
    assert sum(map(bool, alone)) <= 1


def test_few_or_equal_examples_have_none():
    assert len(find_alone(np.zeros((100, 2))).rows) == len(find_alone(np.eye(4)).rows) == 0
