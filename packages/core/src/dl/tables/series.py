"""Read a table in long form: each row is a step of a series, one column says of which, and another orders the steps.

read_series(open_table(Path("visits.csv"), options), options).offsets
Letters: ``S`` steps, ``N`` series.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dl.data.examples import Index
from dl.data.ragged import offsets_of
from dl.errors import BadData, BadOption
from dl.options import Options
from dl.tables.columns import choose_features, list_names, quote, sample_columns
from dl.tables.counters import counter_notes
from dl.tables.features import Features, read_rows, refuse_leak, without_counters
from dl.tables.groups_times import group_numbers, read_times
from dl.tables.source import BadRows, Source
from dl.tables.stream import file_name
from dl.tables.table import blank_may_be, check_table_options
from dl.tables.target import infer
from dl.terminal import safe_text
from dl.words import many

LATE = 1.5  # times the usual step, from which a step is missing
LAST, CONSTANT = "last", "constant"  # rows of a series that have its target
TARGETS_AT = (CONSTANT, LAST)

Column = Any  # a pyarrow ChunkedArray of stripped text without nulls


@dataclass(frozen=True)
class LongTable:
    """A table in long form, ordered: series after series, the steps of each by time.

    Args:
        steps: The rows (S) without a target.
        offsets: (N + 1,) first step of each series, and the end of the last one.
        series: (N,) names of the series.
        targets: (N, ...) as in `Examples`; zeros without a target.
        names: Of the classes, labels or target columns.
        moments: (S,) times; the place in the series where no column says them.
        groups: (N,) group numbers, or None.
        skipped: Series left out, with the reason.
    """

    steps: Features
    offsets: Index
    series: tuple[str, ...]
    targets: NDArray[np.generic]
    names: tuple[str, ...]
    moments: NDArray[np.generic]
    groups: Index | None = None
    skipped: tuple[str, ...] = ()


def read_series(source: Source, options: Options, wanted: Sequence[str] = (), *, labelled: bool = True) -> LongTable:
    """Read a table in long form.

    Args:
        source: The table.
        options: Values of `dl.tables.options.OPTIONS`, with ``sequence_on``, ``target_at`` and ``leave_out``.
        wanted: The input columns, if known.
        labelled: Whether a target is needed.

    Raises:
        BadData: If rows cannot be used, no column fits a role, or a target changes within a series.
        BadOption: If an option does not fit this table.
    """
    others = {name: str(options.get(name, "")) for name in ("leave_out", "categories", "sequence_on")}
    checked, path = {**check_table_options(options), **others}, source.path
    roles = choose_features(source, sample_columns(source), checked, wanted, labelled=labelled)
    bad = BadRows(path, source.unit, checked["bad_rows"] == "skip")
    read = read_rows(source, roles, bad, blank_target=blank_may_be(checked, roles))
    rows, columns = read.rows, read.columns()
    if not len(rows):
        raise BadData(f"{file_name(path)} holds no row that can be used")
    roles, counting = without_counters(source, roles, columns, ())
    refuse_leak(path, roles, columns)
    times, kept = read_times(roles.time, columns[roles.time], rows, bad) if roles.time else (None, None)
    times = np.arange(len(rows)) if times is None else times
    of_series = group_numbers(columns[roles.series]) if roles.series else np.zeros(len(rows), np.int64)
    chosen = np.arange(len(rows)) if kept is None else np.flatnonzero(kept)
    order = chosen[np.lexsort((chosen, times[chosen], of_series[chosen]))]
    counts = np.unique(of_series[order], return_counts=True)[1]
    cells = {name: column.take(order) for name, column in columns.items()}
    table = _Ordered(source, checked, cells, rows[order], offsets_of(counts), times[order], bad)
    notes = [*source.notes, *roles.notes, *counter_notes(counting), *_notes_on_steps(table, roles.time)]
    last = table.offsets[1:] - 1
    series = tuple(cells[roles.series].take(last).to_pylist()) if roles.series else ("",)
    groups = None
    if roles.group:
        _refuse_change(table, roles.group, series, "group_on", "")
        groups = group_numbers(cells[roles.group].take(last))
        notes.append(f"groups: column {quote(roles.group)}, {len(np.unique(groups)):,} of them")
    targets: NDArray[np.generic] = np.zeros(len(series))
    names, some = tuple[str, ...](), np.ones(len(series), bool)
    if roles.targets:
        targets, names, some, note = _targets(table, roles.targets, series, str(options.get("target_at", CONSTANT)))
        notes.append(f"target: column {list_names(map(quote, roles.targets))}, {roles.because} - {note}")
    steps = Features(
        path,
        {name: cells[name] for name in roles.features},
        np.zeros(len(order), np.int64),
        (),
        table.rows,
        np.zeros(len(order), np.int64),
        source.unit,
        roles,
        bad,
        notes=tuple(notes),
    )
    found = LongTable(steps, table.offsets, series, targets, names, table.moments, groups)
    return found if some.all() else _without_series(found, some)


@dataclass(frozen=True)
class _Ordered:
    """The rows of a table in long form, in order."""

    source: Source
    options: Options
    cells: Mapping[str, Column]
    rows: Index
    offsets: Index
    moments: NDArray[np.generic]
    bad: BadRows


def _targets(
    table: _Ordered, names: Sequence[str], series: Sequence[str], at: str
) -> tuple[NDArray[np.generic], tuple[str, ...], NDArray[np.bool_], str]:
    """Read the target of each series from its last row."""
    if at != LAST:
        for name in names:
            _refuse_change(
                table,
                name,
                series,
                "target",
                "  use target_at=last for that of the last row, or horizon=7 to forecast it",
            )
    last = table.offsets[1:] - 1
    columns = [table.cells[name].take(last) for name in names]
    target = infer(names, columns, table.options, table.rows[last], table.bad)
    end = ", of the last row of each series" if at == LAST else ""
    return target.values, target.names, target.kept, target.note + end


def _refuse_change(table: _Ordered, name: str, series: Sequence[str], what: str, instead: str) -> None:
    """Refuse a column whose cells differ within a series.

    Raises:
        BadData: Naming the first such series, and two of its cells.
    """
    numbers, starts = group_numbers(table.cells[name]), table.offsets[:-1]
    changes = np.minimum.reduceat(numbers, starts) != np.maximum.reduceat(numbers, starts)
    if not changes.any():
        return
    first = int(np.argmax(changes))
    own = table.cells[name].slice(table.offsets[first], table.offsets[first + 1] - table.offsets[first]).to_pylist()
    one, other = (repr(safe_text(cell, 40)) for cell in (own[0], next(cell for cell in own if cell != own[0])))
    raise BadData(
        f"{file_name(table.source.path)}: {what} column {quote(name)} changes within {int(changes.sum()):,} of "
        f"{len(series):,} series, as from {one} to {other} in {safe_text(series[first], 40)!r}{instead}"
    )


def _notes_on_steps(table: _Ordered, time: str) -> list[str]:
    """Return notes on the order of the steps: where times are missing, come twice, or are unevenly spaced."""
    if not time:
        return ["steps: in the order of the file, as no column of times is named; name one with --time-on"]
    inner = np.ones(len(table.moments), bool)
    inner[table.offsets[:-1]] = False
    gaps = np.diff(table.moments.astype(np.float64), prepend=0.0)[inner]
    if not len(gaps):
        return []
    usual, notes = float(np.median(gaps)), [f"steps: ordered by column {quote(time)}"]
    missing, twice = float(np.mean(gaps > LATE * usual)) if usual > 0 else 0.0, int((gaps == 0).sum())
    if missing:
        notes.append(
            f"unevenly spaced: {100 * missing:.2g} % of the steps come later than the usual one in {quote(time)}, so "
            "some may be missing; each is read as the next step all the same"
        )
    if twice:
        notes.append(f"{many(twice, 'step')} of one time as the one before, in the order of the file")
    return notes


def _without_series(table: LongTable, kept: NDArray[np.bool_]) -> LongTable:
    """Return a table without the series that have no valid target; their targets are left out already."""
    at = np.flatnonzero(np.repeat(kept, np.diff(table.offsets)))
    steps = Features(
        table.steps.path,
        {name: column.take(at) for name, column in table.steps.columns.items()},
        table.steps.targets[at],
        (),
        table.steps.rows[at],
        table.steps.ids[at],
        table.steps.unit,
        table.steps.roles,
        table.steps.bad,
        notes=table.steps.notes,
    )
    series = tuple(name for name, keep in zip(table.series, kept, strict=True) if keep)
    return LongTable(
        steps,
        offsets_of(np.diff(table.offsets)[kept]),
        series,
        table.targets,
        table.names,
        table.moments[at],
        None if table.groups is None else table.groups[kept],
    )


def need_series(source: Source, options: Options) -> None:
    """Refuse a table of which no column says which series a row belongs to.

    Raises:
        BadOption: Naming the columns.
    """
    if not options.get("sequence_on"):
        raise BadOption(
            f"{file_name(source.path)}: which series does a row belong to? name the column: --sequence-on COLUMN; or "
            f"forecast one long series: horizon=7  columns: {list_names(source.columns)}"
        )
