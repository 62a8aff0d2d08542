"""Rows: what a table's input columns are - numbers or categories - as one structured array.

The array's fields are the columns, so that names and kinds travel with the values: float64 for numbers (not a number
where a value is missing), text for categories (empty where one is missing).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dl.errors import BadData
from dl.tables.columns import listed, quote
from dl.tables.features import Features
from dl.tables.groups_times import microseconds
from dl.tables.numbers import NUMBER, absent, matches, without_commas
from dl.tables.stream import called
from dl.terminal import safe_text

MOSTLY = 0.5  # share of numbers from which other words in a column are a mistake
MOST_WORDS, MOST_SHARE = 100, 0.5  # different words, and share of the rows, above which a column names its rows
LONGEST = 100  # characters of a category
LARGEST = 1e100  # of a number: its square is one, too
DAY = 86_400e6  # microseconds
HINT = " (categories={} takes all as words)"
OTHERWISE = ", or say categories={0} or leave_out={0}"

Rows = NDArray[Any]  # Any: a structured type, whose fields numpy cannot type
Column = Any  # a pyarrow ChunkedArray of text


@dataclass
class Found:
    """The columns of a table, one after the other.

    Args:
        arrays: By name: float64 numbers or text.
        kept: (N,) rows whose cells can all be used.
        notes: What was left out, in words.
    """

    kept: NDArray[np.bool_]
    arrays: dict[str, NDArray[Any]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def rows(self) -> Rows:
        """Return the rows that are kept."""
        return rows_of({name: array[self.kept] for name, array in self.arrays.items()})


def rows_of(columns: Mapping[str, NDArray[Any]]) -> Rows:
    """Put columns side by side.

    Args:
        columns: (N,) each: numbers, or text.

    Raises:
        BadData: If there is none.
    """
    if not columns:
        raise BadData("no column can be looked at")
    kinds = [(name, "f8" if array.dtype.kind in "fiub" else array.dtype) for name, array in columns.items()]
    rows = np.empty(len(next(iter(columns.values()))), np.dtype(kinds))
    for name, array in columns.items():
        rows[name] = array
    return rows


def understand(features: Features, categories: Iterable[str]) -> Found:
    """Decide for each column whether it holds numbers, dates or categories, or nothing that can be learnt from.

    Args:
        features: The table.
        categories: Columns that are categories though they are numbers.

    Raises:
        BadData: If a column is neither, naming row and cell, and such rows are not to be left out.
    """
    named, found = set(categories), Found(np.ones(len(features), bool))
    empty, naming, dates = [], [], []
    for name, column in features.columns.items():
        if name not in named:
            column = _plain_numbers(features, name, column, found.notes, OTHERWISE.format(safe_text(name)))
        numbers, missing = matches(column, NUMBER), absent(column)
        there = ~missing
        if not there.any():
            empty.append(name)
        elif name not in named and numbers.sum() > MOSTLY * there.sum():
            found.arrays[name] = _as_numbers(features, name, column, found, HINT.format(safe_text(name)))
        elif not _names_rows(column):
            found.arrays[name] = _as_words(column)
        elif (days := _as_days(column, missing)) is not None:
            found.arrays[name] = days
            dates.append(name)
        else:
            naming.append(name)
    found.notes += [
        f"{why}: {listed(map(quote, names))}"
        for why, names in (
            ("dates, taken as days", dates),
            ("left out, as nothing stands in them", empty),
            ("left out, as nearly every row has another word there", naming),
        )
        if names
    ]
    if not found.arrays:
        raise BadData(f"{called(features.path)}: no input column holds numbers or words that come again")
    features.bad.finish(len(features))
    return found


def as_learnt(features: Features, dtype: np.dtype[np.void]) -> Found:
    """Read columns as the ones that were learnt from, for a prediction.

    Raises:
        BadData: If a cell is no number where numbers were learnt.
    """
    found = Found(np.ones(len(features), bool))
    for name, column in features.columns.items():
        if dtype[name].kind != "f":
            found.arrays[name] = _as_words(column)
            continue
        column = _plain_numbers(features, name, column, found.notes, "")
        missing = absent(column)
        days = None if matches(column, NUMBER).any() else _as_days(column, missing)
        found.arrays[name] = _as_numbers(features, name, column, found, "") if days is None else days
    features.bad.finish(len(features))
    return found


def _plain_numbers(features: Features, name: str, column: Column, notes: list[str], otherwise: str) -> Column:
    """Write numbers without commas, and note what the commas were taken as."""
    column, how = without_commas(features.path, name, column, otherwise)
    if how:
        notes.append(f"commas in column {quote(name)} taken as {how}")
    return column


def _as_numbers(features: Features, name: str, column: Column, found: Found, hint: str) -> NDArray[np.float64]:
    """Return numbers, not a number where one is missing; tell about cells that are none."""
    import pyarrow as pa
    import pyarrow.compute as pc

    numbers = matches(column, NUMBER)
    words = ~(numbers | absent(column))
    read = pc.cast(pc.if_else(pa.array(numbers.copy()), column.combine_chunks(), None), "f8")
    values = np.array(read.to_numpy(zero_copy_only=False), np.float64)
    beyond = numbers & ~(np.abs(values) <= LARGEST)
    for gone, why in ((words, "is no finite number" + hint), (beyond, "is too large a number to be learnt from")):
        if gone.any():
            cell = safe_text(column[int(np.argmax(gone))].as_py(), 40)
            features.bad.these(
                features.rows[gone & found.kept], f"column {quote(name)} holds numbers, but {cell!r} {why}"
            )
            found.kept &= ~gone
    values[~numbers | beyond] = np.nan
    return values


def _as_days(column: Column, missing: NDArray[np.bool_]) -> NDArray[np.float64] | None:
    """Return dates as days since 1970, not a number where one is missing; None if a cell is no date."""
    days = np.full(len(column), np.nan)
    for at, cell in enumerate(column.to_pylist()):
        if missing[at]:
            continue
        if (moment := microseconds(cell)) is None:
            return None
        days[at] = moment / DAY
    return days


def _names_rows(column: Column) -> bool:
    """Return whether nearly every row has a word of its own, or one has more than a category has."""
    import pyarrow.compute as pc

    there = column.filter(pc.not_equal(column, ""))
    different, longest = int(pc.count_distinct(there).as_py()), int(pc.max(pc.utf8_length(there)).as_py())
    return different > max(MOST_SHARE * len(there), 2) or longest > LONGEST or different > 10 * MOST_WORDS


def _as_words(column: Column) -> NDArray[np.str_]:
    """Return words; an empty one where nothing stands. What stands for nothing among numbers is a word here."""
    words = np.asarray(column.to_pylist(), dtype=f"U{LONGEST}")
    return words.astype(f"U{max(int(np.char.str_len(words).max(initial=1)), 1)}")
