"""Series in memory: an array (samples, timesteps, features), NaN for missing numbers and after the end of a series."""

from __future__ import annotations

from typing import Any

import numpy as np

from dl.data.examples import Dataset, Examples
from dl.data.memory import ARRAY, Given
from dl.data.ragged import Ragged, offsets_of
from dl.domain import Preprocessor
from dl.errors import BadData
from dl.options import Options
from dl.tables.numbers import LARGEST
from dl.tables.table import RowNames
from dl_sequences.prepare import SeriesPreprocessor
from dl_sequences.steps import describe_lengths, ids_of
from dl_tabular.rows import rows_of


def from_memory(given: Given, options: Options, preprocessor: Preprocessor | None) -> Dataset:
    """Convert an array (N, T, F), or (N, T) of one feature.

    Raises:
        BadData: If it is none, or holds an infinite number or a series without a number.
        BadOption: If a forecast is asked for.
    """
    if given.form != ARRAY or given.values.ndim not in (2, 3):
        raise BadData(f"sequence reads an array (samples, timesteps, features); {given.words} was given")
    if options.get("horizon"):
        raise BadData("horizon= cuts the series of a table; give windows and their next values as arrays instead")
    values = given.values.astype(np.float64)
    values = values[:, :, None] if values.ndim == 2 else values
    present = ~np.isnan(values).all(axis=2)  # (N, T)
    if not present.any(axis=1).all():
        raise BadData(f"series {int(np.argmin(present.any(axis=1)))} of the array holds no number")
    if (np.abs(values) > LARGEST).any():
        at, step, feature = np.argwhere(np.abs(values) > LARGEST)[0]
        where = f"feature {feature} at step {step} of series {at}"
        raise BadData(f"{where} is {values[at, step, feature]:g}; numbers are finite, and a missing one is nan")
    lengths = values.shape[1] - np.argmax(present[:, ::-1], axis=1)
    inside = np.arange(values.shape[1]) < lengths[:, None]
    flat = values[inside]
    steps = rows_of({f"x{k}": flat[:, k] for k in range(flat.shape[1])})
    _refuse_others(steps, preprocessor)
    series = Ragged(steps, offsets_of(lengths))
    at_rows = np.arange(len(values))
    examples = Examples(series, np.zeros(len(values), np.int64), ids_of(series), (), RowNames("series", at_rows))
    cut = int((lengths < values.shape[1]).sum())
    notes = (f"{cut:,} series end before the last step, where nothing but nan follows",) if cut else ()
    return Dataset("array", examples, title=describe_lengths(series), notes=notes)


def _refuse_others(steps: Any, preprocessor: Preprocessor | None) -> None:  # Any: a structured type
    """Refuse an array with fewer features than the run reads.

    Raises:
        BadData: Naming both.
    """
    if isinstance(preprocessor, SeriesPreprocessor):
        wanted = [column.name for column in preprocessor.steps.columns if not column.constant]
        if missing := [name for name in wanted if name not in steps.dtype.names]:
            found = len(steps.dtype.names)
            raise BadData(f"the array has {found} features a step; the run also reads {', '.join(missing)}")
