"""Subsets of a training set are nested, hold every class, and cut no group."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dl.capacity.subsets import beginning, halvings, nested_order


@given(st.lists(st.integers(0, 15), min_size=2, max_size=60), st.integers(0, 5))
def test_every_beginning_holds_whole_groups_and_all_smaller_ones(numbers, seed):
    groups = np.array(numbers)
    order = nested_order(groups, None, seed)
    assert sorted(order) == list(range(len(groups)))
    smaller, larger = (set(beginning(order, groups, size).tolist()) for size in (len(groups) // 3 + 1, len(groups)))
    assert smaller <= larger and len(larger) == len(groups)
    inside = set(groups[list(smaller)])
    assert all((groups[k] in inside) == (k in smaller) for k in range(len(groups)))


def test_each_class_comes_first_and_keeps_its_share():
    strata = np.array([0] * 90 + [1] * 8 + [2] * 2)
    order = nested_order(np.arange(100), strata, 0)
    assert set(strata[order[:3]]) == {0, 1, 2}
    assert np.bincount(strata[order[:50]])[0] in range(43, 47)


def test_sizes_double_and_fill_a_batch():
    assert list(halvings(1600, 32)) == [100, 200, 400, 800, 1600]
    assert list(halvings(115, 8)) == [14, 29, 58, 115]
    assert list(halvings(20, 32)) == [20]
