"""Parse the input columns of a table as numbers, dates or categories, into one structured array.

Its fields are the columns: float64 for numbers (NaN where missing), text for categories (empty where missing).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dl.errors import BadData
from dl.tables.columns import list_names, quote
from dl.tables.features import Features
from dl.tables.groups_times import microseconds
from dl.tables.numbers import NUMBER, is_missing, matches, without_commas
from dl.tables.stream import file_name
from dl.terminal import safe_text

MOSTLY = 0.5  # share of numbers from which other words in a column are errors
MOST_WORDS, MOST_SHARE = 100, 0.5  # distinct words, and share of the rows, above which a column identifies rows
LONGEST = 100  # characters of a category
LARGEST = 1e100  # largest number whose square is finite, with a margin
DAY = 86_400e6  # microseconds
HINT = " (categories={} reads all cells as categories)"
OTHERWISE = ", or use categories={0} or leave_out={0}"

Rows = NDArray[Any]  # Any: a structured type, whose fields numpy cannot type
Column = Any  # a pyarrow ChunkedArray of text


@dataclass
class ParsedColumns:
    """The parsed columns of a table.

    Args:
        kept: (N,) rows whose cells can all be used.
        arrays: (N,) float64 numbers or text, by column name.
        notes: Sentences on what was inferred and left out.
    """

    kept: NDArray[np.bool_]
    arrays: dict[str, NDArray[Any]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def rows(self) -> Rows:
        """Return the kept rows as a structured array."""
        return rows_of({name: array[self.kept] for name, array in self.arrays.items()})


def rows_of(columns: Mapping[str, NDArray[Any]]) -> Rows:
    """Combine columns to one structured array (N,).

    Args:
        columns: (N,) numbers or text, by name.

    Raises:
        BadData: If there is no column.
    """
    if not columns:
        raise BadData("no input column is left")
    kinds = [(name, "f8" if array.dtype.kind in "fiub" else array.dtype) for name, array in columns.items()]
    rows = np.empty(len(next(iter(columns.values()))), np.dtype(kinds))
    for name, array in columns.items():
        rows[name] = array
    return rows


def infer_columns(features: Features, categories: Iterable[str]) -> ParsedColumns:
    """Infer whether each column holds numbers, dates or categories, and parse it; useless columns are dropped.

    Args:
        features: The table.
        categories: Columns to read as categories though they hold numbers.

    Raises:
        BadData: If cells cannot be parsed and bad rows are not skipped, or no column is left.
    """
    named, parsed = set(categories), ParsedColumns(np.ones(len(features), bool))
    empty, naming, dates = [], [], []
    for name, column in features.columns.items():
        if name not in named:
            column = _plain_numbers(features, name, column, parsed.notes, OTHERWISE.format(safe_text(name)))
        numbers, missing = matches(column, NUMBER), is_missing(column)
        present = ~missing
        if not present.any():
            empty.append(name)
        elif name not in named and numbers.sum() > MOSTLY * present.sum():
            parsed.arrays[name] = _as_numbers(features, name, column, parsed, HINT.format(safe_text(name)))
        elif not _names_rows(column):
            parsed.arrays[name] = _as_words(column)
        elif (days := _as_days(column, missing)) is not None:
            parsed.arrays[name] = days
            dates.append(name)
        else:
            naming.append(name)
    parsed.notes += [
        f"{why}: {list_names(map(quote, names))}"
        for why, names in (
            ("dates, read as days", dates),
            ("left out, as they are empty", empty),
            ("left out, as nearly every row has another value there", naming),
        )
        if names
    ]
    if not parsed.arrays:
        raise BadData(f"{file_name(features.path)}: no input column holds numbers or repeated words")
    features.bad.finish(len(features))
    return parsed


def parse_learnt_columns(features: Features, dtype: np.dtype[np.void]) -> ParsedColumns:
    """Parse columns for a prediction, with the kinds of the training columns.

    Raises:
        BadData: If a cell of a column of numbers is not a number.
    """
    parsed = ParsedColumns(np.ones(len(features), bool))
    for name, column in features.columns.items():
        if dtype[name].kind != "f":
            parsed.arrays[name] = _as_words(column)
            continue
        column = _plain_numbers(features, name, column, parsed.notes, "")
        missing = is_missing(column)
        days = None if matches(column, NUMBER).any() else _as_days(column, missing)
        parsed.arrays[name] = _as_numbers(features, name, column, parsed, "") if days is None else days
    features.bad.finish(len(features))
    return parsed


def _plain_numbers(features: Features, name: str, column: Column, notes: list[str], otherwise: str) -> Column:
    """Interpret commas in numbers, and note their meaning."""
    column, how = without_commas(features.path, name, column, otherwise)
    if how:
        notes.append(f"commas in column {quote(name)} taken as {how}")
    return column


def _as_numbers(features: Features, name: str, column: Column, parsed: ParsedColumns, hint: str) -> NDArray[np.float64]:
    """Parse numbers, NaN where missing; report cells that are not numbers."""
    import pyarrow as pa
    import pyarrow.compute as pc

    numbers = matches(column, NUMBER)
    words = ~(numbers | is_missing(column))
    read = pc.cast(pc.if_else(pa.array(numbers.copy()), column.combine_chunks(), None), "f8")
    values = np.array(read.to_numpy(zero_copy_only=False), np.float64)
    beyond = numbers & ~(np.abs(values) <= LARGEST)
    for gone, why in ((words, "is not a finite number" + hint), (beyond, "is too large a number")):
        if gone.any():
            cell = safe_text(column[int(np.argmax(gone))].as_py(), 40)
            features.bad.report(
                features.rows[gone & parsed.kept], f"column {quote(name)} holds numbers, but {cell!r} {why}"
            )
            parsed.kept &= ~gone
    values[~numbers | beyond] = np.nan
    return values


def _as_days(column: Column, missing: NDArray[np.bool_]) -> NDArray[np.float64] | None:
    """Parse dates to days since 1970, NaN where missing; None if a cell is not a date."""
    days = np.full(len(column), np.nan)
    for at, cell in enumerate(column.to_pylist()):
        if missing[at]:
            continue
        if (moment := microseconds(cell)) is None:
            return None
        days[at] = moment / DAY
    return days


def _names_rows(column: Column) -> bool:
    """Return whether a column identifies rows: nearly every cell is distinct, or one is too long for a category."""
    import pyarrow.compute as pc

    present = column.filter(pc.not_equal(column, ""))
    different, longest = int(pc.count_distinct(present).as_py()), int(pc.max(pc.utf8_length(present)).as_py())
    return different > max(MOST_SHARE * len(present), 2) or longest > LONGEST or different > 10 * MOST_WORDS


def _as_words(column: Column) -> NDArray[np.str_]:
    """Return the cells as text, empty where missing; marks of missing numbers, as "na", are words here."""
    words = np.asarray(column.to_pylist(), dtype=f"U{LONGEST}")
    return words.astype(f"U{max(int(np.char.str_len(words).max(initial=1)), 1)}")
