"""Rows in memory: a frame, read like a file, or an array of numbers, with the columns x0, x1, ..."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from dl.data.examples import Dataset, Examples
from dl.data.memory import ARRAY, FRAME, Given
from dl.data.ragged import fixed
from dl.domain import Preprocessor
from dl.errors import BadData
from dl.options import Options
from dl.tables.columns import list_names, named_columns, quote
from dl.tables.counters import counter_notes
from dl.tables.features import read_open_features
from dl.tables.gather import content_ids
from dl.tables.guards import count_rows
from dl.tables.memory import open_frame
from dl.tables.numbers import LARGEST
from dl.tables.table import RowNames
from dl.words import many
from dl_tabular.derive import derive_columns, derive_notes, parse_derive, with_sources
from dl_tabular.prepare import TabularPreprocessor
from dl_tabular.rows import infer_columns, learnt_columns, parse_learnt_columns, read_dtype, rows_of

Numbers = NDArray[np.float64]


def from_memory(given: Given, options: Options, preprocessor: Preprocessor | None) -> Dataset:
    """Convert a frame, or an array (N, columns) with NaN for missing numbers.

    Raises:
        BadData: If it is neither, or a cell does not fit.
    """
    assert preprocessor is None or isinstance(preprocessor, TabularPreprocessor)
    if given.form == FRAME and given.values.num_columns:
        return _from_frame(given, options, preprocessor)
    if given.form == ARRAY and given.values.ndim == 2:
        return _from_array(given, options, preprocessor)
    raise BadData(f"tabular reads a frame, or an array (rows, columns); {given.words} was given")


def _from_frame(given: Given, options: Options, preprocessor: TabularPreprocessor | None) -> Dataset:
    source = open_frame(given)
    derivations = parse_derive(str(options.get("derive", "")))
    reading, dropped = with_sources(options, derivations)
    if preprocessor is not None:
        dtype = read_dtype(preprocessor.dtype_of(source.columns), derivations)
        features = read_open_features(source, reading, learnt_columns(dtype, source.columns), labelled=False)
        learnt = parse_learnt_columns(features, dtype, options).derived(derivations, ())
        learnt.arrays = preprocessor.completed(learnt.arrays, len(features))
        return Dataset("frame", features.examples(learnt.rows(), learnt.kept))
    features = read_open_features(source, reading, labelled=False)
    as_categories = named_columns(
        source.path, tuple(features.columns), str(options.get("categories", "")), "categories", "input column"
    )
    found = infer_columns(features, {*as_categories, *given.categories}, options).derived(derivations, dropped)
    images = [f"left out, as they hold images: {list_names(map(quote, given.images))}"] if given.images else []
    dataset = features.dataset(features.examples(found.rows(), found.kept), [*found.notes, *images])
    return replace(dataset, options=found.options)


def _from_array(given: Given, options: Options, preprocessor: TabularPreprocessor | None) -> Dataset:
    values: Numbers = given.values.astype(np.float64)
    names = [f"x{k}" for k in range(values.shape[1])]
    derivations = parse_derive(str(options.get("derive", "")))
    if preprocessor is not None:
        names = _known(names, list(read_dtype(preprocessor.dtype_of(names), derivations).names or ()))
    beyond = np.abs(values) > LARGEST
    if beyond.any():
        row, column = np.argwhere(beyond)[0]
        raise BadData(
            f"row {row} has {values[row, column]:g} in column {column}; numbers are finite, and a missing one is nan"
        )
    counting = count_rows(values) if preprocessor is None else []
    kept = [name for name in names if name not in counting] or names  # where nothing else is, it may be meant
    columns = {name: values[:, int(name[1:])] for name in names}
    made = derive_columns(columns, derivations)
    rows = rows_of({name: columns[name] for name in kept} | made)
    at = np.arange(len(rows))
    ids = at if given.only_predicted else content_ids(fixed(values))
    examples = Examples(rows, np.zeros(len(rows), np.int64), ids, (), RowNames("row", at))
    left_out = counter_notes([name for name in counting if name not in kept])
    return Dataset("array", examples, notes=(*left_out, *derive_notes(derivations, made)))


def _known(names: Sequence[str], wanted: list[str]) -> list[str]:
    """Return the columns of the training set that an array has.

    Raises:
        BadData: If they have names, or the array has too few columns.
    """
    if not set(wanted) <= set(names):
        if all(name[:1] == "x" and name[1:].isdecimal() for name in wanted):
            needed = 1 + max(int(name[1:]) for name in wanted)
            raise BadData(f"the array has {many(len(names), 'column')}; the run needs {needed} or more")
        raise BadData(f"the run reads its columns by name: {list_names(wanted)}; give a frame")
    return wanted
