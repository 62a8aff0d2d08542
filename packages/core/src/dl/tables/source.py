"""An opened table, whatever its format: its columns, and its rows in batches of text cells.

A cell is text as written in the file, or null where there is none. A row that cannot be used is reported to `BadRows`,
which stops or skips and counts, as the option ``bad_rows`` asks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dl.data.examples import Index, LeftOut
from dl.errors import BadData
from dl.tables.stream import file_name

Cells = Any  # a pyarrow StringArray; pyarrow has no types
NAMED = 3  # rows that a message names
HINT = "fix them, or continue without them: bad_rows=skip"


@dataclass(frozen=True)
class TableBatch:
    """Some rows of a table.

    Args:
        rows: (n,) row numbers as shown to the user.
        cells: n text cells of each column.
    """

    rows: Index
    cells: Mapping[str, Cells]


@dataclass
class BadRows:
    """Collects the rows that cannot be used, with the reasons.

    Args:
        path: Of the table.
        unit: The noun for its rows: ``row`` or ``line``.
        skip: Whether to skip such rows instead of raising.
        lines: Of the rows that were skipped, with the reason.
        found: By reason, the number of rows and the first of them, where they are not skipped.
        skipped: The first reason by row, where they are.
    """

    path: Path
    unit: str
    skip: bool
    lines: list[str] = field(default_factory=list)
    found: dict[str, tuple[int, list[int]]] = field(default_factory=dict)
    skipped: dict[int, str] = field(default_factory=dict)

    def at(self, row: int) -> str:
        """Return a row's name for messages, as ``wine.csv row 17``."""
        return f"{file_name(self.path)} {self.unit} {row}"

    def report_row(self, row: int, why: str) -> None:
        """Skip one row, or raise at once: the rows after it cannot be trusted.

        Raises:
            BadData: If bad rows are not skipped.
        """
        if not self.skip:
            raise BadData(f"{self.at(row)}: {why}; {HINT.replace('them', 'it')}")
        self.lines.append(f"{self.at(row)}: {why}")
        self.skipped.setdefault(row, why)

    def report(self, rows: NDArray[np.int64], why: str) -> None:
        """Skip rows, or count them for `finish`, so that the error states their number."""
        if self.skip:
            self.lines += [f"{self.at(row)}: {why}" for row in rows.tolist()]
            self.skipped = dict.fromkeys(rows.tolist(), why) | self.skipped
        elif len(rows):
            count, first = self.found.get(why, (0, []))
            self.found[why] = count + len(rows), (first + rows[:NAMED].tolist())[:NAMED]

    def left_out(self, rows: Index) -> tuple[LeftOut, ...]:
        """Return the skipped rows with their places among the kept ones.

        Args:
            rows: (n,) numbers of the kept rows, ascending.
        """
        numbers = sorted(self.skipped)
        places = np.searchsorted(rows, numbers).tolist()
        return tuple(LeftOut(at, self.at(row), self.skipped[row]) for at, row in zip(places, numbers, strict=True))

    def finish(self, of: int) -> None:
        """Raise if rows were reported and are not skipped.

        Args:
            of: Number of all rows.

        Raises:
            BadData: With the count and the first rows of the first reason.
        """
        for why, (count, first) in self.found.items():
            if count == 1:
                raise BadData(f"{self.at(first[0])}: {why}; {HINT.replace('them', 'it')}")
            rows = ", ".join(map(str, first)) + (", ..." if count > len(first) else "")
            raise BadData(f"{file_name(self.path)}: {why} in {count:,} of {of:,} {self.unit}s ({rows}); {HINT}")


@dataclass(frozen=True)
class Source:
    """A table that is opened but not yet read.

    Args:
        path: The file.
        unit: The noun for its rows: ``row`` (the header is row 1) or ``line``.
        columns: Names, in order.
        batches: Reads the rows of the given columns in order, and reports unreadable ones.
        nested: Columns of lists or objects, with a description of their values.
        notes: What was inferred about the format.
        header: Whether the column names were read from the first row, which might be data.
    """

    path: Path
    unit: str
    columns: tuple[str, ...]
    batches: Callable[[Sequence[str], BadRows], Iterator[TableBatch]]
    nested: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    header: bool = False


def text_cells(words: Sequence[str]) -> Cells:
    """Return words as the cells of a column."""
    import pyarrow as pa

    return pa.array(words, pa.string())


def check_columns(path: Path, columns: Sequence[str]) -> None:
    """Refuse duplicate column names.

    Raises:
        BadData: Naming it.
    """
    twice = sorted(name for name, count in Counter(columns).items() if count > 1)
    if twice:
        names = ", ".join(repr(file_name(Path(name))) if name else "''" for name in twice[:NAMED])
        numbers = [str(at + 1) for at, name in enumerate(columns) if name == twice[0]]
        raise BadData(
            f"{file_name(path)}: columns {' and '.join(numbers[:NAMED])} have one name, {names}; rename one, or use "
            "header=no if the first row is no header"
        )
