"""Columns of numbers, dates and repeated words are rows of a table; counters and names of rows are none."""

from pathlib import Path

import pytest

from dl.tables.columns import Column
from dl_tabular.columns import claims


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ([f"{k * 7 % 11}.25" for k in range(40)], "numbers"),
        (["red", "blue"] * 20, "2 categories"),
        ([f"2024-02-{k % 28 + 1:02d}" for k in range(40)], "dates"),
        ([str(k) for k in range(1, 41)], ""),
        ([f"name {k}" for k in range(40)], ""),
        (["same"] * 40, ""),
    ],
)
def test_what_a_column_holds(cells, words):
    claim = claims(Column("x", tuple(cells)), Path())
    assert (claim.words if claim else "") == words
