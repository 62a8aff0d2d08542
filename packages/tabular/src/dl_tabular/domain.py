"""The tabular domain, put together: what core calls to read, prepare and show rows of tables."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.text import Text

from dl.data.examples import Dataset, Examples, joined
from dl.domain import Domain, Preprocessor
from dl.errors import BadFile, BadOption, DLError
from dl.options import Options
from dl.tables.columns import choose_features, in_parts, listed, named_columns, sample
from dl.tables.features import read_features
from dl.tables.options import OF_RAW_INPUTS, is_table
from dl.tables.table import checked, open_table, say_skipped
from dl.terminal import plain, safe_text
from dl_tabular.memory import from_memory
from dl_tabular.prepare import TabularPreprocessor, learn, restore
from dl_tabular.rows import as_learnt, understand

LINES = 8  # columns of a row on a card
LIKELY = 0.4  # how surely a table of several columns is meant for this domain; a column of long texts beats it


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
    )


def open_path(path: Path, options: Options) -> Dataset:
    """Read a user's own table: CSV, TSV, JSON lines or Parquet.

    Raises:
        BadData: If there is nothing to learn from.
        BadFile: If it is no table, or cannot be read as what it is called.
        BadOption: If a column that is named is not there.
    """
    if path.is_dir() or not is_table(path):
        raise BadFile(f"{safe_text(str(path))!r} is no table; expected .csv, .tsv, .jsonl or .parquet")
    features = read_features(path, options)
    said = str(options.get("categories", ""))
    categories = named_columns(features.path, tuple(features.columns), said, "categories", "input column")
    found = understand(features, categories)
    return features.dataset(features.examples(found.rows(), found.kept), found.notes)


def read(paths: Sequence[Path], preprocessor: Preprocessor, options: Options) -> Examples:
    """Read tables for a prediction: their columns are found by name, whatever their order.

    Args:
        paths: Of them.
        preprocessor: Whose columns are looked for.
        options: As the run's own data was read.

    Raises:
        BadData: If a column is missing, or a cell does not fit.
        BadFile: If a path is no table.
    """
    assert isinstance(preprocessor, TabularPreprocessor)
    found = []
    for path in paths:
        if not is_table(path) or path.is_dir():
            raise BadFile(f"{safe_text(str(path))!r} is no table; expected .csv, .tsv, .jsonl or .parquet")
        names = [column.name for column in preprocessor.columns]
        asked = str(options.get("input", ""))
        if asked and asked not in names and set(names) - set(in_parts(asked)):
            raise BadOption(f"input={safe_text(asked)}: this run looks at {listed(names)}, and needs all of them")
        reading = {name: value for name, value in options.items() if name in OF_RAW_INPUTS}
        features = read_features(path, reading, names, labelled=False)
        learnt = as_learnt(features, preprocessor.dtype)
        say_skipped(features.bad.lines, features.unit)
        found.append(features.examples(learnt.rows(), learnt.kept))
    return joined(found)


def draw(row: Any, width: int) -> Text:  # Any: a row of a structured array
    """Return the first columns of a row, one a line."""
    words = _words(row)
    more = [f"… {len(words) - LINES} more"] if len(words) > LINES else []
    return Text("\n").join(plain(word, longest=width) for word in [*words[:LINES], *more])


def sketch(row: Any) -> str:  # Any: as above
    """Return a row in one line, to be kept with a run."""
    return ", ".join(_words(row))[:600]


def _words(row: Any) -> list[str]:  # Any: as above
    return [f"{safe_text(name)} {_cell(row[name])}" for name in row.dtype.names]


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4g}" if value == value else "-"
    return safe_text(str(value)) or "-"


def recognize(path: Path, options: Options) -> float:
    """Say how surely a path is meant as a table of numbers and categories: one of several columns."""
    if path.is_dir() or not is_table(path):
        return 0.0
    try:
        source = open_table(path, checked(options))
        roles = choose_features(source, sample(source), checked(options), labelled=False)
    except DLError:
        return 0.0
    return LIKELY if len(roles.features) > 2 else LIKELY / 4
