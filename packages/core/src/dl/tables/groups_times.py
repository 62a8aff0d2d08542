"""Groups and times of rows: which rows belong together, and when each one was."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dl.data.examples import Index
from dl.tables.columns import quote
from dl.tables.numbers import NUMBER
from dl.tables.source import BadRows
from dl.terminal import safe_text

Column = Any  # a pyarrow ChunkedArray of text without nulls


def group_numbers(column: Column) -> Index:
    """Return a number for each row, (N,), the same where the cells agree."""
    return np.asarray(column.combine_chunks().dictionary_encode().indices.to_numpy(zero_copy_only=False), np.int64)


def read_times(name: str, column: Column, rows: Index, bad: BadRows) -> tuple[NDArray[np.generic], NDArray[np.bool_]]:
    """Read times as numbers that sort: numbers as they are, dates as microseconds since 1970.

    Args:
        name: Of the column.
        column: (N,) numbers, or dates and times as ISO 8601 writes them, those without a zone taken as UTC.
        rows: (N,) numbers of the rows, for people.
        bad: Told about rows without a time.

    Returns:
        (N,) times, and which rows have one.

    Raises:
        BadData: If a row has none and is not to be left out.
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
    if not good.all():
        word = safe_text(cells[int(np.argmin(good))].as_py(), 40)
        why = f"column {quote(name)} is {word!r}, no time; write 2024-02-01, 2024-02-01T13:00:00 or a number"
        bad.these(rows[~good], why)
        bad.finish(len(rows))
    return times, good


def microseconds(cell: str) -> int | None:
    """Return a date or time as ISO 8601 writes it as microseconds since 1970, those without a zone as UTC; or None."""
    try:
        moment = datetime.fromisoformat(cell)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        whole = moment - datetime(1970, 1, 1, tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
    return (whole.days * 86_400 + whole.seconds) * 1_000_000 + whole.microseconds
