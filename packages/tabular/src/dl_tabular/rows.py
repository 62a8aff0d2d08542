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
from dl.tables.columns import listed, shown
from dl.tables.features import Features
from dl.tables.stream import called
from dl.tables.target import NUMBER
from dl.terminal import safe_text

MISSING = ("", "na", "n/a", "nan", "null", "none", "?", "-", ".")  # in small letters: nothing is known
MOSTLY = 0.5  # share of numbers from which other words in a column are a mistake
MOST_WORDS, MOST_SHARE = 100, 0.5  # different words, and share of the rows, above which a column names its rows
LONGEST = 100  # characters of a category

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
    """Decide for each column whether it holds numbers or categories, or nothing that can be learnt from.

    Args:
        features: The table.
        categories: Columns that are categories though they are numbers.

    Raises:
        BadData: If a column is neither, naming row and cell, and such rows are not to be left out.
    """
    named, found = set(categories), Found(np.ones(len(features), bool))
    constant, naming = [], []
    for name, column in features.columns.items():
        numbers, missing = _numbers(column), _missing(column)
        there = ~missing
        if not there.any():
            constant.append(name)
        elif name not in named and (numbers | missing).all():
            found.arrays[name] = _as_numbers(column, numbers)
        elif name not in named and numbers.sum() > MOSTLY * there.sum():
            _refuse_words(features, name, column, ~(numbers | missing), found)
            found.arrays[name] = _as_numbers(column, numbers)
        elif _names_rows(column, there):
            naming.append(name)
        else:
            found.arrays[name] = _as_words(column, missing)
    if constant:
        found.notes.append(f"left out, as nothing stands in them: {listed(map(shown, constant))}")
    if naming:
        found.notes.append(f"left out, as nearly every row has another word there: {listed(map(shown, naming))}")
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
        missing = _missing(column)
        if dtype[name].kind == "f":
            numbers = _numbers(column)
            _refuse_words(features, name, column, ~(numbers | missing), found)
            found.arrays[name] = _as_numbers(column, numbers)
        else:
            found.arrays[name] = _as_words(column, missing)
    features.bad.finish(len(features))
    return found


def _refuse_words(features: Features, name: str, column: Column, words: NDArray[np.bool_], found: Found) -> None:
    """Tell about cells that are words among numbers."""
    if not words.any():
        return
    word = safe_text(column[int(np.argmax(words))].as_py(), 40)
    why = f"column {shown(name)} holds numbers, but {word!r} is none (categories={safe_text(name)} takes all as words)"
    features.bad.these(features.rows[words & found.kept], why)
    found.kept &= ~words


def _numbers(column: Column) -> NDArray[np.bool_]:
    import pyarrow.compute as pc

    return np.asarray(pc.match_substring_regex(column, NUMBER).to_numpy())


def _missing(column: Column) -> NDArray[np.bool_]:
    import pyarrow as pa
    import pyarrow.compute as pc

    return np.asarray(pc.is_in(pc.utf8_lower(column), value_set=pa.array(MISSING)).to_numpy())


def _as_numbers(column: Column, numbers: NDArray[np.bool_]) -> NDArray[np.float64]:
    import pyarrow as pa
    import pyarrow.compute as pc

    read = pc.cast(pc.if_else(pa.chunked_array([numbers.copy()]).combine_chunks(), column.combine_chunks(), None), "f8")
    values = np.asarray(read.to_numpy(zero_copy_only=False), np.float64)
    return np.where(np.isfinite(values), values, np.nan)


def _names_rows(column: Column, there: NDArray[np.bool_]) -> bool:
    """Return whether nearly every row has a word of its own, or one has more than a category has."""
    import pyarrow.compute as pc

    different = pc.count_distinct(column).as_py()
    longest = pc.max(pc.utf8_length(column)).as_py()
    return (
        bool(different > MOST_SHARE * there.sum() and different > 2) or longest > LONGEST or different > 10 * MOST_WORDS
    )


def _as_words(column: Column, missing: NDArray[np.bool_]) -> NDArray[np.str_]:
    words = np.asarray(column.to_pylist(), dtype=f"U{LONGEST}")
    words = words.astype(f"U{max(int(np.char.str_len(words).max(initial=1)), 1)}")
    words[missing] = ""
    return words
