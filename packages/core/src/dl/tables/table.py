"""A user's table as examples: opened, its columns found, its rows streamed, its target understood.

dataset = read_table(Path("reviews.csv"), options, LONGEST_TEXT).dataset()

A domain gives the `InputKind` it looks for; one whose inputs are the cells themselves is done with this line, another
turns the cells into inputs and gives them to `Table.dataset`.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from dl.data.examples import Dataset, Examples, Index, Inputs
from dl.data.ragged import Ragged, as_text
from dl.data.spill import RaggedWriter
from dl.errors import BadData, BadFile, DLError
from dl.options import Options, check
from dl.tables.columns import Column, InputKind, Roles, choose, listed, quote, sample
from dl.tables.delimited import open_delimited
from dl.tables.gather import add_cells, blanks, content_ids, holding_nul, without
from dl.tables.groups_times import group_numbers, read_times
from dl.tables.jsonlines import open_json
from dl.tables.options import COMPRESSED, DELIMITED, JSON, OF_RAW_INPUTS, OPTIONS, PARQUET, suffix_of
from dl.tables.parquet import open_parquet
from dl.tables.source import NAMED, BadRows, Source, TableBatch
from dl.tables.stream import called
from dl.tables.target import Target, infer
from dl.words import many, were

__all__ = [
    "LONGEST_TEXT",
    "Column",
    "InputKind",
    "RowNames",
    "SkippedRows",
    "Table",
    "looks_like",
    "open_table",
    "read_raw_table",
    "read_source",
    "read_table",
]


def _mean_length(column: Column) -> float:
    lengths = [len(cell) for cell in column.cells if not cell.isascii() or any(map(str.isalpha, cell))]
    return sum(lengths) / len(lengths) if 2 * len(lengths) > len(column.cells) else 0.0


LONGEST_TEXT = InputKind(
    "text",
    "the longest text",
    _mean_length,
    ("text", "review", "sentence", "content", "body", "message", "comment", "tweet", "document", "utterance"),
)


class SkippedRows(UserWarning):
    """Rows of a prediction were left out, because ``bad_rows=skip`` was asked for."""


class RowNames(Sequence[str]):
    """Where each example came from, as ``reviews.csv row 17``, made only when it is asked for.

    Args:
        prefix: What stands before the number.
        rows: (N,) the numbers.
    """

    def __init__(self, prefix: str, rows: Index) -> None:
        self.prefix, self.rows = prefix, rows

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, position: int) -> str: ...
    @overload
    def __getitem__(self, position: slice) -> RowNames: ...
    def __getitem__(self, position: int | slice) -> str | RowNames:
        if isinstance(position, slice):
            return RowNames(self.prefix, self.rows[position])
        return f"{self.prefix} {self.rows[position]}"


@dataclass(frozen=True)
class Table:
    """A table that is read: one column as inputs, the others as what is known about them.

    Args:
        path: The file.
        input: (N) cells of the input column, as UTF-8 bytes; a memory map where they are many.
        targets: As `Examples` takes them; zeros where no target was wanted, (N, 0) where the user wants none.
        names: Of the classes, labels or target columns.
        rows: (N,) numbers of the rows, for people.
        unit: What a row is called: ``row`` or ``line``.
        roles: What each column is for.
        groups: (N,) group numbers, or None.
        times: (N,) times that sort, or None.
        skipped: Rows that were left out, with the reason.
        notes: What was found by itself, in words.
    """

    path: Path
    input: Ragged
    targets: NDArray[np.generic]
    names: tuple[str, ...]
    rows: Index
    unit: str
    roles: Roles
    groups: Index | None = None
    times: NDArray[np.generic] | None = None
    skipped: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def sources(self) -> RowNames:
        """Where each row stands."""
        return RowNames(f"{called(self.path)} {self.unit}", self.rows)

    def cells(self) -> list[str]:
        """Return the cells of the input column as strings: for paths and the like, not for texts of gigabytes."""
        return [as_text(row) for row in self.input]

    def examples(
        self,
        inputs: Inputs | None = None,
        ids: Index | None = None,
        sources: Sequence[str] = (),
        *,
        kept: Index | None = None,
    ) -> Examples:
        """Return the rows as examples.

        Args:
            inputs: What the domain made of the input column, one for each kept row; None takes the cells.
            ids: (n,) of the kept rows; None makes them of the cells' content.
            sources: Of the kept rows; empty names their rows.
            kept: (n,) positions of the rows that could be turned into inputs; None for all.
        """
        at = np.arange(len(self)) if kept is None else kept
        cells = self.input if kept is None else self.input[at]
        return Examples(
            cells if inputs is None else inputs,
            self.targets[at],
            content_ids(cells) if ids is None else ids,
            self.names,
            sources or RowNames(f"{called(self.path)} {self.unit}", self.rows[at]),
            None if self.groups is None else self.groups[at],
            None if self.times is None else self.times[at],
        )

    def dataset(self, train: Examples | None = None, skipped: Sequence[str] = ()) -> Dataset:
        """Return the rows as a data set.

        Args:
            train: As `examples` gives them; None takes all rows with their cells as inputs.
            skipped: What the domain left out besides.
        """
        train = train or self.examples()
        predicted = f", target {listed(self.roles.targets)}" if self.roles.targets else ""
        return Dataset(
            name=plain_name(self.path),
            train=train,
            title=f"{many(len(train), self.unit)}, input {listed([self.roles.input])}{predicted}",
            source=str(self.path),
            skipped=(*self.skipped, *skipped),
            notes=self.notes,
        )


def read_table(path: Path, options: Options, kind: InputKind, *, labelled: bool = True) -> Table:
    """Read a table.

    Args:
        path: Of a file that `dl.tables.options.is_table` knows.
        options: Values of `dl.tables.options.OPTIONS`; what is not given stands at its default.
        kind: What an input column looks like.
        labelled: Whether a target is wanted; for a prediction, or a task on the input alone, none is.

    Raises:
        BadFile: If it cannot be read as what it is called.
        BadData: If its rows do not fit, or no column does.
        BadOption: If an option does not fit this table.
    """
    options = checked(options)
    return read_source(open_table(path, options), options, kind, labelled=labelled)


def read_source(source: Source, options: Options, kind: InputKind, *, labelled: bool = True) -> Table:
    """Read a table that is opened, as `read_table` does.

    Raises:
        DLError: As `read_table`.
    """
    options = checked(options)
    labelled = labelled and options["target_as"] != "none"
    path = source.path
    roles = choose(source, sample(source), kind, options, labelled=labelled)
    bad = BadRows(path, source.unit, options["bad_rows"] == "skip")
    read = _Read(source, roles, bad, _blank_may_be(options, roles))
    for batch in source.batches(roles.all, bad):
        read.add(batch)
    bad.finish(read.seen)
    if not read.size:
        raise BadData(
            f"{called(path)} holds no row that can be used{f'; the first: {bad.lines[0]}' if bad.lines else ''}"
        )
    read.refuse_leak()
    return _understood(read, options)


def read_raw_table(path: Path, options: Options, kind: InputKind) -> Table:
    """Read the input column of a table for a prediction, as the run's own data was read.

    Args:
        path: Of a file that `dl.tables.options.is_table` knows.
        options: Of the run's data; what they say about targets, groups and times says nothing here.
        kind: What an input column looks like.

    Raises:
        DLError: As `read_table`.
    """
    reading = {name: value for name, value in options.items() if name in OF_RAW_INPUTS}
    table = read_table(path, reading, kind, labelled=False)
    say_skipped(table.skipped, table.unit)
    return table


def say_skipped(lines: Sequence[str], unit: str) -> None:
    """Warn that rows were left out of a prediction, naming the first."""
    if lines:
        first = "; ".join(lines[:NAMED]) + ("; ..." if len(lines) > NAMED else "")
        warnings.warn(f"{were(len(lines), unit, 'skipped')}: {first}", SkippedRows, stacklevel=2)


def open_table(path: Path, options: Options) -> Source:
    """Find out how a table is written and what its columns are called.

    Raises:
        BadFile: If it cannot be read, or is called as no table is.
    """
    suffix = suffix_of(path)
    if suffix in DELIMITED:
        return open_delimited(path, options)
    if suffix in JSON:
        return open_json(path, options)
    if suffix in PARQUET and path.suffix.lower() == suffix:
        return open_parquet(path)
    found = "a packed Parquet file, which is packed inside already" if suffix in PARQUET else "not called as a table is"
    raise BadFile(f"{called(path)!r} is {found}; expected .csv, .tsv, .jsonl or .parquet")


def looks_like(path: Path, options: Options, kind: InputKind) -> float:
    """Return the best score of a table's columns, 0 if none is of this kind; what is wrong is said when it is read."""
    try:
        columns = sample(open_table(path, checked(options)))
    except DLError:
        return 0.0
    return max(map(kind.score, columns.values()), default=0.0)


def checked(options: Options) -> Options:
    """Return the options that are about tables, checked, those that were not given at their defaults."""
    known = {option.name for option in OPTIONS}
    return check(OPTIONS, {name: value for name, value in options.items() if name in known}, "table")


def _blank_may_be(options: Options, roles: Roles) -> bool:
    """Return whether a target cell may be empty: it then has no label."""
    return len(roles.targets) == 1 and (options["separator"] != "" or options["target_as"] == "labels")


_NUL = "column {} holds a NUL byte, as no text does"


@dataclass
class _Read:
    """What was read so far: the input gathered, the other columns as pyarrow arrays."""

    source: Source
    roles: Roles
    bad: BadRows
    blank_target: bool
    seen: int = 0
    size: int = 0
    rows: list[Index] = field(default_factory=list)
    input: RaggedWriter = field(default_factory=RaggedWriter)
    others: dict[str, list[Any]] = field(default_factory=dict)  # Any: pyarrow arrays
    told_apart: set[str] = field(default_factory=set)  # targets that differ from the input somewhere

    def add(self, batch: TableBatch) -> None:
        """Add the rows of a batch that have all they need."""
        import pyarrow as pa
        import pyarrow.compute as pc

        self.seen += len(batch.rows)
        cells, roles = batch.cells[self.roles.input], self.roles
        others = {name: pc.utf8_trim_whitespace(batch.cells[name]) for name in roles.all if name != roles.input}
        kept = np.ones(len(batch.rows), bool)
        for name in roles.all:
            kept = self._tell(batch.rows, kept, holding_nul(batch.cells[name]), _NUL.format(quote(name)))
            if name not in roles.targets or not self.blank_target:
                kept = self._tell(batch.rows, kept, blanks(batch.cells[name]), f"column {quote(name)} is empty")
        mask = None if kept.all() else pa.array(kept)
        cells = cells if mask is None else cells.filter(mask)
        add_cells(self.input, cells)
        self.rows.append(batch.rows[kept])
        self.size += len(cells)
        if roles.input in (roles.group, roles.time):
            others[roles.input] = batch.cells[roles.input]
        for name, column in others.items():
            column = pc.fill_null(column if mask is None else column.filter(mask), "")
            self.others.setdefault(name, []).append(column)
            if name in roles.targets and name not in self.told_apart and _differ(column, cells):
                self.told_apart.add(name)

    def _tell(self, rows: Index, kept: NDArray[np.bool_], gone: NDArray[np.bool_], why: str) -> NDArray[np.bool_]:
        if gone.any():
            self.bad.these(rows[gone & kept], why)
        return kept & ~gone

    def refuse_leak(self) -> None:
        """Refuse a target that says what the input says.

        Raises:
            BadData: Naming both columns.
        """
        for name in self.roles.targets:
            if name not in self.told_apart:
                raise BadData(
                    f"{called(self.source.path)}: target column {quote(name)} is the same as input column "
                    f"{quote(self.roles.input)} in every row; its own answer would be given away"
                )

    def column(self, name: str) -> Any:  # Any: a pyarrow ChunkedArray
        """Return all cells of a column that is not the input."""
        import pyarrow as pa

        return pa.chunked_array(self.others[name], pa.string())


def _differ(column: Any, cells: Any) -> bool:  # Any: pyarrow arrays of text
    """Return whether two columns say something else in some row, whatever space is around it."""
    import pyarrow.compute as pc

    return len(cells) > 0 and not pc.all(pc.equal(column, pc.utf8_trim_whitespace(cells))).as_py()


def _understood(read: _Read, options: Options) -> Table:
    """Turn what was read into arrays; rows whose target or time is none are left out once more."""
    roles, rows, bad = read.roles, np.concatenate(read.rows), read.bad
    kept, times, notes = np.ones(len(rows), bool), None, [*read.source.notes, *roles.notes]
    if roles.time:
        times, kept = read_times(roles.time, read.column(roles.time), rows, bad)
    nothing = np.empty((len(rows), 0)) if options["target_as"] == "none" else np.zeros(len(rows), np.int64)
    target = Target(nothing, (), np.ones(len(rows), bool), "")
    if roles.targets:
        columns = [read.column(name).filter(kept.copy()) for name in roles.targets]
        target = infer(roles.targets, columns, options, rows[kept], bad)
        columns_ = f"column{'s' * (len(roles.targets) > 1)} {listed(map(quote, roles.targets))}"
        notes.append(f"target: {columns_}, {roles.because} - {target.note}")
        kept[kept] = target.kept
    else:
        target = Target(target.values[kept], (), kept, "")
    groups = group_numbers(read.column(roles.group))[kept] if roles.group else None
    if groups is not None:
        notes.append(f"groups: column {quote(roles.group)}, {len(np.unique(groups)):,} of them")
    return Table(
        read.source.path,
        without(read.input.ragged(), ~kept),
        target.values,
        target.names,
        rows[kept],
        read.source.unit,
        roles,
        groups,
        None if times is None else times[kept],
        tuple(bad.lines),
        tuple(notes),
    )


def plain_name(path: Path) -> str:
    """Return the name of the file without what says how it is written."""
    unpacked = path.stem if path.suffix.lower() in COMPRESSED else path.name
    return Path(unpacked).stem
