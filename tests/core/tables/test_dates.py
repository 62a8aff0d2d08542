"""Dates in the spellings of people, and the numbers they are taken apart into."""

from datetime import UTC, datetime

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dl.errors import BadData
from dl.tables.dates import column_of, microseconds, part_name, read_dates, take_apart


def column(*cells):
    return pa.chunked_array([pa.array(cells, pa.string())])


def days(*cells, name="x", **more):
    dates = read_dates(name, column(*cells), **more)
    return None if dates is None else [datetime.fromtimestamp(m / 1e6, UTC).strftime("%Y-%m-%d") for m in dates.moments]


@pytest.mark.parametrize(
    "cell",
    ["2024-02-01", "2024/02/01", "2024/2/1", "01.02.2024", "1 Feb 2024", "1st February 2024", "Feb 1, 2024",
     "2024-02-01T13:30:00", "2024-02-01 13:30", "01.02.2024 13:30", "Thu, 1 Feb 2024"],
)  # fmt: skip
def test_the_first_of_february_in_many_spellings(cell):
    assert days(cell) == ["2024-02-01"]


def test_a_day_above_twelve_proves_which_comes_first():
    assert days("01/02/2024", "13/02/2024") == ["2024-02-01", "2024-02-13"]
    assert days("02/01/2024", "02/13/2024") == ["2024-02-01", "2024-02-13"]
    assert read_dates("x", column("01/02/2024", "13/02/2024")).note == "the day first"
    unsure = read_dates("x", column("01/02/2024", "03/02/2024"))
    assert unsure.note == "the day first, which no cell proves; dates=month otherwise" and unsure.first == "day"
    assert days("01/02/2024", "03/02/2024", first="month") == ["2024-01-02", "2024-03-02"]
    with pytest.raises(BadData, match="column 'x' holds '13/02/2024' and '02/13/2024', so 01/02/2024 may be in"):
        read_dates("x", column("13/02/2024", "02/13/2024"))


def test_mixed_spellings_are_named():
    assert read_dates("x", column("2024-02-01", "01.02.2024")).note == "in 2 spellings, as 01.02.2024, 2024-02-01"


@pytest.mark.parametrize("cells", [["1.5", "2"], ["12", "13"], ["2024", "2025"], ["a"], ["2024-02-30"], ["1/2"], [""]])
def test_what_is_no_date_is_none(cells):
    assert read_dates("x", column(*cells)) is None


def test_seconds_since_1970_are_dates_where_the_name_speaks_of_time():
    assert days("1706745600", "1706832000", name="created_at") == ["2024-02-01", "2024-02-02"]
    assert days("1706745600000", name="timestamp") == ["2024-02-01"]
    assert days("1706745600", name="amount") is None and days("17", name="time") is None
    assert days("20240201", "20240202") == ["2024-02-01", "2024-02-02"]


def test_a_date_is_taken_apart_and_a_gap_is_not_a_number():
    parts = take_apart("day", read_dates("day", column("2024-02-29T06:00", "na", "1969-12-31T00:00")))
    shown = {name: values.tolist() for name, values in parts.items()}
    assert shown["day (year)"][0] == 2024 and shown["day (month)"][0] == 2 and shown["day (day)"][0] == 29
    assert shown["day (weekday)"][0] == 3 and shown["day (hour)"][0] == 6 and shown["day (days)"][0] == 19782.25
    assert shown["day (year)"][2] == 1969 and shown["day (month)"][2] == 12 and shown["day (days)"][2] == -1
    assert all(value != value for value in (values[1] for values in shown.values()))


def test_a_part_belongs_to_its_column():
    assert column_of(part_name("when", "year")) == "when" and column_of("size (cm)") == "size (cm)"


def test_iso_dates_are_microseconds_since_1970():
    assert microseconds("1970-01-02") == 86_400_000_000 and microseconds("2024-13-01") is None


SPELLED = (
    lambda moment: moment.isoformat(),
    lambda moment: moment.isoformat(" ", "minutes"),
    lambda moment: moment.isoformat("T", "milliseconds"),
    lambda moment: moment.strftime("%Y-%m-%d"),
)
PLAIN = st.builds(
    lambda spell, moment: spell(moment),
    st.sampled_from(SPELLED),
    st.datetimes(datetime(1000, 1, 1), datetime(2999, 12, 31)),
)


@given(st.lists(PLAIN | st.sampled_from(["", "n/a"]), min_size=1, max_size=5))
def test_plain_dates_that_are_read_at_once_are_those_read_one_by_one(cells):
    dates = read_dates("x", column(*cells))
    moments = [microseconds(cell) for cell in cells if len(cell) > 3]
    assert (dates is None) == (not moments)
    if dates is not None:
        assert dates.moments[~dates.missing].tolist() == moments
        assert dates.missing.tolist() == [len(cell) <= 3 for cell in cells]


@pytest.mark.parametrize("cell", ["2024-02-30", "2024-13-01", "2024-02-01 24:00", "2024-02-01 10:61"])
def test_a_day_that_there_is_not_is_no_date(cell):
    assert read_dates("x", column("2024-02-01", cell)) is None
