from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dl.data.examples import Subset, fingerprints, whole
from dl.errors import BadData
from dl.splits.leakage import check_classes, check_duplicates, duplicate_groups


@given(st.lists(st.integers(0, 5), min_size=1, max_size=40))
def test_two_examples_are_of_one_group_if_and_only_if_their_keys_agree(numbers):
    keys = np.array([bytes([k]) for k in numbers])
    groups = duplicate_groups(keys)
    for i, key in enumerate(keys):
        assert (groups == groups[i]).tolist() == [other == key for other in keys]
    assert [groups[k] for k in sorted(np.unique(groups, return_index=True)[1])] == list(range(len(set(numbers))))


def test_every_planted_duplicate_across_the_split_is_counted(examples):
    train = np.random.default_rng(0).integers(0, 255, (100, 8), dtype=np.uint8)
    val = np.random.default_rng(1).integers(0, 255, (50, 8), dtype=np.uint8)
    val[[3, 10, 20, 49]] = train[[0, 0, 7, 99]]
    keys = [fingerprints(whole(examples(rows, np.zeros(len(rows))))) for rows in (train, val)]
    (finding,) = check_duplicates(*keys, np.zeros(150, np.int64))
    assert (finding.code, finding.severity) == ("data-duplicates-across-split", "issue")
    assert finding.evidence == {"leaked": 4, "val": 50, "share": 0.08}
    assert finding.message == "4 of 50 validation examples are also in the training set, bit for bit"


def test_duplicates_on_one_side_are_a_note():
    (finding,) = check_duplicates(np.array([b"a", b"a", b"a", b"b"]), np.array([b"c"]), np.zeros(5, np.int64))
    assert (finding.code, finding.severity) == ("data-duplicates", "note")
    assert finding.evidence == {"repeated": 2, "examples": 5}


def test_no_duplicate_is_no_finding():
    assert check_duplicates(np.array([b"a", b"b"]), np.array([b"c"]), np.arange(3)) == []


@pytest.mark.parametrize(
    "targets",
    [np.array([0, 1, 2, 2, 5]), np.array([[0, 1], [1, 1], [2, 2], [2, 2], [5, 5]]), np.array([0.1, 0.2, 1, 1, 2])],
)
def test_one_input_with_two_targets_is_a_conflict(targets):
    keys = np.array([b"a", b"a", b"b", b"b"]), np.array([b"c"])
    found = {finding.code: finding for finding in check_duplicates(*keys, targets)}
    assert found["data-conflicting-targets"].evidence == {"inputs": 1}
    assert found["data-conflicting-targets"].severity == "issue"


@pytest.fixture
def parts(examples):
    """A function that gives a training and a validation set of these targets."""

    def make(train, val, names=()):
        every = examples(np.zeros((len(train) + len(val), 1)), np.array([*train, *val]), names)
        positions = np.arange(len(every))
        return Subset(every, positions[: len(train)]), Subset(every, positions[len(train) :])

    return make


def test_a_class_without_a_training_example_is_refused_by_name(parts):
    with pytest.raises(BadData, match=r"class 'fox' has no training example \(2 in validation\)"):
        check_classes(*parts([0, 1, 0], [2, 2], ("cat", "dog", "fox")))


def test_one_class_is_nothing_to_learn(parts):
    with pytest.raises(BadData, match="all examples are of one class"):
        check_classes(*parts([0, 0], [0]))


def test_targets_that_are_no_classes_are_not_looked_at(parts):
    check_classes(*parts([0.5, 0.5], [0.5]))
    check_classes(*parts([0, 1], [1, 0]))


def test_class_numbers_below_zero_are_refused(parts):
    with pytest.raises(BadData, match="class numbers start at 0"):
        check_classes(*parts([-1, 1], [1, -1]))


def test_a_class_of_one_example_is_refused_with_the_example_where_some_are_held_out(parts):
    train, val = parts([0, 1, 0, 2, 3], [1], ("cat", "dog", "fox", "owl"))
    with pytest.raises(BadData, match=r"class 'fox' has only one example, #3 \(so 1 other has\); a class needs two"):
        check_classes(train, val)
    brought = Subset(replace(train.examples), val.index)  # a validation set of its own
    check_classes(train, brought)
