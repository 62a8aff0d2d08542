"""Rows that cannot be used end the reading in one line, or are left out and counted."""

from pathlib import Path

import numpy as np
import pytest

from dl.data.examples import LeftOut
from dl.errors import BadData
from dl.tables.source import BadRows, check_columns


@pytest.fixture
def bad():
    """A function that makes a tally of a table: bad(skip=True)."""
    return lambda skip: BadRows(Path("some/a.csv"), "row", skip)


def test_rows_are_left_out_in_order_with_where_they_stand(bad):
    rows = bad(skip=True)
    rows.report_row(7, "3 cells")
    rows.report(np.array([9, 12]), "empty")
    rows.finish(20)
    assert rows.lines == ["a.csv row 7: 3 cells", "a.csv row 9: empty", "a.csv row 12: empty"]


def test_skipped_rows_are_told_with_their_places_among_the_kept_and_their_first_reason(bad):
    rows = bad(skip=True)
    rows.report(np.array([4, 6]), "empty")
    rows.report(np.array([6]), "is no number")
    rows.report_row(2, "3 cells")
    assert rows.left_out(np.array([3, 5, 7])) == (
        LeftOut(0, "a.csv row 2", "3 cells"),
        LeftOut(1, "a.csv row 4", "empty"),
        LeftOut(2, "a.csv row 6", "empty"),
    )


def test_a_row_after_which_nothing_can_be_trusted_ends_the_reading_at_once(bad):
    with pytest.raises(BadData, match=r"^a\.csv row 7: 3 cells; fix it, or continue without it: bad_rows=skip$"):
        bad(skip=False).report_row(7, "3 cells")


def test_one_bad_row_is_named_and_many_are_counted_with_the_first_three(bad):
    rows = bad(skip=False)
    rows.report(np.array([7]), "empty")
    with pytest.raises(BadData, match=r"^a\.csv row 7: empty; fix it"):
        rows.finish(20)
    rows.report(np.array([8, 9, 10]), "empty")
    with pytest.raises(BadData, match=r"^a\.csv: empty in 4 of 1,000 rows \(7, 8, 9, \.\.\.\); fix them"):
        rows.finish(1000)


def test_a_table_without_a_bad_row_is_not_refused(bad):
    rows = bad(skip=False)
    rows.report(np.array([], np.int64), "empty")
    rows.finish(20)
    assert rows.lines == []


def test_columns_of_one_name_are_refused_with_their_numbers():
    check_columns(Path("a.csv"), ["x", "y", "X"])
    with pytest.raises(BadData, match=r"a\.csv: columns 1 and 3 have one name, 'x'; rename one, or use header=no"):
        check_columns(Path("a.csv"), ["x", "y", "x"])
