import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from dl.errors import BadData
from dl.splits.holdout import choose_probe, holdout, holdout_newest, join_groups

TARGETS = st.lists(st.integers(0, 4), min_size=10, max_size=200).map(np.array)
SEEDS = st.integers(0, 2**32)


@given(TARGETS, st.floats(0.15, 0.85), SEEDS)
def test_the_parts_are_disjoint_and_complete(targets, share, seed):
    split = holdout(np.arange(len(targets)), targets, share, seed)
    both = np.concatenate([split.train, split.val])
    assert np.array_equal(np.sort(both), np.arange(len(targets)))
    assert np.array_equal(split.train, np.sort(split.train)) and np.array_equal(split.val, np.sort(split.val))


@given(TARGETS, st.floats(0.15, 0.85), SEEDS)
def test_each_class_has_its_share_of_validation_to_within_one(targets, share, seed):
    split = holdout(np.arange(len(targets)), targets, share, seed)
    counts = np.bincount(targets, minlength=5)
    held = np.bincount(targets[split.val], minlength=5)
    exact = counts * round(share * len(targets)) / len(targets)
    assert (np.abs(held - exact) <= 1).all()
    assert (counts - held >= 1)[counts > 0].all(), "a class has no example to learn from"


@given(st.integers(2, 300).flatmap(lambda n: st.tuples(st.just(n), st.integers(1, n - 1))), SEEDS)
def test_without_classes_exactly_as_many_are_held_out_as_asked(sizes, seed):
    n, wanted = sizes
    assert len(holdout(np.arange(n), None, wanted, seed).val) == wanted


@given(st.lists(st.integers(0, 20), min_size=40, max_size=120).map(np.array), SEEDS)
def test_no_group_is_cut_and_the_share_is_missed_by_less_than_a_group(groups, seed):
    sizes = np.bincount(groups)
    assume(sizes.max() <= len(groups) // 2)
    split = holdout(groups, None, 0.5, seed)
    assert not set(groups[split.train]) & set(groups[split.val])
    assert 0 <= round(0.5 * len(groups)) - len(split.val) < sizes.max()


def test_a_group_too_large_to_be_held_out_is_passed_over():
    groups = np.array([*[0] * 60, *range(1, 41)])
    for seed in range(10):
        assert len(holdout(groups, None, 20, seed).val) == 20


@given(st.permutations(range(40)), SEEDS)
def test_a_split_depends_on_groups_targets_and_seed_only(numbers, seed):
    targets = np.arange(40) % 3
    first = holdout(np.arange(40), targets, 0.25, seed)
    renamed = holdout(np.arange(40) + 1000, targets, 0.25, seed)
    assert np.array_equal(first.val, renamed.val)
    np.random.seed(numbers[0])  # the global generator has no say
    assert np.array_equal(first.val, holdout(np.arange(40), targets, 0.25, seed).val)


def test_another_seed_is_another_split():
    splits = [holdout(np.arange(100), None, 0.3, seed).val.tolist() for seed in range(5)]
    assert len({tuple(val) for val in splits}) == 5


@pytest.mark.parametrize("size", [0, 10, 11, 0.001, 0.999])
def test_a_size_that_leaves_a_part_empty_is_refused(size):
    with pytest.raises(BadData, match="use val= between 1 and 9"):
        holdout(np.arange(10), None, size, 0)


def test_a_size_between_whole_numbers_is_refused():
    with pytest.raises(BadData, match=r"2\.5"):
        holdout(np.arange(10), None, 2.5, 0)


def test_one_group_of_all_examples_cannot_be_split():
    with pytest.raises(BadData, match="1 different group of 10 examples"):
        holdout(np.zeros(10, np.int64), None, 0.5, 0)


@given(st.integers(1, 50), SEEDS)
def test_the_probe_is_a_sorted_part_of_the_training_examples(size, seed):
    train = np.arange(0, 60, 2)
    chosen = choose_probe(train, size, seed)
    assert len(chosen) == min(size, 30) == len(set(chosen)) and set(chosen) <= set(train)
    assert np.array_equal(chosen, np.sort(chosen)) and np.array_equal(chosen, choose_probe(train, size, seed))


GROUPINGS = st.integers(1, 40).flatmap(
    lambda n: st.lists(st.lists(st.integers(0, 12), min_size=n, max_size=n).map(np.array), min_size=1, max_size=3)
)


@given(GROUPINGS)
def test_joined_groups_are_the_finest_that_cut_none_of_the_given(groupings):
    joined = join_groups(*groupings)
    n = len(joined)
    reach = np.eye(n, dtype=bool)
    for grouping in groupings:
        reach |= grouping[:, None] == grouping[None, :]
    for _ in range(n):
        reach = reach @ reach
    assert np.array_equal(joined[:, None] == joined[None, :], reach)


def test_joined_groups_are_numbered_in_the_order_of_the_first_grouping():
    first, second = np.array([7, 5, 7, 9, 3]), np.array([0, 1, 2, 1, 3])
    assert join_groups(first, second).tolist() == [2, 1, 2, 1, 0]
    assert join_groups(first).tolist() == [2, 1, 2, 3, 0]
    assert join_groups(first[:0], second[:0]).tolist() == []


@given(st.lists(st.integers(0, 1000), min_size=10, max_size=200, unique=True).map(np.array), st.floats(0.15, 0.85))
def test_the_newest_are_held_out_exactly_as_many_as_asked(times, share):
    split = holdout_newest(np.arange(len(times)), times, share)
    assert len(split.val) == round(share * len(times))
    assert times[split.train].max() < times[split.val].min()
    assert np.array_equal(np.sort(np.concatenate([split.train, split.val])), np.arange(len(times)))


@given(
    st.integers(10, 120).flatmap(
        lambda n: st.tuples(*(st.lists(st.integers(0, 30), min_size=n, max_size=n).map(np.array) for _ in range(2)))
    )
)
def test_the_newest_never_cut_a_group_nor_a_time_and_training_is_older(drawn):
    groups, times = drawn
    try:
        split = holdout_newest(groups, times, 0.3)
    except BadData:
        return
    assert not set(groups[split.train]) & set(groups[split.val])
    ends = {group: times[groups == group].max() for group in set(groups.tolist())}
    assert max(ends[group] for group in groups[split.train]) < min(ends[group] for group in groups[split.val])
    assert len(split.val) >= round(0.3 * len(times))


def test_the_rule_says_how_many_of_the_newest_are_held_out():
    split = holdout_newest(np.arange(100), np.arange(100)[::-1], 0.2)
    assert split.rule == "newest 20 % by time" and split.val.tolist() == [*range(20)]


def test_all_of_one_time_cannot_be_split_by_time():
    with pytest.raises(BadData, match="leaves none for training"):
        holdout_newest(np.arange(10), np.zeros(10), 0.2)
    with pytest.raises(BadData, match=r"use a smaller val=$"):
        holdout_newest(np.arange(10), np.zeros(10), 0.2)
    with pytest.raises(BadData, match=r"use a smaller val=, or split without time_on=$"):
        holdout_newest(np.arange(10), np.zeros(10), 0.2, ", or split without time_on=")
