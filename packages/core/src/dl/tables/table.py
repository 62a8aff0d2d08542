"""Read a user's table as examples: open it, choose its columns, stream its rows, infer its target.

dataset = read_table(Path("reviews.csv"), options, LONGEST_TEXT).dataset()

A domain passes the `InputKind` it looks for. If its inputs are the cells themselves, this line is all; otherwise it
turns the cells into inputs and passes them to `Table.dataset`.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from dl.data.examples import Dataset, Examples, Index, Inputs, LeftOut
from dl.data.ragged import Ragged, as_text
from dl.data.spill import RaggedWriter
from dl.errors import BadData, BadFile, DLError
from dl.finding import Finding
from dl.options import Options, check
from dl.tables.columns import Column, InputKind, Roles, choose_columns, list_names, quote, sample_columns
from dl.tables.counters import named_like_id
from dl.tables.delimited import open_delimited
from dl.tables.gather import content_ids, drop_rows, has_nul, is_blank, write_cells
from dl.tables.groups_times import group_numbers, read_times
from dl.tables.identifiers import find_identifiers, groups_in_sight
from dl.tables.jsonlines import open_json
from dl.tables.options import COMPRESSED, DELIMITED, JSON, OF_RAW_INPUTS, OPTIONS, PARQUET, suffix_of
from dl.tables.parquet import open_parquet
from dl.tables.source import NAMED, BadRows, Source, TableBatch
from dl.tables.stream import file_name
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


WATCHED = 3  # columns that are read for the groups in them alone


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
    """Rows of a prediction were left out, because of ``bad_rows=skip``."""


class RowNames(Sequence[str]):
    """Lazy sequence of the examples' sources, as ``reviews.csv row 17``.

    Args:
        prefix: Before the number.
        rows: (N,) row numbers.
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

    def __iter__(self) -> Iterator[str]:
        return (f"{self.prefix} {row}" for row in self.rows.tolist())


@dataclass(frozen=True)
class Table:
    """A table read with one input column.

    Args:
        path: The file.
        input: (N) cells of the input column as UTF-8 bytes; a memory map if they are large.
        targets: As in `Examples`; zeros for a prediction, (N, 0) for ``target_as=none``.
        names: Of the classes, labels or target columns.
        rows: (N,) row numbers for messages.
        unit: The noun for a row: ``row`` or ``line``.
        roles: The role of each column.
        groups: (N,) group numbers, or None.
        times: (N,) sortable times, or None.
        skipped: Rows left out, with the reason.
        notes: Sentences on what was inferred.
        findings: Identifiers that come again.
        left_out: The rows left out, with their places among the others.
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
    findings: tuple[Finding, ...] = ()
    left_out: tuple[LeftOut, ...] = ()

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def sources(self) -> RowNames:
        """The name of each row, as ``reviews.csv row 17``."""
        return RowNames(f"{file_name(self.path)} {self.unit}", self.rows)

    def cells(self) -> list[str]:
        """Return the cells of the input column as strings; for short ones like paths, not for gigabytes of text."""
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
            inputs: (n, ...) made by the domain from the kept rows; None takes the cells.
            ids: (n,) of the kept rows; None hashes the cells.
            sources: Of the kept rows; empty takes their row numbers.
            kept: (n,) positions of the rows to keep; None for all.
        """
        at = np.arange(len(self)) if kept is None else kept
        cells = self.input if kept is None else self.input[at]
        return Examples(
            cells if inputs is None else inputs,
            self.targets[at],
            content_ids(cells) if ids is None else ids,
            self.names,
            sources or RowNames(f"{file_name(self.path)} {self.unit}", self.rows[at]),
            None if self.groups is None else self.groups[at],
            None if self.times is None else self.times[at],
            self.left_out if kept is None else (),
        )

    def dataset(self, train: Examples | None = None, skipped: Sequence[str] = ()) -> Dataset:
        """Return the rows as a data set.

        Args:
            train: As `examples` returns them; None takes all rows with their cells as inputs.
            skipped: Further rows left out by the domain.
        """
        train = train or self.examples()
        predicted = f", target {list_names(self.roles.targets)}" if self.roles.targets else ""
        return Dataset(
            name=stem_of(self.path),
            train=train,
            title=f"{many(len(train), self.unit)}, input {list_names([self.roles.input])}{predicted}",
            source=str(self.path),
            skipped=(*self.skipped, *skipped),
            notes=self.notes,
            findings=self.findings,
        )


def read_table(path: Path, options: Options, kind: InputKind, *, labelled: bool = True) -> Table:
    """Read a table with one input column.

    Args:
        path: Of a table (`dl.tables.options.is_table`).
        options: Values of `dl.tables.options.OPTIONS`; missing ones take their defaults.
        kind: Recognizes the input column.
        labelled: Whether a target is needed; False for a prediction or a task on the input alone.

    Raises:
        BadFile: If the file does not have the format of its suffix.
        BadData: If rows cannot be used, or no column fits a role.
        BadOption: If an option does not fit this table.
    """
    options = check_table_options(options)
    return read_source(open_table(path, options), options, kind, labelled=labelled)


def read_source(source: Source, options: Options, kind: InputKind, *, labelled: bool = True) -> Table:
    """Read a table that is opened, as `read_table` does.

    Raises:
        DLError: As `read_table`.
    """
    options = check_table_options(options)
    labelled = labelled and options["target_as"] != "none"
    path = source.path
    roles = choose_columns(source, sample_columns(source), kind, options, labelled=labelled)
    bad = BadRows(path, source.unit, options["bad_rows"] == "skip")
    watched = _watched(source, roles) if roles.targets else ()
    read = _Read(source, roles, bad, blank_may_be(options, roles), watched)
    for batch in source.batches((*roles.all, *watched), bad):
        read.add(batch)
    bad.finish(read.seen)
    if not read.size:
        raise BadData(
            f"{file_name(path)} holds no row that can be used{f'; the first: {bad.lines[0]}' if bad.lines else ''}"
        )
    read.refuse_leak()
    return _to_table(read, options)


def read_raw_table(path: Path, options: Options, kind: InputKind) -> Table:
    """Read the input column of a table for a prediction, as the run's own data was read.

    Args:
        path: Of a table (`dl.tables.options.is_table`).
        options: Of the run's data; those on targets, groups and times are ignored.
        kind: Recognizes the input column.

    Raises:
        DLError: As `read_table`.
    """
    reading = {name: value for name, value in options.items() if name in OF_RAW_INPUTS}
    table = read_table(path, reading, kind, labelled=False)
    warn_skipped(table.skipped, table.unit)
    return table


def warn_skipped(lines: Sequence[str], unit: str) -> None:
    """Warn of rows left out of a prediction, naming the first."""
    if lines:
        first = "; ".join(lines[:NAMED]) + ("; ..." if len(lines) > NAMED else "")
        warnings.warn(f"{were(len(lines), unit, 'skipped')}: {first}", SkippedRows, stacklevel=2)


def open_table(path: Path, options: Options) -> Source:
    """Open a table and infer its dialect and columns.

    Raises:
        BadFile: If it cannot be read, or has no suffix of a table.
    """
    suffix = suffix_of(path)
    if suffix in DELIMITED:
        return open_delimited(path, options)
    if suffix in JSON:
        return open_json(path, options)
    if suffix in PARQUET and path.suffix.lower() == suffix:
        return open_parquet(path)
    found = "is a compressed Parquet file; decompress it" if suffix in PARQUET else "has no suffix of a table"
    raise BadFile(f"{file_name(path)!r} {found}; expected .csv, .tsv, .jsonl or .parquet")


def looks_like(path: Path, options: Options, kind: InputKind) -> float:
    """Return the best score of a table's columns as input; 0 if none fits or the table cannot be opened.

    Columns that the user typed as targets, or to be ignored, are no inputs, and one typed as input is the only one.
    """
    asked = options.get("input")
    others = {word.strip() for name in ("target", "leave_out") for word in str(options.get(name, "")).split(",")}
    try:
        columns = sample_columns(open_table(path, check_table_options(options)))
    except DLError:
        return 0.0
    inputs = [column for name, column in columns.items() if name not in others and name == (asked or name)]
    return max(map(kind.score, inputs), default=0.0)


def check_table_options(options: Options) -> Options:
    """Check the table options among the given ones, and fill in the defaults of the others."""
    known = {option.name for option in OPTIONS}
    return check(OPTIONS, {name: value for name, value in options.items() if name in known}, "table")


def _watched(source: Source, roles: Roles) -> tuple[str, ...]:
    """Return the columns without a role whose names are those of identifiers; none where groups or times are known."""
    if roles.group or roles.time:
        return ()
    free = [name for name in source.columns if name not in roles.all and name not in source.nested]
    return tuple(name for name in free if named_like_id(name))[:WATCHED]


def blank_may_be(options: Options, roles: Roles) -> bool:
    """Return whether a target cell may be empty, as a row without labels."""
    return len(roles.targets) == 1 and (options["separator"] != "" or options["target_as"] == "labels")


_NUL = "column {} holds a NUL byte, as no text does"


@dataclass
class _Read:
    """The rows read so far: the input as a ragged column, the others as pyarrow arrays."""

    source: Source
    roles: Roles
    bad: BadRows
    blank_target: bool
    watched: tuple[str, ...] = ()
    seen: int = 0
    size: int = 0
    rows: list[Index] = field(default_factory=list)
    input: RaggedWriter = field(default_factory=RaggedWriter)
    others: dict[str, list[Any]] = field(default_factory=dict)  # Any: pyarrow arrays
    distinct_targets: set[str] = field(default_factory=set)  # targets that differ from the input somewhere

    def add(self, batch: TableBatch) -> None:
        """Add the usable rows of a batch."""
        import pyarrow as pa
        import pyarrow.compute as pc

        self.seen += len(batch.rows)
        cells, roles = batch.cells[self.roles.input], self.roles
        others = {name: pc.utf8_trim_whitespace(batch.cells[name]) for name in roles.all if name != roles.input}
        kept = np.ones(len(batch.rows), bool)
        for name in roles.all:
            kept = self._keep(batch.rows, kept, has_nul(batch.cells[name]), _NUL.format(quote(name)))
            if name not in roles.targets or not self.blank_target:
                kept = self._keep(batch.rows, kept, is_blank(batch.cells[name]), f"column {quote(name)} is empty")
        mask = None if kept.all() else pa.array(kept)
        cells = cells if mask is None else cells.filter(mask)
        write_cells(self.input, cells)
        self.rows.append(batch.rows[kept])
        self.size += len(cells)
        if roles.input in (roles.group, roles.time):
            others[roles.input] = batch.cells[roles.input]
        for name in self.watched:
            others[name] = pc.utf8_trim_whitespace(batch.cells[name])
        for name, column in others.items():
            column = pc.fill_null(column if mask is None else column.filter(mask), "")
            self.others.setdefault(name, []).append(column)
            if name in roles.targets and name not in self.distinct_targets and _differ(column, cells):
                self.distinct_targets.add(name)

    def _keep(self, rows: Index, kept: NDArray[np.bool_], gone: NDArray[np.bool_], why: str) -> NDArray[np.bool_]:
        if gone.any():
            self.bad.report(rows[gone & kept], why)
        return kept & ~gone

    def refuse_leak(self) -> None:
        """Refuse a target column that equals the input column.

        Raises:
            BadData: Naming both columns.
        """
        for name in self.roles.targets:
            if name not in self.distinct_targets:
                raise BadData(
                    f"{file_name(self.source.path)}: target column {quote(name)} is the same as input column "
                    f"{quote(self.roles.input)} in every row; the input would give the answer away"
                )

    def column(self, name: str) -> Any:  # Any: a pyarrow ChunkedArray
        """Return all cells of a column that is not the input."""
        import pyarrow as pa

        return pa.chunked_array(self.others[name], pa.string())


def _differ(column: Any, cells: Any) -> bool:  # Any: pyarrow arrays of text
    """Return whether two columns differ in some row, ignoring white space around the cells."""
    import pyarrow.compute as pc

    return len(cells) > 0 and not pc.all(pc.equal(column, pc.utf8_trim_whitespace(cells))).as_py()


def _to_table(read: _Read, options: Options) -> Table:
    """Parse targets, groups and times; drop rows without a valid target or time."""
    roles, rows, bad = read.roles, np.concatenate(read.rows), read.bad
    kept, times, notes = np.ones(len(rows), bool), None, [*read.source.notes, *roles.notes]
    if roles.time:
        times, kept = read_times(roles.time, read.column(roles.time), rows, bad)
    nothing = np.empty((len(rows), 0)) if options["target_as"] == "none" else np.zeros(len(rows), np.int64)
    target = Target(nothing, (), np.ones(len(rows), bool), "")
    if roles.targets:
        columns = [read.column(name).filter(kept.copy()) for name in roles.targets]
        target = infer(roles.targets, columns, options, rows[kept], bad)
        columns_ = f"column{'s' * (len(roles.targets) > 1)} {list_names(map(quote, roles.targets))}"
        notes.append(f"target: {columns_}, {roles.because} - {target.note}")
        kept[kept] = target.kept
    else:
        target = Target(target.values[kept], (), kept, "")
    watched = {name: read.column(name).filter(kept.copy()) for name in read.watched}
    found = groups_in_sight(find_identifiers(watched, target.values)) if watched else []
    groups = group_numbers(read.column(roles.group))[kept] if roles.group else None
    if groups is not None:
        notes.append(f"groups: column {quote(roles.group)}, {len(np.unique(groups)):,} of them")
    return Table(
        read.source.path,
        drop_rows(read.input.ragged(), ~kept),
        target.values,
        target.names,
        rows[kept],
        read.source.unit,
        roles,
        groups,
        None if times is None else times[kept],
        tuple(bad.lines),
        tuple(notes),
        tuple(found),
        left_out=bad.left_out(rows[kept]),
    )


def stem_of(path: Path) -> str:
    """Return the name of the file without the suffixes of format and compression."""
    unpacked = path.stem if path.suffix.lower() in COMPRESSED else path.name
    return Path(unpacked).stem
