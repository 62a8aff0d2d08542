"""What every kind of table file gives: its columns, and its rows in batches of text cells.

A cell is text as it stands in the file, or null where there is none. A row that cannot be used is told to `BadRows`,
which ends the reading or counts it, as the user asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dl.data.examples import Index
from dl.errors import BadData
from dl.tables.stream import called

Cells = Any  # a pyarrow StringArray; pyarrow has no types
NAMED = 3  # rows that a message names
HINT = "mend them, or go on without them: bad_rows=skip"


@dataclass(frozen=True)
class TableBatch:
    """Some rows of a table.

    Args:
        rows: (n,) what each row is numbered as, for people.
        cells: By column, n text cells.
    """

    rows: Index
    cells: Mapping[str, Cells]


@dataclass
class BadRows:
    """The rows that cannot be used, with the reasons.

    Args:
        path: Of the table.
        unit: What its rows are called: ``row``, or ``line``.
        skip: Whether they are left out; else they end the reading.
    """

    path: Path
    unit: str
    skip: bool
    lines: list[str] = field(default_factory=list)
    found: dict[str, tuple[int, list[int]]] = field(default_factory=dict)  # by reason: how many, and the first

    def at(self, row: int) -> str:
        """Return what people call a row of this table."""
        return f"{called(self.path)} {self.unit} {row}"

    def raise_now(self, row: int, why: str) -> None:
        """Leave one row out.

        Raises:
            BadData: Where rows are not to be left out; nothing after this row can be trusted.
        """
        if not self.skip:
            raise BadData(f"{self.at(row)}: {why}; {HINT.replace('them', 'it')}")
        self.lines.append(f"{self.at(row)}: {why}")

    def these(self, rows: NDArray[np.int64], why: str) -> None:
        """Leave rows out, or keep them in mind for `finish`: all of them are counted before anything is said."""
        if self.skip:
            self.lines += [f"{self.at(row)}: {why}" for row in rows.tolist()]
        elif len(rows):
            count, first = self.found.get(why, (0, []))
            self.found[why] = count + len(rows), (first + rows[:NAMED].tolist())[:NAMED]

    def finish(self, of: int) -> None:
        """Refuse the table if there was a bad row and none is to be left out.

        Args:
            of: How many rows there are.

        Raises:
            BadData: With the count and the first rows of the first reason.
        """
        for why, (count, first) in self.found.items():
            if count == 1:
                raise BadData(f"{self.at(first[0])}: {why}; {HINT.replace('them', 'it')}")
            rows = ", ".join(map(str, first)) + (", ..." if count > len(first) else "")
            raise BadData(f"{called(self.path)}: {why} in {count:,} of {of:,} {self.unit}s ({rows}); {HINT}")


@dataclass(frozen=True)
class Source:
    """A table that is opened and not yet read.

    Args:
        path: The file.
        unit: What its rows are called: ``row`` (the header is row 1), or ``line``.
        columns: Their names, in order.
        batches: Reads the rows of these columns, from the first to the last, telling what cannot be read.
        nested: Columns whose values are no single cells, with what they are.
        notes: What was found about how the file is written.
        header: Whether the names of the columns are the first row of the file, which might be data.
    """

    path: Path
    unit: str
    columns: tuple[str, ...]
    batches: Callable[[Sequence[str], BadRows], Iterator[TableBatch]]
    nested: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    header: bool = False


def check_columns(path: Path, columns: Sequence[str]) -> None:
    """Refuse columns of one name.

    Raises:
        BadData: Naming it.
    """
    twice = sorted({name for name in columns if list(columns).count(name) > 1})
    if twice:
        names = ", ".join(repr(called(Path(name))) if name else "''" for name in twice[:NAMED])
        numbers = [str(at + 1) for at, name in enumerate(columns) if name == twice[0]]
        raise BadData(
            f"{called(path)}: columns {' and '.join(numbers[:NAMED])} have one name, {names}; rename one, or say "
            "header=no if the first row is no header"
        )
