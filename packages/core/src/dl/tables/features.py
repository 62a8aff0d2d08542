"""A user's table whose inputs are several of its columns, as text; the domain makes numbers and categories of them.

features = read_features(Path("wine.csv"), options)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dl.data.examples import Dataset, Examples, Index
from dl.data.ragged import Ragged, offsets_of
from dl.errors import BadData
from dl.options import Options
from dl.tables.columns import Roles, choose_features, listed, quote, sample
from dl.tables.gather import blanks, bytes_of, content_ids, holding_nul
from dl.tables.groups_times import group_numbers, read_times
from dl.tables.source import BadRows, Source
from dl.tables.stream import called
from dl.tables.table import RowNames, checked, open_table, plain_name
from dl.tables.target import infer
from dl.words import many

BETWEEN = "\x1f"  # cells of a row, where its content is hashed

Column = Any  # a pyarrow ChunkedArray of text without nulls, spaces around it taken away


@dataclass(frozen=True)
class Features:
    """A table that is read: some columns as inputs, others as what is known about them.

    Args:
        path: The file.
        columns: (N,) text cells of each input column, empty where there is nothing.
        targets: As `Examples` takes them; zeros where no target was wanted.
        names: Of the classes, labels or target columns.
        rows: (N,) numbers of the rows, for people.
        unit: What a row is called: ``row`` or ``line``.
        roles: What each column is for.
        bad: Who is told about rows that cannot be used.
        groups: (N,) group numbers, or None.
        times: (N,) times that sort, or None.
        notes: What was found by itself, in words.
    """

    path: Path
    columns: Mapping[str, Column]
    targets: NDArray[np.generic]
    names: tuple[str, ...]
    rows: Index
    unit: str
    roles: Roles
    bad: BadRows
    groups: Index | None = None
    times: NDArray[np.generic] | None = None
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.rows)

    def examples(self, inputs: NDArray[np.generic], kept: NDArray[np.bool_]) -> Examples:
        """Return the kept rows as examples.

        Args:
            inputs: (n, ...) what the domain made of the kept rows.
            kept: (N,) which rows could be turned into inputs.
        """
        return Examples(
            inputs,
            self.targets[kept],
            content_ids(_joined(self.columns))[kept],
            self.names,
            RowNames(f"{called(self.path)} {self.unit}", self.rows[kept]),
            None if self.groups is None else self.groups[kept],
            None if self.times is None else self.times[kept],
        )

    def dataset(self, train: Examples, notes: Sequence[str]) -> Dataset:
        """Return the examples as a data set, with what the domain found besides."""
        counts = f"{many(len(train), self.unit)}, {many(len(self.columns), 'input')}"
        return Dataset(
            name=plain_name(self.path),
            train=train,
            title=f"{counts}, target {listed(self.roles.targets)}",
            source=str(self.path),
            skipped=tuple(self.bad.lines),
            notes=(*self.notes, *notes),
        )


def read_features(path: Path, options: Options, wanted: Sequence[str] = (), *, labelled: bool = True) -> Features:
    """Read a table with all its columns as text.

    Args:
        path: Of a file that `dl.tables.options.is_table` knows.
        options: Values of `dl.tables.options.OPTIONS`; ``input`` names the input columns, with commas; empty
            takes all others but those of ``leave_out``.
        wanted: The input columns, where they are known; empty for those that the options name.
        labelled: Whether a target is wanted; for a prediction none is.

    Raises:
        BadFile: If it cannot be read as what it is called.
        BadData: If its rows do not fit, or no column does.
        BadOption: If an option does not fit this table.
    """
    return read_open_features(open_table(path, checked(options)), options, wanted, labelled=labelled)


def read_open_features(
    source: Source, options: Options, wanted: Sequence[str] = (), *, labelled: bool = True
) -> Features:
    """Read a table that is opened, as `read_features` does.

    Raises:
        DLError: As `read_features`.
    """
    options, path = {**checked(options), "leave_out": str(options.get("leave_out", ""))}, source.path
    roles = choose_features(source, sample(source), options, wanted, labelled=labelled)
    bad = BadRows(path, source.unit, options["bad_rows"] == "skip")
    read = _read(source, roles, bad)
    if not len(read.rows):
        more = f"; the first: {bad.lines[0]}" if bad.lines else ""
        raise BadData(f"{called(path)} holds no row that can be used{more}")
    columns = read.columns()
    for target in roles.targets:
        for feature in roles.features:
            if columns[target].equals(columns[feature]):
                same = f"target column {quote(target)} is the same as input column {quote(feature)} in every row"
                raise BadData(f"{called(path)}: {same}; its own answer would be given away  try: leave_out={feature}")
    return _understood(source, roles, bad, options, read.rows, columns)


@dataclass
class _Rows:
    """What was read so far."""

    numbers: list[Index] = field(default_factory=list)
    cells: dict[str, list[Any]] = field(default_factory=dict)  # Any: pyarrow arrays

    @property
    def rows(self) -> Index:
        return np.concatenate([np.empty(0, np.int64), *self.numbers])

    def columns(self) -> dict[str, Column]:
        """Return the cells of each column; of a thousand columns this takes a while."""
        import pyarrow as pa

        return {name: pa.chunked_array(parts, pa.string()) for name, parts in self.cells.items()}


def _read(source: Source, roles: Roles, bad: BadRows) -> _Rows:
    """Read the rows that have what they need; an input cell may be empty, any other may not."""
    import pyarrow as pa
    import pyarrow.compute as pc

    read, seen = _Rows(), 0
    for batch in source.batches(roles.all, bad):
        seen += len(batch.rows)
        kept = np.ones(len(batch.rows), bool)
        for name in roles.all:
            gone = {f"column {quote(name)} holds a NUL byte, as no text does": holding_nul(batch.cells[name])}
            if name not in roles.features:
                gone[f"column {quote(name)} is empty"] = blanks(batch.cells[name])
            for why, which in gone.items():
                bad.these(batch.rows[which & kept], why)
                kept &= ~which
        read.numbers.append(batch.rows[kept])
        for name in roles.all:
            cells = pc.utf8_trim_whitespace(pc.fill_null(batch.cells[name], ""))
            read.cells.setdefault(name, []).append(cells if kept.all() else cells.filter(pa.array(kept)))
    bad.finish(seen)
    return read


def _understood(
    source: Source, roles: Roles, bad: BadRows, options: Options, rows: Index, columns: Mapping[str, Column]
) -> Features:
    """Turn the columns that are no inputs into arrays; rows whose target or time is none are left out once more."""
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
        notes.append(f"target: column{plural} {listed(map(quote, roles.targets))}, {roles.because} - {target.note}")
        kept[kept] = target.kept
        targets, names = target.values, target.names
    groups = group_numbers(columns[roles.group])[kept] if roles.group else None
    if groups is not None:
        notes.append(f"groups: column {quote(roles.group)}, {len(np.unique(groups)):,} of them")
    return Features(
        source.path,
        {name: columns[name].filter(kept.copy()) for name in roles.features},
        targets,
        names,
        rows[kept],
        source.unit,
        roles,
        bad,
        groups,
        None if times is None else times[kept],
        tuple(notes),
    )


def _joined(columns: Mapping[str, Column]) -> Ragged:
    """Return the bytes of each row."""
    import pyarrow.compute as pc

    values, bounds = bytes_of(pc.binary_join_element_wise(*columns.values(), BETWEEN).combine_chunks())
    return Ragged(values, offsets_of(np.diff(bounds).astype(np.int64)))
