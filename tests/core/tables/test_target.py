"""What a column asks for: classes, labels or numbers, and why."""

import numpy as np
import pytest

from dl.data.heads import heads_of
from dl.errors import BadData, BadOption


def test_words_are_classes_in_the_order_of_the_alphabet(target):
    values, names, note = target(["spam", "ham", " ham ", "spam"])
    assert values.tolist() == [1, 0, 0, 1] and values.dtype == np.int64 and names == ("ham", "spam")
    assert "2 classes: ham, spam" in note


def test_few_different_whole_numbers_are_classes_named_by_them(target):
    values, names, note = target([10, 2, 5, 10, 2, 5])
    assert values.tolist() == [2, 0, 1, 2, 0, 1] and names == ("2", "5", "10")
    assert "3 classes: 2, 5, 10; few different whole numbers: --task regression takes them as values" in note


def test_whole_numbers_asked_for_as_numbers_keep_their_values(target):
    values, names, _ = target([10, 2, 5, 10, 2, 5], target_as="numbers")
    assert values.tolist() == [10, 2, 5, 10, 2, 5] and values.dtype == np.float64 and names == ("label",)


def test_many_different_whole_numbers_are_values_and_can_be_classes(target):
    values, names, note = target([*range(30), *range(30)])
    assert values.dtype == np.float64 and names == ("label",)
    assert "30 different whole numbers from 0 to 29, taken as values; --task multiclass takes them as classes" in note
    values, names, _ = target([*range(30), *range(30)], target_as="classes")
    assert len(names) == 30 and values.dtype == np.int64


def test_whole_numbers_written_with_a_point_are_whole(target):
    values, names, _ = target(["1.0", "5.0", "1.0", "5.0", "5", "1e0"])
    assert names == ("1", "5") and values.tolist() == [0, 1, 0, 1, 1, 0]


def test_numbers_with_a_leading_zero_are_names(target):
    _, names, note = target(["007", "042", "007", "042"])
    assert names == ("007", "042") and "leading zero" in note


def test_real_numbers_are_values(target):
    values, _, note = target(["1.5", "-2e3", "+.25", "4."])
    assert values.tolist() == [1.5, -2000, 0.25, 4] and "4 different numbers from -2000 to 4" in note


def test_labels_that_are_nearly_numbers_are_refused_and_can_be_words_or_skipped(target):
    cells = ["1", "2", "x", "1", "2", "x"]
    with pytest.raises(
        BadData, match=r"4 of 6 cells of column 'label' are numbers, but not 'x' .*multiclass.* \(4, 7\)"
    ):
        target(cells)
    assert target(cells, target_as="classes")[1] == ("1", "2", "x")
    assert target(cells, bad_rows="skip")[1] == ("1", "2")


@pytest.mark.parametrize("word", ["nan", "inf", "-Infinity", "1e400"])
def test_a_number_that_is_none_is_refused_by_row(target, word):
    with pytest.raises(
        BadData, match=rf"row 3: column 'label' is '{word}', (not a finite number|too large for a number)"
    ):
        target(["1.5", word, "2.5", "3.5"])
    assert target(["1.5", word, "2.5", "3.5"], bad_rows="skip")[0].tolist() == [1.5, 2.5, 3.5]


def test_one_class_only_is_refused_by_name(target):
    with pytest.raises(BadData, match=r"a\.csv: column 'label' holds only one class, 'good'; a classifier needs two"):
        target(["good"] * 4)
    with pytest.raises(BadData, match=r"column 'label' holds only one class, '1'"):
        target([1] * 4)
    with pytest.raises(BadData, match=r"column 'label' is 1\.5 in every row"):
        target([1.5] * 4)


def test_a_class_with_one_example_is_refused_by_row_or_skipped(target):
    cells = ["a", "b", "c", "a", "b"]
    with pytest.raises(BadData, match=r"a\.csv row 4: a class has only one example, as 'c' in column 'label'"):
        target(cells)
    values, names, _ = target(cells, bad_rows="skip")
    assert names == ("a", "b") and values.tolist() == [0, 1, 0, 1]
    with pytest.raises(BadData, match=r"5 different values in 5 rows, of which none is repeated; .* another --target"):
        target(["v", "w", "x", "y", "z"])


def test_classes_that_differ_only_in_case_are_said(target):
    assert "'Spam' and 'spam' differ only in case" in target(["spam", "Spam"] * 2)[2]


def test_joined_labels_are_found_and_said(target):
    values, names, note = target(["a|b", "b", "c| a ", "a|b|c", "b", "c"])
    assert names == ("a", "b", "c") and values.dtype == np.uint8
    assert values.tolist() == [[1, 1, 0], [0, 1, 0], [1, 0, 1], [1, 1, 1], [0, 1, 0], [0, 0, 1]]
    assert "3 labels, separated by '|': a, b, c; --task multiclass takes each cell as one class" in note


def test_joined_labels_with_a_named_separator_may_be_empty(target):
    values, names, _ = target(["a, b", "", "b", "a"], separator=",")
    assert names == ("a", "b") and values.tolist() == [[1, 1], [0, 0], [0, 1], [1, 0]]


def test_joined_words_can_be_classes(target):
    assert target(["a|b", "b|c", "a|b", "b|c"], target_as="classes")[1] == ("a|b", "b|c")


def test_several_columns_of_yes_and_no_are_labels(target):
    values, names, note = target([1, 0, 1], ["yes", "No", "no"], ["TRUE", "false", "true"])
    assert values.tolist() == [[1, 1, 1], [0, 0, 0], [1, 0, 1]] and values.dtype == np.uint8
    assert names == ("t0", "t1", "t2") and "3 labels, a column each" in note


def test_several_columns_of_numbers_are_values(target):
    values, _, note = target([1, 2, 3], ["0.5", "1.5", "2.5"])
    assert values.tolist() == [[1, 0.5], [2, 1.5], [3, 2.5]] and "2 values, a column each" in note
    assert target([1, 0, 1], [0, 1, 1], target_as="numbers")[0].dtype == np.float64


def test_several_columns_that_are_neither_are_refused(target):
    with pytest.raises(BadData, match=r"row 3: target column 't1' is 'x', not a finite number"):
        target([1, 2, 3], ["1", "x", "2"])
    with pytest.raises(BadOption, match="classes need one target column"):
        target([1, 2, 3], [1, 2, 3], target_as="classes")
    assert target([1, 2, 3], ["1", "x", "2"], bad_rows="skip")[0].tolist() == [[1, 1], [3, 2]]


def test_classes_and_labels_are_counted_right_over_many_rows(target):
    rng = np.random.default_rng(0)
    wanted = rng.integers(0, 7, 20_000)
    assert target(wanted.tolist())[0].tolist() == wanted.tolist()
    drawn = rng.integers(0, 2, (5000, 4)).astype(np.uint8)
    joined = ["|".join("abcd"[at] for at in range(4) if row[at]) for row in drawn]
    assert np.array_equal(target(joined, separator="|")[0], drawn)


def test_whole_numbers_that_would_be_rounded_are_names(target):
    near = 2**53
    _, names, note = target([near, near + 1, near + 2] * 10)
    assert names == (str(near), str(near + 1), str(near + 2)) and "beyond 2^53 are names" in note
    with pytest.raises(
        BadData, match=r"40 different values in 40 rows, of which none is repeated; .*: --task regression"
    ):
        target([near + number for number in range(40)])


def test_classes_asked_for_are_not_named_1_point_0(target):
    assert target(["1.0", "2.0", "1.0", "2.0"], target_as="classes")[1] == ("1", "2")
    assert target(["01.0", "02.0"] * 2, target_as="classes")[1] == ("01.0", "02.0")
    assert target(["1.5", "2.0"] * 2, target_as="classes")[1] == ("1.5", "2.0")


def test_names_that_differ_in_inner_blanks_or_in_how_accents_are_composed_are_one_class(target):
    _, names, note = target(["New  York", "New York", "Z\u00fcrich", "Zu\u0308rich"])
    assert names == ("New York", "Z\u00fcrich")
    assert "; spellings that differ in blanks or accents are one, as 'New York'" in note


def test_money_is_a_value_and_few_amounts_are_classes(target):
    values, _, note = target([f"$1,{k:03}.50" for k in range(30)])
    assert values.tolist() == [1000.5 + k for k in range(30)] and "numbers in column 'label' read without '$'" in note
    assert target(["36 months", "60 months"] * 3)[1] == ("36 months", "60 months")


def test_columns_of_different_kinds_are_targets_with_a_head_each(target):
    values, names, note = target(["1.5", "2.5", "4", "9"], ["no", "yes", "no", "yes"], ["b", "a", "a", "b"])
    assert values.tolist() == [[1.5, 0, 1], [2.5, 1, 0], [4.0, 0, 0], [9.0, 1, 1]]
    assert [(head.name, head.kind, head.names) for head in heads_of(names)] == [
        ("t0", "numbers", ("t0",)),
        ("t1", "classes", ("no", "yes")),
        ("t2", "classes", ("a", "b")),
    ]
    assert "3 targets, a head each: 't0': 4 different numbers from 1.5 to 9, taken as values; 't1': 2" in note


def test_a_bad_row_of_one_of_several_targets_is_named(target):
    columns = (["1.5", "2.5", "4", "9", "3"], ["no", "yes", "no", "yes", "maybe"])
    with pytest.raises(BadData, match="a class has only one example, as 'maybe' in column 't1'"):
        target(*columns)
    assert target(*columns, bad_rows="skip")[0].tolist() == [[1.5, 0], [2.5, 1], [4.0, 0], [9.0, 1]]
