"""Parse the group and time columns of a table."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dl.data.examples import Index
from dl.tables.columns import quote
from dl.tables.dates import microseconds, read_dates
from dl.tables.numbers import NUMBER
from dl.tables.source import BadRows
from dl.terminal import safe_text

Column = Any  # a pyarrow ChunkedArray of text without nulls


def group_numbers(column: Column) -> Index:
    """Number the rows by their cells, (N,): equal cells share a number."""
    return np.asarray(column.combine_chunks().dictionary_encode().indices.to_numpy(zero_copy_only=False), np.int64)


def read_times(name: str, column: Column, rows: Index, bad: BadRows) -> tuple[NDArray[np.generic], NDArray[np.bool_]]:
    """Parse times as sortable numbers: numbers as they are, dates as microseconds since 1970.

    Args:
        name: Of the column.
        column: (N,) numbers, or dates and times as `dl.tables.dates` reads them; without a time zone they are UTC.
        rows: (N,) row numbers for messages.
        bad: Collects the rows without a valid time.

    Returns:
        (N,) times, and which rows have a valid one.

    Raises:
        BadData: If a row has no valid time and bad rows are not skipped.
    """
    import pyarrow.compute as pc

    cells = column.combine_chunks()
    if pc.all(pc.match_substring_regex(cells, r"^[+-]?[0-9]{1,18}$")).as_py():
        return np.array([int(cell) for cell in cells.to_pylist()], np.int64), np.ones(len(cells), bool)
    if pc.all(pc.match_substring_regex(cells, NUMBER)).as_py():
        times = np.array([float(cell) for cell in cells.to_pylist()])
        good = np.isfinite(times)
    else:
        read = [microseconds(cell) for cell in cells.to_pylist()]
        good = np.array([time is not None for time in read], bool)
        times = np.array([time or 0 for time in read], np.int64)
        if not good.all() and (dates := read_dates(name, column)) is not None and not dates.missing.any():
            return dates.moments, np.ones(len(cells), bool)
    if not good.all():
        word = safe_text(cells[int(np.argmin(good))].as_py(), 40)
        why = f"column {quote(name)} is {word!r}, not a time; write 2024-02-01, 2024-02-01T13:00:00 or a number"
        bad.report(rows[~good], why)
        bad.finish(len(rows))
    return times, good
