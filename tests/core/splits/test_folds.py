from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from dl.errors import BadData
from dl.recipes.protocol import parse_protocol
from dl.splits.folds import Division, hold_out_fold, members
from dl.splits.strata import Strata

SEEDS = st.integers(0, 2**32)


def divide(n, groups=None, strata=None, times=None, names=(), size=0.25, seed=0, window="expanding"):
    strata = None if strata is None else Strata(strata)
    return Division(np.arange(n) if groups is None else groups, strata, names, times, size, seed, window)


def folds_of(division, text):
    protocol = parse_protocol(text)
    return [hold_out_fold(division, protocol, fold) for fold in range(1, protocol.fits + 1)]


@given(st.integers(8, 120), st.integers(2, 6), SEEDS)
def test_every_example_is_held_out_once_in_a_round(n, k, seed):
    splits = folds_of(divide(n, seed=seed), f"kfold:{k}")
    assert np.array_equal(np.sort(np.concatenate([split.val for split in splits])), np.arange(n))
    for split in splits:
        assert (
            np.array_equal(np.union1d(split.train, split.val), np.arange(n)) and len(split.train) + len(split.val) == n
        )
    assert max(len(split.val) for split in splits) - min(len(split.val) for split in splits) <= 1


@given(SEEDS)
def test_each_fold_has_the_share_of_each_class_to_within_one(seed):
    strata = np.repeat([0, 1], [80, 17])
    for split in folds_of(divide(97, strata=strata, seed=seed), "kfold:4"):
        assert 4 <= np.count_nonzero(strata[split.val] == 1) <= 5


def test_rounds_are_shuffled_anew_and_the_same_for_a_seed():
    first, again = (folds_of(divide(40, seed=7), "iterated-kfold:4x3") for _ in range(2))
    assert [split.val.tolist() for split in first] == [split.val.tolist() for split in again]
    assert first[0].val.tolist() != first[4].val.tolist() != first[8].val.tolist()
    assert sorted(np.concatenate([split.val for split in first[4:8]])) == list(range(40))


@given(st.lists(st.integers(0, 30), min_size=60, max_size=120).map(np.array), SEEDS)
def test_no_group_is_cut(groups, seed):
    assume(len(np.unique(groups)) >= 3)
    for split in folds_of(divide(len(groups), groups, seed=seed), "kfold:3"):
        assert not set(groups[split.train]) & set(groups[split.val])


def test_many_groups_are_dealt_like_examples_without_being_cut():
    groups = np.repeat(np.arange(3_000), 2)
    strata = np.repeat(np.arange(3_000) % 3, 2)
    for split in folds_of(divide(6_000, groups, strata), "kfold:4"):
        assert not set(groups[split.train]) & set(groups[split.val])
        assert np.bincount(strata[split.val]).tolist() == [500, 500, 500]


def test_random_holdouts_differ_and_hold_the_asked_share_out():
    splits = folds_of(divide(40, size=0.25), "repeated-holdout:5")
    assert {len(split.val) for split in splits} == {10}
    assert len({tuple(split.val) for split in splits}) == 5


def test_folds_by_time_go_forward_and_never_learn_from_what_is_later():
    times = np.random.default_rng(0).permutation(np.repeat(np.arange(50), 2))
    splits = folds_of(divide(100, times=times), "kfold:4")
    for earlier, later in pairwise(splits):
        assert set(earlier.val) <= set(later.train)
    for split in splits:
        assert times[split.train].max() < times[split.val].min()
        assert len(split.val) == 20
    sliding = folds_of(divide(100, times=times, window="sliding"), "kfold:4")
    assert [len(split.train) for split in sliding] == [20, 20, 20, 20]
    assert [split.val.tolist() for split in sliding] == [split.val.tolist() for split in splits]


def test_examples_of_one_time_are_not_cut_however_many_they_are():
    times = np.array([*[0] * 50, *[1] * 3, *[2] * 3, *range(3, 10)])
    for split in folds_of(divide(len(times), times=times), "kfold:3"):
        assert times[split.train].max() < times[split.val].min()
        assert len(split.val)


REFUSED = [
    (
        divide(5),
        "kfold:6",
        "kfold:6 has more folds than the data: 5 different groups of 5 examples .* protocol=kfold:5",
    ),
    (divide(9, groups=np.arange(9) // 5), "kfold:3", "2 different groups of 9 examples .* protocol=kfold:2"),
    (
        divide(20, strata=np.array([1, 1, *[0] * 18]), names=("common", "rare")),
        "kfold:4",
        "the rarest class, 'rare', has examples: 2  use protocol=kfold:2",
    ),
    (
        divide(20, strata=np.array([1, *[0] * 19])),
        "kfold:4",
        "the rarest class, '1', has examples: 1  use protocol=repeated-holdout:5",
    ),
    (divide(20, times=np.zeros(20)), "kfold:4", "needs 5 different times, and the data has 1  leave --time-on out"),
    (divide(20, times=np.arange(20) // 5), "kfold:4", "the data has 4  use protocol=kfold:3"),
    (divide(20, times=np.arange(20)), "iterated-kfold:4x3", "shuffles, and these examples have an order in time"),
]


@pytest.mark.parametrize(("division", "protocol", "reason"), REFUSED)
def test_folds_that_cannot_be_made_are_refused_with_what_to_do(division, protocol, reason):
    with pytest.raises(BadData, match=reason):
        folds_of(division, protocol)


def test_a_class_has_as_many_members_as_groups_that_hold_it_whatever_stands_first_in_each():
    groups, strata = np.repeat(np.arange(4), 10), np.tile([0] + [1] * 9, 4)  # every group begins with the first class
    assert members(strata, groups).tolist() == [4, 4]
    for split in folds_of(divide(40, groups, strata, names=("first", "rest")), "kfold:4"):
        assert len(split.val) == 10


def test_a_class_of_too_few_groups_is_refused_with_their_number():
    groups, strata = np.repeat(np.arange(6), 5), np.repeat([0, 0, 0, 0, 1, 1], 5)
    with pytest.raises(BadData, match=r"rarest class, 'ill', has different groups \(copies are one\): 2  use"):
        folds_of(divide(30, groups, strata, names=("well", "ill")), "kfold:4")
