"""The tabular domain: the functions that core calls to read, prepare and draw rows of tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.text import Text

from dl.data.examples import Dataset, Examples, concatenate_examples
from dl.domain import Domain, Preprocessor
from dl.errors import BadFile, BadOption, DLError
from dl.options import Options
from dl.tables.columns import NUMBERING, choose_features, list_names, named_columns, sample_columns, split_names
from dl.tables.features import read_features, read_open_features
from dl.tables.options import OF_RAW_INPUTS, is_table
from dl.tables.table import check_table_options, open_table, warn_skipped
from dl.terminal import plain, safe_text
from dl_tabular import exported
from dl_tabular.columns import COLUMNS
from dl_tabular.derive import named_sources, parse_derive, with_sources
from dl_tabular.learners import scaled_rows
from dl_tabular.memory import from_memory
from dl_tabular.prepare import TabularPreprocessor, learn, restore
from dl_tabular.rows import infer_columns, learnt_columns, parse_learnt_columns, read_dtype

LINES = 8  # columns of a row on a card
LIKELY = 0.4  # rating of a table of several columns; below that of the text domain for a column of long texts


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
        columns=COLUMNS,
        rows=scaled_rows,
        prepare=exported.prepare,
    )


def open_path(path: Path, options: Options) -> Dataset:
    """Read a user's own table: CSV, TSV, JSON lines or Parquet.

    Raises:
        BadData: If the table cannot be used for training.
        BadFile: If it is not a table, or does not have the format of its suffix.
        BadOption: If a named column does not exist, or an expression does not fit the columns.
    """
    if path.is_dir() or not is_table(path):
        raise BadFile(f"{safe_text(str(path))!r} is not a table; expected .csv, .tsv, .jsonl or .parquet")
    derivations = parse_derive(str(options.get("derive", "")))
    reading, dropped = with_sources(options, derivations)
    features = read_features(path, reading)
    listed = str(options.get("categories", ""))
    categories = named_columns(features.path, tuple(features.columns), listed, "categories", "input column")
    found = infer_columns(features, categories, options).derived(derivations, dropped, features.roles.targets)
    features.release()
    dataset = features.dataset(features.examples(found.rows(), found.kept), found.notes)
    return replace(dataset, options=found.options)


def read(paths: Sequence[Path], preprocessor: Preprocessor, options: Options) -> Examples:
    """Read tables for a prediction; columns are matched by name, in any order.

    Args:
        paths: Of the tables.
        preprocessor: Of the run, with the columns to read.
        options: Of the run's data.

    Raises:
        BadData: If a column is missing, or a cell cannot be parsed.
        BadFile: If a path is not a table.
    """
    assert isinstance(preprocessor, TabularPreprocessor)
    found = []
    derivations = parse_derive(str(options.get("derive", "")))
    sources = set(named_sources(derivations))
    for path in paths:
        if not is_table(path) or path.is_dir():
            raise BadFile(f"{safe_text(str(path))!r} is not a table; expected .csv, .tsv, .jsonl or .parquet")
        source = open_table(path, check_table_options(reading := _of_raw_inputs(options)))
        dtype = read_dtype(preprocessor.dtype_of(source.columns), derivations)
        names = learnt_columns(dtype, source.columns)
        asked = str(options.get("input", ""))
        if asked and asked not in names and set(names) - sources - set(split_names(asked)):
            raise BadOption(f"input={safe_text(asked)}: this run was trained on {list_names(names)} and needs them all")
        features = read_open_features(source, reading, names, labelled=False)
        learnt = parse_learnt_columns(features, dtype, options).derived(derivations, ())
        learnt.arrays = preprocessor.completed(learnt.arrays, len(features))
        warn_skipped(features.bad.lines, features.unit)
        found.append(features.examples(learnt.rows(), learnt.kept))
    return concatenate_examples(found)


def _of_raw_inputs(options: Options) -> Options:
    return {name: value for name, value in options.items() if name in OF_RAW_INPUTS}


def draw(row: Any, width: int) -> Text:  # Any: a row of a structured array
    """Draw the first columns of a row, one a line."""
    words = _words(row)
    more = [f"… {len(words) - LINES} more"] if len(words) > LINES else []
    return Text("\n").join(plain(word, longest=width) for word in [*words[:LINES], *more])


def sketch(row: Any) -> str:  # Any: as above
    """Return a row as one line, to be stored in a run."""
    return ", ".join(_words(row))[:600]


def _words(row: Any) -> list[str]:  # Any: as above
    return [f"{safe_text(name)} {_cell(row[name])}" for name in row.dtype.names]


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4g}" if value == value else "-"
    return safe_text(str(value)) or "-"


def recognize(path: Path, options: Options) -> float:
    """Rate from 0 to 1 whether a path is a table of numbers and categories, by its number of columns."""
    if path.is_dir() or not is_table(path):
        return 0.0
    try:
        source = open_table(path, check_table_options(options))
        roles = choose_features(source, sample_columns(source), check_table_options(options), labelled=False)
    except DLError:
        return 0.0
    inputs = [name for name in roles.features if name.lower() not in NUMBERING]
    return LIKELY if len(inputs) > 2 else LIKELY / 4
