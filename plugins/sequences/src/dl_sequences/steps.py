"""Make series of the rows of a table in long form: each a run of structured steps.

Letters: ``S`` steps, ``N`` series.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dl.data.examples import Examples, Index
from dl.data.ragged import Ragged, offsets_of
from dl.errors import BadData
from dl.options import Options
from dl.tables.columns import list_names, named_columns
from dl.tables.gather import content_ids
from dl.tables.series import LongTable
from dl.tables.stream import file_name
from dl.terminal import safe_text
from dl.words import many
from dl_tabular.rows import ParsedColumns, infer_columns, parse_learnt_columns

Steps = NDArray[Any]  # Any: a structured type, whose fields numpy cannot type


@dataclass(frozen=True)
class Series:
    """Series of parsed steps.

    Args:
        inputs: (n,) the series that have a step.
        at: (n,) their positions among the series of the table.
        steps: Positions of their steps among those of the table.
        notes: Sentences on what was inferred and left out.
        options: What was decided for later inputs.
    """

    inputs: Ragged
    at: Index
    steps: Index
    notes: tuple[str, ...]
    options: Options


def parse_series(table: LongTable, options: Options, learnt: np.dtype[Any] | None = None) -> Series:
    """Parse the steps of series as numbers and categories.

    Args:
        table: In long form.
        options: Of reading.
        learnt: The columns of a run, or of the training set; None infers them.

    Raises:
        BadData: If cells cannot be parsed, or no column is left.
    """
    if learnt is None:
        listed = str(options.get("categories", ""))
        found = named_columns(table.steps.path, tuple(table.steps.columns), listed, "categories", "input column")
        parsed = infer_columns(table.steps, found, options)
    else:
        parsed = parse_learnt_columns(table.steps, learnt, options)
    return _cut(table, parsed)


def _cut(table: LongTable, parsed: ParsedColumns) -> Series:
    steps = parsed.rows()
    kept = np.concatenate([[0], np.cumsum(parsed.kept)])
    counts = kept[table.offsets[1:]] - kept[table.offsets[:-1]]
    at = np.flatnonzero(counts)
    inputs = Ragged(steps, offsets_of(counts[at]))
    return Series(inputs, at, np.flatnonzero(parsed.kept), tuple(parsed.notes), parsed.options)


def series_examples(table: LongTable, series: Series, sources: Sequence[str]) -> Examples:
    """Return series as examples, with the targets of their table.

    Args:
        table: In long form.
        series: Its series.
        sources: (N,) of the series of the table.
    """
    at = series.at
    return Examples(
        series.inputs,
        table.targets[at],
        ids_of(series.inputs),
        table.names,
        tuple(sources[k] for k in at),
        None if table.groups is None else table.groups[at],
    )


def named_series(table: LongTable) -> tuple[str, ...]:
    """Return the names of the series of a table for messages, as ``visits.csv id 17``."""
    prefix = f"{file_name(table.steps.path)} {safe_text(table.steps.roles.series, 40)}".strip()
    return tuple(f"{prefix} {safe_text(name, 60)}".strip() for name in table.series)


def ids_of(series: Ragged) -> Index:
    """Hash the content of each series to an id, (N,)."""
    plain = np.ascontiguousarray(series.values)
    return content_ids(Ragged(plain.view(np.uint8).reshape(-1), series.offsets * plain.dtype.itemsize))


def notes_on_lengths(series: Ragged, where: str) -> list[str]:
    """Return the note on series of one step.

    Raises:
        BadData: If every series has one step alone.
    """
    single = int((series.lengths == 1).sum())
    if single == len(series):
        raise BadData(
            f"{where}: every series has one step alone, so each row is an example; use: dl fit tabular, or another "
            "--sequence-on"
        )
    return [f"{many(single, 'series', 'series')} of one step alone"] if single else []


def describe_lengths(series: Ragged) -> str:
    """Return the number of series and of their steps, as ``200 series of 3 to 40 steps``."""
    low, high = int(series.lengths.min()), int(series.lengths.max())
    return f"{len(series):,} series of {low:,}{f' to {high:,}' if high > low else ''} steps"


def names_of(series: Ragged) -> str:
    """Return the columns of series for a message."""
    return list_names(series.values.dtype.names or ())
