"""Read a user's table with several input columns as text; the domain turns them into numbers and categories.

features = read_features(Path("wine.csv"), options)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dl.data.examples import Dataset, Examples, Index
from dl.data.larger import is_spilled
from dl.data.ragged import Ragged, offsets_of
from dl.errors import BadData
from dl.finding import Finding
from dl.options import Options
from dl.tables.columns import Roles, choose_features, list_names, no_input, quote, sample_columns, split_names
from dl.tables.counters import counter_notes, find_counters
from dl.tables.gather import content_ids_of, has_nul, is_blank, utf8_bytes
from dl.tables.groups_times import group_numbers, read_times
from dl.tables.guards import check_cells
from dl.tables.source import BadRows, Source
from dl.tables.spilled import SpilledCells
from dl.tables.stream import file_name
from dl.tables.table import RowNames, blank_may_be, check_table_options, open_table, stem_of
from dl.tables.target import infer
from dl.words import many

BETWEEN = "\x1f"  # joins the cells of a row for hashing
AT_ONCE = 1 << 16  # rows that are hashed at once

Column = Any  # a pyarrow ChunkedArray of stripped text without nulls


@dataclass(frozen=True)
class Features:
    """A table read with several input columns.

    Args:
        path: The file.
        columns: (N,) text cells of each input column, empty where missing.
        targets: As in `Examples`; zeros without a target.
        names: Of the classes, labels or target columns.
        rows: (N,) row numbers for messages.
        ids: (N,) as in `Examples`, of all input cells.
        unit: The noun for a row: ``row`` or ``line``.
        roles: The role of each column.
        bad: Collects rows that cannot be used.
        groups: (N,) group numbers, or None.
        times: (N,) sortable times, or None.
        notes: Sentences on what was inferred.
        findings: Counters among the inputs, and identifiers that come again.
    """

    path: Path
    columns: dict[str, Column]
    targets: NDArray[np.generic]
    names: tuple[str, ...]
    rows: Index
    ids: Index
    unit: str
    roles: Roles
    bad: BadRows
    groups: Index | None = None
    times: NDArray[np.generic] | None = None
    notes: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()

    def __len__(self) -> int:
        return len(self.rows)

    def examples(self, inputs: NDArray[np.generic], kept: NDArray[np.bool_]) -> Examples:
        """Return the kept rows as examples.

        Args:
            inputs: (n, ...) inputs that the domain made of the kept rows.
            kept: (N,) which rows are kept.
        """
        return Examples(
            inputs,
            self.targets[kept],
            self.ids[kept],
            self.names,
            RowNames(f"{file_name(self.path)} {self.unit}", self.rows[kept]),
            None if self.groups is None else self.groups[kept],
            None if self.times is None else self.times[kept],
            self.bad.left_out(self.rows[kept]),
        )

    def release(self) -> None:
        """Drop the cells, which take as much memory as the file, once they are parsed."""
        import pyarrow as pa

        self.columns.clear()
        pa.default_memory_pool().release_unused()

    def dataset(self, train: Examples, notes: Sequence[str]) -> Dataset:
        """Return the examples as a data set, with the notes of the domain appended."""
        counts = f"{many(len(train), self.unit)}, {many(len(self.roles.features), 'input')}"
        return Dataset(
            name=stem_of(self.path),
            train=train,
            title=f"{counts}, target {list_names(self.roles.targets)}",
            source=str(self.path),
            skipped=tuple(self.bad.lines),
            notes=(*self.notes, *notes),
            findings=self.findings,
        )


def read_features(path: Path, options: Options, wanted: Sequence[str] = (), *, labelled: bool = True) -> Features:
    """Read all columns of a table as text.

    Args:
        path: Of a table (`dl.tables.options.is_table`).
        options: Values of `dl.tables.options.OPTIONS`; ``input`` lists the input columns; empty takes all others except
            those of ``leave_out``.
        wanted: The input columns, if known; empty for those that the options name.
        labelled: Whether a target is needed; False for a prediction.

    Raises:
        BadFile: If the file does not have the format of its suffix.
        BadData: If rows cannot be used, or no column fits a role.
        BadOption: If an option does not fit this table.
    """
    return read_open_features(open_table(path, check_table_options(options)), options, wanted, labelled=labelled)


def read_open_features(
    source: Source, options: Options, wanted: Sequence[str] = (), *, labelled: bool = True, kept: Sequence[str] = ()
) -> Features:
    """Read a table that is opened, as `read_features` does.

    Args:
        source: The table.
        options: As for `read_features`.
        wanted: Likewise.
        labelled: Likewise.
        kept: Inputs that are known to count nothing, as paths of images that are numbered.

    Raises:
        DLError: As `read_features`.
    """
    others = {name: str(options.get(name, "")) for name in ("leave_out", "categories")}
    options, path = {**check_table_options(options), **others}, source.path
    labelled = labelled and options["target_as"] != "none"
    roles = choose_features(source, sample_columns(source), options, wanted, labelled=labelled)
    bad = BadRows(path, source.unit, options["bad_rows"] == "skip")
    read = read_rows(source, roles, bad, blank_target=blank_may_be(options, roles))
    if not len(read.rows):
        more = f"; the first: {bad.lines[0]}" if bad.lines else ""
        raise BadData(f"{file_name(path)} holds no row that can be used{more}")
    columns = read.columns()
    every = roles.features
    named = (*split_names(str(options.get("categories", ""))), *kept)
    roles, counting = without_counters(source, roles, columns, named)
    refuse_leak(path, roles, columns)
    return _to_features(source, roles, bad, options, read.rows, columns, every, counting)


def without_counters(
    source: Source, roles: Roles, columns: Mapping[str, Column], named: Sequence[str]
) -> tuple[Roles, tuple[str, ...]]:
    """Return the roles without the inputs that count the rows, unless the user named them; and counters that were kept.

    Args:
        source: The table.
        roles: Of the columns.
        columns: (N,) cells of each.
        named: Columns that are not looked at, as those to read as categories.

    Raises:
        BadData: If no input is left.
    """
    if roles.asked:
        return roles, ()
    counting = find_counters({name: columns[name] for name in roles.features if name not in named}, columns)
    kept = tuple(name for name in roles.features if name not in counting)
    if not kept:  # what counts by its values alone may be meant, where nothing else is there
        kept = tuple(name for name, by_name in counting.items() if not by_name)
    if not kept:
        raise no_input(source.path, source.columns)
    gone = [name for name in counting if name not in kept]
    roles = replace(roles, features=kept, notes=(*counter_notes(gone), *roles.notes))
    return roles, tuple(name for name in kept if name in counting)


def refuse_leak(path: Path, roles: Roles, columns: Mapping[str, Column]) -> None:
    """Refuse a target column that equals an input column.

    Raises:
        BadData: Naming both.
    """
    for target in roles.targets:
        for feature in roles.features:
            if columns[target].equals(columns[feature]):
                same = f"target column {quote(target)} is the same as input column {quote(feature)} in every row"
                raise BadData(
                    f"{file_name(path)}: {same}; the input would give the answer away  try: leave_out={feature}"
                )


@dataclass
class ReadRows:
    """The rows read so far; their cells are written to a mapped file once they take much of the memory."""

    numbers: list[Index] = field(default_factory=list)
    cells: dict[str, list[Any]] = field(default_factory=dict)  # Any: pyarrow arrays
    spilled: SpilledCells | None = None

    def add(self, numbers: Index, cells: Mapping[str, Any]) -> None:  # Any: as above
        """Add rows with their numbers, and their cells by column."""
        self.numbers.append(numbers)
        for name, column in cells.items():
            self.cells.setdefault(name, []).append(column)
        if self.spilled is not None or is_spilled(sum(one.nbytes for some in self.cells.values() for one in some)):
            self.spilled = self.spilled or SpilledCells(tuple(self.cells))
            self.spilled.write(self.cells)
            self.cells = {name: [] for name in self.cells}

    @property
    def rows(self) -> Index:
        """(N,) row numbers for messages."""
        return np.concatenate([np.empty(0, np.int64), *self.numbers])

    def columns(self) -> dict[str, Column]:
        """Return the cells of each column; slow for thousands of columns."""
        import pyarrow as pa

        if self.spilled is not None:
            return self.spilled.columns()
        return {name: pa.chunked_array(chunks, pa.string()) for name, chunks in self.cells.items()}


def read_rows(source: Source, roles: Roles, bad: BadRows, *, blank_target: bool) -> ReadRows:
    """Read the usable rows: an input cell may be empty, and a target cell where it holds labels; any other may not."""
    import pyarrow as pa
    import pyarrow.compute as pc

    read, seen = ReadRows(), 0
    for batch in source.batches(roles.all, bad):
        seen += len(batch.rows)
        kept = np.ones(len(batch.rows), bool)
        for name in roles.all:
            gone = {f"column {quote(name)} holds a NUL byte, as no text does": has_nul(batch.cells[name])}
            if name not in roles.features and not (blank_target and name in roles.targets):
                gone[f"column {quote(name)} is empty"] = is_blank(batch.cells[name])
            for why, which in gone.items():
                bad.report(batch.rows[which & kept], why)
                kept &= ~which
        found = {}
        for name in roles.all:
            cells = pc.utf8_trim_whitespace(pc.fill_null(batch.cells[name], ""))
            found[name] = cells if kept.all() else cells.filter(pa.array(kept))
        read.add(batch.rows[kept], found)
    bad.finish(seen)
    return read


def _to_features(
    source: Source,
    roles: Roles,
    bad: BadRows,
    options: Options,
    rows: Index,
    columns: Mapping[str, Column],
    every: Sequence[str],
    counting: Sequence[str],
) -> Features:
    """Parse targets, groups and times; drop rows without a valid target or time.

    Args:
        source: The table.
        roles: Of the columns.
        bad: Collects rows without a valid target or time.
        options: Checked options.
        rows: (N,) row numbers for messages.
        columns: (N,) cells of each.
        every: The columns that were read as inputs, those that count the rows among them.
        counting: Inputs that count the rows and were kept, as nothing else is there.
    """
    kept, times, notes = np.ones(len(rows), bool), None, [*source.notes, *roles.notes]
    if roles.time:
        times, kept = read_times(roles.time, columns[roles.time], rows, bad)
    targets: NDArray[np.generic] = np.zeros(int(kept.sum()), np.int64)
    names: tuple[str, ...] = ()
    if roles.targets:
        target = infer(
            roles.targets, [columns[name].filter(kept.copy()) for name in roles.targets], options, rows[kept], bad
        )
        plural = "s" * (len(roles.targets) > 1)
        notes.append(f"target: column{plural} {list_names(map(quote, roles.targets))}, {roles.because} - {target.note}")
        kept[kept] = target.kept
        targets, names = target.values, target.names
    groups = group_numbers(columns[roles.group])[kept] if roles.group else None
    if groups is not None:
        notes.append(f"groups: column {quote(roles.group)}, {len(np.unique(groups)):,} of them")
    cells = {name: columns[name] if kept.all() else columns[name].filter(kept.copy()) for name in every}
    used = [name for name in roles.features if roles.asked or name in counting]
    ordered = bool(roles.group or roles.time)
    found = check_cells(cells, used, targets, ordered=ordered) if roles.targets else []
    return Features(
        source.path,
        {name: cells[name] for name in roles.features},
        targets,
        names,
        rows[kept],
        content_ids_of(_row_bytes({name: cells[name] for name in roles.features})),
        source.unit,
        roles,
        bad,
        groups,
        None if times is None else times[kept],
        tuple(notes),
        tuple(found),
    )


def _row_bytes(columns: Mapping[str, Column]) -> Iterator[Ragged]:
    """Yield the bytes of each row, all cells joined, many rows at a time."""
    import pyarrow as pa
    import pyarrow.compute as pc

    table = pa.table({str(number): column for number, column in enumerate(columns.values())})
    for batch in table.to_batches(AT_ONCE):
        values, bounds = utf8_bytes(pc.binary_join_element_wise(*batch.columns, BETWEEN))
        yield Ragged(values, offsets_of(np.diff(bounds).astype(np.int64)))
