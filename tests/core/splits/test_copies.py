"""Equal rows are copies where chance does not make them, and each an example of its own where it does."""

from dataclasses import replace

import numpy as np
import pytest

from dl.data.examples import Examples, Subset, Windows
from dl.data.ragged import Ragged, texts
from dl.splits.copies import equal_by_chance, example_keys, joint_keys, only_copies
from dl.splits.leakage import duplicate_groups, found_in


def rows(**columns):
    kinds = [(name, np.asarray(values).dtype) for name, values in columns.items()]
    made = np.empty(len(next(iter(columns.values()))), kinds)
    for name, values in columns.items():
        made[name] = values
    return made


def examples(inputs, targets=None):
    targets = np.zeros(len(inputs), np.int64) if targets is None else np.asarray(targets)
    return Examples(inputs, targets, np.arange(len(inputs)))


def different(given):
    return len(np.unique(example_keys(given)))


@pytest.mark.parametrize("seed", range(10))
def test_few_different_rows_are_examples_of_their_own(seed):
    rng = np.random.default_rng(seed)
    survey = rows(**{f"q{k}": rng.choice(["yes", "no", "-"], 500) for k in range(5)})
    assert different(examples(survey, rng.integers(0, 2, 500))) == 500
    code = rng.integers(0, 5, 500)
    coded = rows(code=code.astype("f8"), name=np.array(list("abcde"))[code])
    assert different(examples(coded, rng.normal(code, 1))) == 500
    assert different(examples(rows(x=rng.normal(0, 1, 500).round(2)), rng.normal(0, 1, 500))) == 500


@pytest.mark.parametrize("seed", range(10))
def test_copies_of_measured_rows_share_a_key(seed):
    rng = np.random.default_rng(seed)
    once = rows(**{f"x{k}": rng.normal(0, 1, 300).round(3) for k in range(4)}, c=rng.choice(["a", "b"], 300))
    label = rng.integers(0, 2, 300)
    at = np.concatenate([np.arange(300), rng.choice(300, 60, replace=False)])
    assert different(examples(once[at], label[at])) == 300
    assert different(examples(np.concatenate([once, once]), np.concatenate([label, label]))) == 300


def test_equal_rows_with_other_targets_are_measured_anew():
    rng = np.random.default_rng(0)
    once = rows(**{f"x{k}": rng.normal(0, 1, 200).round(3) for k in range(4)})
    again = examples(np.concatenate([once, once]), rng.integers(0, 2, 400))
    assert different(again) == 400


def test_inputs_that_are_no_rows_of_a_table_are_copies_if_they_are_equal():
    assert different(examples(np.zeros((20, 3)), np.arange(20) % 2)) == 1


def test_no_repeated_row_is_equal_by_chance():
    given = rows(x=np.arange(10.0))
    assert not equal_by_chance(given, np.arange(10)).any()


def test_copies_across_two_sets_are_found_and_chance_is_not():
    rng = np.random.default_rng(0)
    once = rows(**{f"x{k}": rng.normal(0, 1, 300).round(3) for k in range(4)})
    train, val = joint_keys(examples(once), examples(once[:50]))
    assert found_in(val, train).all() and len(np.unique(duplicate_groups(train))) == 300
    survey = rows(**{f"q{k}": rng.choice(["yes", "no"], 500) for k in range(4)})
    train, val = joint_keys(examples(survey[:400]), examples(survey[400:]))
    assert not found_in(val, train).any()


def test_few_different_texts_are_examples_of_their_own_and_windows_of_a_text_are_not():
    few, many = texts(["good", "bad", "dull"] * 20), texts([f"text {k // 2}" for k in range(60)])
    label = np.arange(60) % 2
    assert different(examples(few, label)) == 60 and different(examples(many, label)) == 30
    assert different(examples(few, np.empty((60, 0)))) == 3


def test_only_copies_are_kept_to_be_found_again():
    rng = np.random.default_rng(0)
    survey = examples(rows(**{f"q{k}": rng.choice(["yes", "no"], 500) for k in range(4)}), rng.integers(0, 2, 500))
    assert len(only_copies(Subset(survey, np.arange(400)))) == 0
    measured = examples(rows(**{f"x{k}": rng.normal(0, 1, 300) for k in range(4)}))
    assert only_copies(Subset(measured, np.arange(5))).index.tolist() == [0, 1, 2, 3, 4]


def test_windows_of_one_series_are_no_copies_where_nothing_happens():
    flat = Ragged(np.zeros(30, np.float32), np.arange(0, 31, 3))
    examples = Examples(flat, np.zeros(10), np.arange(10))
    times = np.arange(10)
    windows = replace(examples, windows=Windows(np.zeros(10, np.int64), times, times + 3))
    assert len(np.unique(example_keys(windows))) == 10
