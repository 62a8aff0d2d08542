"""Groups and times of rows: equal cells are one group, dates sort as they were."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from dl.errors import BadData
from dl.tables.groups_times import group_numbers, microseconds, read_times
from dl.tables.source import BadRows

FORMATS = (".csv", ".tsv", ".jsonl", ".json", ".parquet")
REVIEWS = {
    "review": ["a fine film", "twice seen", "no more of it", "dull; and, long"],
    "label": ["good", "bad", "good", "bad"],
}


def test_groups_and_times_come_with_the_examples(written, opened):
    columns = REVIEWS | {
        "author": ["ann", "bob", "ann", "cy"],
        "day": ["2024-03-01", "2024-01-01", "2024-02-01T10:00:00+02:00", "2023-12-31"],
    }
    examples = opened(written("a.csv", columns), group_on="author", time_on="day").examples()
    assert examples.groups.tolist() == [0, 1, 0, 2]
    assert np.argsort(examples.times).tolist() == [3, 1, 2, 0] and examples.times.dtype == np.int64


def test_numbers_beyond_two_to_the_53_stay_apart(written, opened):
    near = 2**53
    columns = {
        "text": ["a b", "c d", "e f", "g h"],
        "label": ["x", "y"] * 2,
        "user": [near, near + 1, near, near + 2],
        "at": [near, near + 1, near + 2, near + 3],
    }
    for suffix in FORMATS:
        examples = opened(written(f"a{suffix}", columns), group_on="user", time_on="at").examples()
        assert examples.groups.tolist() == [0, 1, 0, 2] and examples.times.tolist() == columns["at"]


def test_a_time_that_is_none_is_refused_by_row(written, opened):
    columns = REVIEWS | {"day": ["2024-03-01", "01/02/2024", "2024-02-30", "2023-12-31"]}
    with pytest.raises(
        BadData, match=r"column 'day' is '01/02/2024', not a time; write 2024-02-01, .* in 2 of 4 rows \(3, 4\)"
    ):
        opened(written("a.csv", columns), time_on="day")


def test_equal_cells_are_one_group_numbered_as_they_come():
    assert group_numbers(pa.chunked_array([["b", "a"], ["b", "c"]])).tolist() == [0, 1, 0, 2]


@pytest.mark.parametrize(
    ("cell", "time"),
    [
        ("1970-01-01", 0),
        ("1970-01-02", 86_400_000_000),
        ("1970-01-01T00:00:01.5", 1_500_000),
        ("1970-01-01T01:00:00+01:00", 0),
        ("1969-12-31T23:59:59Z", -1_000_000),
        ("1970-13-01", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_a_date_is_the_microseconds_since_1970_in_utc(cell, time):
    assert microseconds(cell) == time


@pytest.mark.parametrize(("cells", "times"), [(["3", "-1", "2"], [3, -1, 2]), (["1.5", "1e3", "2"], [1.5, 1000, 2])])
def test_numbers_are_times_as_they_are(cells, times):
    bad = BadRows(Path("a.csv"), "row", skip=False)
    found, good = read_times("at", pa.chunked_array([cells]), np.arange(2, 5), bad)
    assert found.tolist() == times and good.all()
