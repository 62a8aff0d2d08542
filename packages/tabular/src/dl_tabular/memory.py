"""Rows in memory: a frame, read like a file, or an array of numbers, with the columns x0, x1, ..."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dl.data.examples import Dataset, Examples
from dl.data.memory import ARRAY, FRAME, Given
from dl.data.ragged import fixed
from dl.domain import Preprocessor
from dl.errors import BadData
from dl.options import Options
from dl.tables.columns import list_names, named_columns, quote
from dl.tables.features import read_open_features
from dl.tables.gather import content_ids
from dl.tables.memory import open_frame
from dl.tables.table import RowNames
from dl.words import many
from dl_tabular.prepare import TabularPreprocessor
from dl_tabular.rows import LARGEST, infer_columns, learnt_columns, parse_learnt_columns, rows_of

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
        return _from_array(given.values.astype(np.float64), preprocessor)
    raise BadData(f"tabular reads a frame, or an array (rows, columns); {given.words} was given")


def _from_frame(given: Given, options: Options, preprocessor: TabularPreprocessor | None) -> Dataset:
    source = open_frame(given)
    if preprocessor is not None:
        names = learnt_columns(preprocessor.dtype, source.columns)
        features = read_open_features(source, options, names, labelled=False)
        learnt = parse_learnt_columns(features, preprocessor.dtype, options)
        return Dataset("frame", features.examples(learnt.rows(), learnt.kept))
    features = read_open_features(source, options, labelled=False)
    as_categories = named_columns(
        source.path, tuple(features.columns), str(options.get("categories", "")), "categories", "input column"
    )
    found = infer_columns(features, {*as_categories, *given.categories}, options)
    images = [f"left out, as they hold images: {list_names(map(quote, given.images))}"] if given.images else []
    dataset = features.dataset(features.examples(found.rows(), found.kept), [*found.notes, *images])
    return replace(dataset, options=found.options)


def _from_array(values: Numbers, preprocessor: TabularPreprocessor | None) -> Dataset:
    names = [f"x{k}" for k in range(values.shape[1])]
    if preprocessor is not None:
        names = _known(names, preprocessor)
    beyond = np.abs(values) > LARGEST
    if beyond.any():
        row, column = np.argwhere(beyond)[0]
        raise BadData(
            f"row {row} has {values[row, column]:g} in column {column}; numbers are finite, and a missing one is nan"
        )
    rows = rows_of({name: values[:, int(name[1:])] for name in names})
    at = np.arange(len(rows))
    examples = Examples(rows, np.zeros(len(rows), np.int64), content_ids(fixed(values)), (), RowNames("row", at))
    return Dataset("array", examples)


def _known(names: Sequence[str], preprocessor: Any) -> list[str]:  # Any: a TabularPreprocessor
    """Return the columns of the training set that an array has.

    Raises:
        BadData: If they have names, or the array has too few columns.
    """
    wanted = [column.name for column in preprocessor.columns]
    if not set(wanted) <= set(names):
        if all(name[:1] == "x" and name[1:].isdecimal() for name in wanted):
            needed = 1 + max(int(name[1:]) for name in wanted)
            raise BadData(f"the array has {many(len(names), 'column')}; the run needs {needed} or more")
        raise BadData(f"the run reads its columns by name: {list_names(wanted)}; give a frame")
    return wanted
