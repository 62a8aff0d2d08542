import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dl.groups import Groups

NUMBERS = st.lists(st.integers(0, 7), min_size=12, max_size=60)


def test_examples_of_which_none_or_next_to_none_share_a_group_have_none():
    assert Groups.of(None) is None and Groups.of(np.arange(50)) is None and Groups.of(np.array([], int)) is None
    assert Groups.of(np.r_[np.arange(999), 998]) is None  # two copies among a thousand
    assert Groups.of(np.array([5, 5, 9, 9])).numbers.tolist() == [0, 0, 1, 1]


def test_groups_of_four_inflate_a_variance_at_most_four_times():
    assert Groups(np.repeat(np.arange(9), 4)).inflation == 4


@given(NUMBERS, st.integers(0, 9))
def test_values_by_group_have_the_mean_of_the_examples(numbers, seed):
    groups = Groups.of(np.array(numbers))
    values = np.random.default_rng(seed).normal(3, 2, (2, len(numbers)))
    assert groups is None or groups.values(values).mean(axis=1) == pytest.approx(values.mean(axis=1))


def test_values_by_group_are_the_means_of_groups_of_equal_size():
    groups, values = Groups(np.repeat(np.arange(6), 5)), np.random.default_rng(0).normal(0, 1, 30)
    assert groups.values(values) == pytest.approx(values.reshape(6, 5).mean(axis=1))


def test_a_row_with_a_value_that_is_not_finite_has_no_finite_value_by_group():
    values = np.ones((2, 12))
    values[1, 3] = np.inf
    by_group = Groups(np.arange(12) // 2).values(values)
    assert np.isfinite(by_group[0]).all() and not np.isfinite(by_group[1].sum())


def test_the_error_by_group_is_that_of_a_cluster_robust_regression():
    """The HC2-like form with 1 - n_g / n under each residual, worked by hand for three groups of 1, 2 and 3."""
    groups, values = Groups(np.array([0, 1, 1, 2, 2, 2])), np.array([1.0, 2, 4, 3, 5, 9])
    sums = np.array([1.0, 6, 17]) - np.array([1, 2, 3]) * 4
    residuals = sums / 6 / np.sqrt(1 - np.array([1, 2, 3]) / 6)
    expected = ((residuals - residuals.mean()) ** 2).sum()
    by_group = groups.values(values)
    assert by_group.var(ddof=1) / 3 == pytest.approx(expected)


def test_equal_groups_have_one_degree_of_freedom_less_than_there_are():
    groups, values = Groups(np.repeat(np.arange(12), 7)), np.random.default_rng(0).normal(0, 1, 84)
    assert groups.df(values, groups.values(values)) == pytest.approx(11)


def test_one_group_as_large_as_all_others_leaves_few_degrees_of_freedom_where_its_values_are_alike():
    groups = Groups(np.r_[np.repeat(np.arange(20), 10), np.full(200, 20)])
    alike = np.random.default_rng(1).normal(0, 1, 21)[groups.numbers]
    single = np.random.default_rng(1).normal(0, 1, 400)
    assert groups.df(alike, groups.values(alike)) < 4
    assert groups.df(single, groups.values(single)) < 20


def test_groups_of_some_examples_are_numbered_anew():
    groups = Groups(np.repeat(np.arange(6), 5))
    assert groups.take(np.arange(30) >= 20).numbers.tolist() == [0] * 5 + [1] * 5
    assert groups.take(np.arange(0, 30, 5)) is None
    assert groups.take(np.array([29, 28, 0])).numbers.tolist() == [1, 1, 0]


def test_fewer_than_six_groups_are_too_few_and_say_so():
    five = Groups(np.repeat(np.arange(5), 5))
    assert five.few and five.too_few == "it takes 6 groups or more; found 5"
    assert not Groups(np.repeat(np.arange(6), 5)).few
