"""The domain of sequences: the functions that core calls to read, prepare and draw series."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from rich.text import Text

from dl.data.examples import Dataset, Examples, concatenate_examples
from dl.data.file_kinds import share_of_kind
from dl.data.ragged import Ragged
from dl.domain import Domain, Preprocessor, draw_bars
from dl.errors import BadFile, BadOption, DLError
from dl.options import Options
from dl.tables.columns import list_names
from dl.tables.options import OF_RAW_INPUTS, is_table
from dl.tables.series import LongTable, need_series, read_series
from dl.tables.stream import file_name
from dl.tables.table import check_table_options, open_table, stem_of, warn_skipped
from dl.terminal import plain, safe_text
from dl.words import many
from dl_sequences import exported, folder, windows
from dl_sequences.learners import summary_rows
from dl_sequences.memory import from_memory
from dl_sequences.prepare import SeriesPreprocessor, learn, restore
from dl_sequences.rules import rules
from dl_sequences.steps import describe_lengths, named_series, notes_on_lengths, parse_series, series_examples
from dl_sequences.windows import windows_at

LINES = 6  # columns of a series on a card
READ_ALIKE = (*OF_RAW_INPUTS, "time_on", "sequence_on", "missing", "dates")  # options of a run for new series
FOLDER_ONLY = ("sequence_on", "time_on", "target", "group_on", "horizon")


def load() -> Domain:
    """Return the domain."""
    return Domain(
        open_path=open_path,
        learn=learn,
        restore=restore,
        read=read,
        draw=draw,
        sketch=sketch,
        recognize=recognize,
        from_memory=from_memory,
        rules=rules,
        rows=summary_rows,
        prepare=exported.prepare,
    )


def open_path(path: Path, options: Options) -> Dataset:
    """Read a table in long form, a folder of files, a table that lists files, or long series to forecast.

    Raises:
        BadData: If it cannot be used for training.
        BadFile: If a file cannot be read.
        BadOption: If an option does not fit the data.
    """
    if path.is_dir():
        _refuse_for_folder(path, options)
        return folder.open_folder(path, options)
    if not is_table(path):
        raise BadFile(f"{safe_text(str(path))!r} is no table; expected .csv, .tsv, .jsonl or .parquet, or a folder")
    if options.get("horizon"):
        return windows.forecast(open_table(path, check_table_options(options)), options)
    if not options.get("sequence_on") and folder.lists_files(path, options):
        return folder.open_list(path, options)
    source = open_table(path, check_table_options(options))
    need_series(source, options)
    table = read_series(source, options)
    series = parse_series(table, options)
    train = series_examples(table, series, named_series(table))
    notes = (*table.steps.notes, *series.notes, *notes_on_lengths(series.inputs, file_name(path)))
    inputs = many(len(series.inputs.values.dtype.names or ()), "input")
    return Dataset(
        stem_of(path),
        train,
        title=f"{describe_lengths(series.inputs)}, {inputs}, target {list_names(table.steps.roles.targets)}",
        source=str(path),
        skipped=tuple(table.steps.bad.lines),
        notes=notes,
        options=series.options,
    )


def _refuse_for_folder(path: Path, options: Options) -> None:
    for name in FOLDER_ONLY:
        if options.get(name) and name != "time_on":
            raise BadOption(f"{name}= is for a table; {safe_text(str(path))!r} is a folder of class folders")


def read(paths: Sequence[Path], preprocessor: Preprocessor, options: Options) -> Examples:
    """Read series for a prediction; to forecast, the newest window of each.

    Args:
        paths: Of tables, or of folders with a file for each series.
        preprocessor: Of the run, with the columns to read.
        options: Of the run's data.

    Raises:
        BadData: If a column is missing, or a cell cannot be parsed.
        BadFile: If a path is no table.
    """
    assert isinstance(preprocessor, SeriesPreprocessor)
    reading = {name: value for name, value in options.items() if name in READ_ALIKE}
    horizon, window = int(options.get("horizon", 0)), int(options.get("window", 0))
    in_files = not horizon and not options.get("sequence_on")
    found = []
    for path in paths:
        files = {str(file): file for file in folder.files_below(path)}
        if in_files:
            table = _of_files(files, path, preprocessor, reading)
            found.append(_newest(table, preprocessor, reading, table.series, 0))
            continue
        for file in files.values():
            table = _of_table(file, preprocessor, reading)
            found.append(_newest(table, preprocessor, reading, named_series(table), window if horizon else 0))
    return concatenate_examples(found)


def _of_files(files: Mapping[str, Path], root: Path, preprocessor: SeriesPreprocessor, options: Options) -> LongTable:
    first = open_table(next(iter(files.values())), check_table_options(options)) if files else None
    names = _columns(preprocessor, first.columns if first else ())
    return folder.read_files(files, root, {**options, "input": ""}, None, names)


def _of_table(path: Path, preprocessor: SeriesPreprocessor, options: Options) -> LongTable:
    source = open_table(path, check_table_options(options))
    names = _columns(preprocessor, source.columns)
    table = read_series(source, {**options, "input": ""}, names, labelled=False)
    warn_skipped(table.steps.bad.lines, table.steps.unit)
    return table


def _columns(preprocessor: SeriesPreprocessor, there: Sequence[str]) -> list[str]:
    """Return the columns of a table that a run reads; of the parts of a date, the date."""
    from dl_tabular.rows import learnt_columns

    return learnt_columns(preprocessor.steps.dtype_of(there), there)


def _newest(
    table: LongTable, preprocessor: SeriesPreprocessor, options: Options, sources: Sequence[str], window: int
) -> Examples:
    """Return the series of a table, or the newest window of each."""
    series = parse_series(table, options, preprocessor.steps.dtype_of(table.steps.columns))
    examples = series_examples(table, series, sources)
    inputs = _completed(series.inputs, preprocessor)
    if window:
        short = np.minimum(inputs.lengths, window)
        pieces = [
            windows_at(inputs, inputs.offsets[k + 1 : k + 2] - short[k], int(short[k])) for k in range(len(inputs))
        ]
        inputs = Ragged(np.concatenate([one.values for one in pieces]), np.concatenate([[0], np.cumsum(short)]))
    return replace(examples, inputs=inputs)


def _completed(series: Ragged, preprocessor: SeriesPreprocessor) -> Ragged:
    """Return series with the columns of the run in its order; constant ones that are not there have their constant."""
    from dl_tabular.rows import rows_of

    steps: Any = series.values  # a structured type, whose fields numpy cannot type
    columns = {name: steps[name] for name in steps.dtype.names or ()}
    return Ragged(rows_of(preprocessor.steps.completed(columns, len(steps))), series.offsets)


def draw(row: Any, width: int) -> Text:  # Any: structured steps
    """Draw the first columns of a series, one a line."""
    words = [plain(line, longest=width) for line in _lines(row, max(width - 16, 8))]
    return Text("\n").join(words)


def sketch(row: Any) -> str:  # Any: as above
    """Return a series as one line, to be stored in a run."""
    return f"{many(len(row), 'step')}: " + ", ".join(_lines(row, 24))[:600]


def _lines(row: Any, width: int) -> list[str]:  # Any: as above
    names = row.dtype.names
    more = [f"… {len(names) - LINES} more"] if len(names) > LINES else []
    return [f"{safe_text(name, 14)} {_bars(row[name], width)}" for name in names[:LINES]] + more


def _bars(values: Any, width: int) -> str:  # Any: numbers or words
    if values.dtype.kind != "f":
        return " ".join(dict.fromkeys(safe_text(str(word)) or "-" for word in values.tolist()))[:width]
    present = values[~np.isnan(values)]
    return draw_bars(present, width) if len(present) else "-"


def recognize(path: Path, options: Options) -> float:
    """Rate from 0 to 1 whether a path holds series: a folder by its tables, a table by the options typed for it."""
    if path.is_dir():
        return share_of_kind(path, folder.SUFFIXES)
    if not is_table(path):
        return 0.0
    if options.get("sequence_on") or options.get("horizon"):
        return 1.0
    try:
        return 0.9 if folder.lists_files(path, options) else 0.0
    except DLError:
        return 0.0
