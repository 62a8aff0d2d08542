import pytest

from dl.errors import BadData
from dl.tables.series import read_series
from dl.tables.table import check_table_options, open_table

OPTIONS = {"sequence_on": "id", "time_on": "day", "target": "y"}


@pytest.fixture
def read(tmp_path):
    """Read a table in long form from its rows."""

    def found(rows, header="id,day,x,y", **options):
        path = tmp_path / "t.csv"
        path.write_text("\n".join([header, *rows]) + "\n")
        return read_series(open_table(path, check_table_options({})), OPTIONS | options)

    return found


def test_steps_stand_series_after_series_in_order_of_time(read):
    table = read(["b,2024-02-03,5,2.5", "a,2024-02-02,1,1.5", "b,2024-02-01,7,2.5", "a,2024-02-10,3,1.5"])
    assert table.series == ("b", "a") and table.offsets.tolist() == [0, 2, 4]
    assert table.steps.columns["x"].to_pylist() == ["7", "5", "1", "3"] and table.steps.rows.tolist() == [4, 2, 3, 5]
    assert table.targets.tolist() == [2.5, 1.5]


def test_the_target_is_inferred_from_one_cell_a_series(read):
    rows = [f"{k},2024-01-{day:02d},{k * day},{k}" for k in range(1, 13) for day in range(1, 9)]
    table = read(rows)
    assert table.targets.dtype.kind == "f", (
        "twelve different numbers of twelve series are no classes, whatever the rows"
    )


def test_a_target_that_changes_is_refused_or_that_of_the_last_row(read):
    rows = ["a,1,1,no", "a,2,1,yes", "b,1,1,no", "b,2,2,no"]
    with pytest.raises(
        BadData, match=r"'y' changes within 1 of 2 series, as from 'no' to 'yes' in 'a'  use target_at=last"
    ):
        read(rows)
    table = read([*rows, "c,1,1,yes", "d,1,1,no"], target_at="last")
    assert [table.names[k] for k in table.targets] == ["yes", "no", "yes", "no"]


def test_late_steps_and_equal_times_are_noted_with_their_share(read):
    notes = read([f"a,{day},1,1.5" for day in (1, 2, 3, 4, 9)] + ["b,1,1,2.5", "b,1,2,2.5"]).steps.notes
    assert any(
        note.startswith("unevenly spaced: 20 % of the steps come later than the usual one in 'day'") for note in notes
    )
    assert "1 step of one time as the one before, in the order of the file" in notes


def test_series_without_a_valid_target_are_skipped_whole(read):
    rows = ["a,1,1,1.5", "a,2,2,1.5", "b,1,3,oops", "b,2,4,oops", "c,1,5,3.25", "c,2,6,3.25"]
    table = read(rows, bad_rows="skip", target_as="numbers")
    assert table.series == ("a", "c") and table.steps.columns["x"].to_pylist() == ["1", "2", "5", "6"]
