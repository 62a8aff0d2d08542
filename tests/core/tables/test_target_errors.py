"""A target that is not what it was asked for: the line tells what it holds, and which task fits."""

import pyarrow as pa
import pytest

from dl.errors import BadData
from dl.tables import target_errors

MANY = [f"{number + 0.5}" for number in range(120)]


@pytest.mark.parametrize(
    ("cells", "target_as", "message"),
    [
        (
            MANY,
            "classes",
            "120 different values in 120 rows, of which none is repeated; .*; what fits: --task regression$",
        ),
        (MANY, "labels", "120 different values in 120 rows, 120 of them in one row only; .* fits: --task regression$"),
        (["0.5", "1", "0.25", "1"], "classes", "only '1' is repeated; .* fits: --task regression or unit-regression$"),
        (
            ["red", "blue", "red", "blue"],
            "numbers",
            "no number but 2 different values, as 'red'; what fits: --task binary$",
        ),
        (["a", "b", "c"] * 2, "numbers", "no number but 3 different values, as 'a'; what fits: --task multiclass$"),
        (["a", "b", "c", "d"], "numbers", "no number but 4 different values, .*; no task fits such a column"),
        (["a", "a", "a", "b"], "auto", "2 different values in 4 rows, of which only 'a' is repeated"),
    ],
)
@pytest.mark.parametrize("bad_rows", ["stop", "skip"])
def test_a_target_that_is_not_what_it_was_asked_for_says_what_it_holds_and_what_fits(
    target, cells, target_as, message, bad_rows
):
    with pytest.raises(BadData, match=message) as caught:
        target(cells, target_as=target_as, bad_rows=bad_rows)
    assert "a.csv: column 'label' holds" in str(caught.value) and "skip" not in str(caught.value)


def test_many_different_numbers_asked_for_as_classes_are_so_where_those_of_one_row_are_left_out(target):
    cells = [*MANY, *MANY[:80]]
    with pytest.raises(
        BadData, match=r"120 different numbers in 200 rows, 40 of them in one row only; .* regression, or"
    ):
        target(cells, target_as="classes")
    assert len(target(cells, target_as="classes", bad_rows="skip")[1]) == 80


def cells(*words):
    return pa.chunked_array([pa.array(words, pa.string())])


@pytest.mark.parametrize(
    ("describe", "words", "message"),
    [
        (
            target_errors.no_numbers,
            ["red", "blue", "red", "blue"],
            "column 'x' holds no number but 2 different values, as 'red'; what fits: --task binary",
        ),
        (
            target_errors.no_classes,
            ["0.5", "1", "0.25"],
            "column 'x' holds 3 different values in 3 rows, of which none is repeated; "
            "a class needs two rows, one of them for validation; what fits: --task regression or unit-regression",
        ),
        (
            target_errors.no_labels,
            ["a", "b", "b"],
            "column 'x' holds 2 different values in 3 rows, 1 of them in one row only; "
            "labels are repeated, or a cell holds several: separator=; no task fits such a column, "
            "pass another --target",
        ),
    ],
)
def test_the_line_names_what_a_column_holds_and_every_task_that_fits(describe, words, message):
    assert describe("x", cells(*words)) == message
