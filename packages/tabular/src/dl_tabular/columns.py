"""Numbers and categories in the columns of a table that other kinds of input leave."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from dl.domain import Claim, ColumnKind, Preprocessor, ReadColumns
from dl.options import Options
from dl.tables.columns import Column, named_columns
from dl.tables.counters import counts_rows
from dl.tables.dates import read_dates
from dl.tables.features import Features
from dl.tables.numbers import NUMBER, is_missing, matches
from dl.words import many
from dl_tabular.derive import parse_derive
from dl_tabular.prepare import TabularPreprocessor
from dl_tabular.rows import MOST_SHARE, MOSTLY, infer_columns, learnt_columns, parse_learnt_columns, read_dtype


def claims(column: Column, _folder: Path) -> Claim | None:
    """Tell whether a column holds numbers or repeated words; None for one that counts or names the rows."""
    import pyarrow as pa

    cells = pa.chunked_array([pa.array([cell.strip() for cell in column.cells], pa.string())])
    if not len(cells) or counts_rows(column.name, cells):
        return None
    numbers, different = matches(cells, NUMBER), len(set(column.cells))
    if numbers.sum() > MOSTLY * (~is_missing(cells)).sum():
        return Claim("numbers") if different > 1 else None
    if read_dates(column.name, cells, "auto") is not None:
        return Claim("dates")
    if different == 1 or different > max(MOST_SHARE * len(cells), 2):
        return None
    return Claim(many(different, "category", "categories"))


def read(features: Features, options: Options, preprocessor: Preprocessor | None) -> ReadColumns:
    """Read columns as numbers and categories; for a prediction those that were learnt, with their kinds.

    Raises:
        BadData: If cells cannot be parsed and bad rows are not skipped, or no column is left.
        BadOption: If an option does not fit the columns.
    """
    derivations = parse_derive(str(options.get("derive", "")))
    if preprocessor is not None:
        assert isinstance(preprocessor, TabularPreprocessor)
        dtype = read_dtype(preprocessor.dtype_of(features.columns), derivations)
        learnt = parse_learnt_columns(features, dtype, options).derived(derivations, ())
        learnt.arrays = preprocessor.completed(learnt.arrays, len(features))
        return ReadColumns(learnt.rows(), learnt.kept)
    listed = [name for name in str(options.get("categories", "")).split(",") if name.strip() in features.columns]
    categories = named_columns(features.path, tuple(features.columns), ",".join(listed), "categories", "input column")
    found = infer_columns(features, categories, options).derived(derivations, (), features.roles.targets)
    return ReadColumns(found.rows(), found.kept, found.notes, found.options)


def columns(preprocessor: Preprocessor, there: Sequence[str], options: Options) -> Sequence[str]:
    """Return the columns of a table from which learnt rows are made."""
    assert isinstance(preprocessor, TabularPreprocessor)
    return learnt_columns(read_dtype(preprocessor.dtype_of(there), parse_derive(str(options.get("derive", "")))), there)


COLUMNS = ColumnKind(claims, read, columns)
