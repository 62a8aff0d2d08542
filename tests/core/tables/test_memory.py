"""Targets and frames in memory: the rules of files, and the types listened to."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch

from dl.data.heads import heads_of
from dl.data.memory import take
from dl.errors import BadData, BadOption
from dl.tables.memory import encode_target, split_frame, understand_target


def understood(target, n, **options):
    found = understand_target(target, n, options)
    return found.values.tolist(), found.names


@pytest.mark.parametrize(
    ("target", "values", "names"),
    [
        ([0, 1, 0, 1], [0, 1, 0, 1], ("0", "1")),
        (np.array([3, 5, 3, 5]), [0, 1, 0, 1], ("3", "5")),
        (torch.tensor([1, 0, 1, 0]), [1, 0, 1, 0], ("0", "1")),
        ([True, False, True, False], [1, 0, 1, 0], ("False", "True")),
        (["b", "a", "b", "a"], [1, 0, 1, 0], ("a", "b")),
        (np.array([["b"], ["a"]]).ravel().repeat(2), [1, 1, 0, 0], ("a", "b")),
        (pd.Series(["b", "a"] * 2), [1, 0, 1, 0], ("a", "b")),
        (pd.Series(pd.Categorical(["lo", "hi"] * 2, ["lo", "hi", "top"])), [0, 1, 0, 1], ("lo", "hi")),
        (pd.Series(pd.Categorical([7, 5] * 2, [7, 5])), [0, 1, 0, 1], ("7", "5")),
        (pl.Series(["b", "a"] * 2), [1, 0, 1, 0], ("a", "b")),
        (pl.Series(["lo", "hi"] * 2, dtype=pl.Enum(["lo", "hi"])), [0, 1, 0, 1], ("lo", "hi")),
        ([1.0, 0.0, 1.0, 0.0], [1.0, 0.0, 1.0, 0.0], ("target",)),
        ([[1.5], [0], [1], [2]], [1.5, 0, 1, 2], ("target",)),
        ([[1, 0], [0, 0], [1, 1], [0, 1]], [[1, 0], [0, 0], [1, 1], [0, 1]], ("target 0", "target 1")),
        ([[1.0, 2.0]] * 4, [[1.0, 2.0]] * 4, ("target 0", "target 1")),
    ],
    ids=str,
)
def test_a_target_is_understood_by_its_type(target, values, names):
    assert understood(target, 4) == (values, names)


def test_whole_numbers_that_count_from_0_are_class_numbers_however_many_there_are():
    values, names = understood(np.arange(100).repeat(2), 200)
    assert values == np.arange(100).repeat(2).tolist() and names == tuple(map(str, range(100)))
    assert understood(np.arange(1, 101).repeat(2), 200)[1] == ("target",)


def test_what_is_asked_for_wins_over_the_type():
    assert understood([1.0, 2.0, 1.0, 2.0], 4, target_as="classes") == ([0, 1, 0, 1], ("1", "2"))
    assert understood([1, 2, 1, 2], 4, target_as="numbers") == ([1.0, 2.0, 1.0, 2.0], ("target",))


@pytest.mark.parametrize(
    ("target", "options", "line"),
    [
        ([1, 0, 1], {}, "4 inputs and 3 targets do not match; give one target for each input"),
        ([1.0, np.nan, 1, np.nan], {}, "the target has no value in 2 of 4 rows, first in row 1; leave such rows out"),
        ([1.0, np.inf, 1, 2], {}, "the target is infinite in row 1; leave such rows out"),
        (["a", " ", "a", "b"], {}, "the target has no value in one row, first in row 1; leave such rows out"),
        ([2, 2, 2, 2], {}, "the target holds only one class, 2; a classifier needs two"),
        ([2.0, 2.0, 2.0, 2.0], {}, "the target is 2 in every row; there is nothing to learn"),
        ([0, 0, 0, 1], {}, "the target: class 1 has one example only; a class needs two, one of them for validation"),
        ([1.5, 0, 1, 2], {"target_as": "classes"}, "the target holds 1.5; classes are whole numbers or words"),
        (
            [[1, 2]] * 4,
            {"target_as": "labels"},
            "the target: labels are 0 or 1; these go from 1 to 2",
        ),
        (
            [[1, 0]] * 4,
            {"target_as": "classes"},
            "classes need one target column; the target has 2, as target 0, target 1",
        ),
        (np.zeros((4, 1, 1)), {}, "a target has one or two axes; an array of float64 (4, 1, 1) was given"),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else "",
)
def test_a_target_that_cannot_be_learnt_is_refused_in_one_line(target, options, line):
    with pytest.raises(BadData) as refused:
        understand_target(target, 4, options)
    assert str(refused.value) == line


FRAME = pd.DataFrame({"a": [1, 2, 3, 4], "who": list("xxyy"), "price": [1.5, 2.5, 3.5, 4.5], "day": ["2024-01-01"] * 4})


def test_target_groups_and_times_are_taken_off_a_frame():
    options = {"target": "price", "group_on": "who", "time_on": "day"}
    inputs, known = split_frame(take(FRAME), options, labelled=True)
    assert inputs.values.column_names == ["a"]
    assert known.groups.tolist() == [0, 0, 1, 1] and len(known.times) == 4
    assert understood(known.target, 4) == ([1.5, 2.5, 3.5, 4.5], ("price",))


def test_a_target_that_is_called_so_is_found():
    inputs, known = split_frame(take(FRAME.rename(columns={"price": "label"})), {}, labelled=True)
    assert "label" not in inputs.values.column_names and known.notes == ("target: column 'label', by its name",)


@pytest.mark.parametrize(
    ("frame", "options", "line"),
    [
        (
            FRAME,
            {"target": "prise"},
            "the frame has no column 'prise' for target; did you mean 'price'?  columns: a, who, price, day",
        ),
        (
            FRAME,
            {},
            "the frame needs a target: name its column, as target='day'  columns: a, who, price, day",
        ),
        (
            FRAME.assign(label=1, y=2),
            {},
            "the frame needs a target: name its column, as target='y'  several columns fit: label, y",
        ),
        (
            FRAME.assign(copy=FRAME.price),
            {"target": "price"},
            "the frame: target column 'price' is the same as input column 'copy' in every row; the input would "
            "give the answer away",
        ),
        (
            FRAME,
            {"target": "price", "time_on": "who"},
            "the frame: column 'who' is 'x', not a time; write 2024-02-01, 2024-02-01T13:00:00 or a number in 4 of 4 "
            "rows (0, 1, 2, ...); fix them, or continue without them: bad_rows=skip",
        ),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else "",
)
def test_a_frame_without_a_sound_target_is_refused_in_one_line(frame, options, line):
    with pytest.raises((BadData, BadOption)) as refused:
        split_frame(take(frame), options, labelled=True)
    assert str(refused.value) == line


def test_targets_to_score_are_numbered_as_the_run_has_learnt_them():
    assert encode_target(["b", "a"], 2, ("a", "b"), {}, classes=True).tolist() == [1, 0]
    assert encode_target([3.0, 5.0], 2, ("3", "5"), {}, classes=True).tolist() == [0, 1]
    assert encode_target([True, False], 2, ("False", "True"), {}, classes=True).tolist() == [1, 0]
    assert encode_target(["x|y", "y"], 2, ("x", "y"), {}, classes=False).tolist() == [[1, 1], [0, 1]]


@pytest.mark.parametrize(
    ("target", "names", "classes", "line"),
    [
        (["c", "a"], ("a", "b"), True, "the target is 'c' in row 0, not a class of the run: a, b"),
        ([0.5, 1.0], ("0", "1"), True, "the target holds 0.5; the run predicts classes"),
        (["z", "x"], ("x", "y"), False, "the target names 'z' in row 0, not a label of the run"),
        ([1.0, 2.0], ("x", "y"), False, "the target has 1 column; the run predicts 2: x, y"),
    ],
)
def test_targets_that_a_run_does_not_know_are_refused_in_one_line(target, names, classes, line):
    with pytest.raises(BadData) as refused:
        encode_target(target, 2, names, {}, classes=classes)
    assert str(refused.value) == line


def test_columns_of_words_beside_numbers_are_targets_of_their_own():
    frame = pd.DataFrame({"price": [1.5, 2.0, 4.0, 8.0], "sold": ["no", "yes", "no", "yes"]})
    table = take(frame).values
    values, names = understood({name: table[name] for name in table.column_names}, 4)
    assert values == [[1.5, 0], [2.0, 1], [4.0, 0], [8.0, 1]] and names == ("price", "sold")
    assert [head.kind for head in heads_of(names)] == ["numbers", "classes"]
