"""Summarize inputs in columns with names, by rules that are the same for all data: what may drift, and can be named.

Rows of a table are their own columns; images have a brightness and a contrast, texts a length. Inputs of several kinds
have the columns of each. Letters: ``n`` inputs.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dl.data.branches import Branches, columns_of
from dl.data.examples import Index, Inputs
from dl.data.ragged import Ragged

FEW = 64  # numbers of an input that each are a column
AT_ONCE = 1 << 22  # numbers of inputs that are summarized at once
Columns = dict[str, NDArray[Any]]  # (n,) numbers, NaN for a missing one, or words. Any: either


def summarize_inputs(inputs: Inputs, rows: Index) -> Columns:
    """Return columns of some of the inputs, by name.

    Args:
        inputs: As a data set has them.
        rows: (n,) positions.
    """
    if isinstance(inputs, Branches):
        several: Columns = {}
        for name, part in inputs.items():
            of = "" if columns_of(part) is not None else f" of {name}"
            several |= {f"{column}{of}": values for column, values in summarize_inputs(part, rows).items()}
        return several
    if isinstance(inputs, Ragged) and inputs.values.dtype.names:
        return describe_series(inputs[rows])
    if isinstance(inputs, Ragged):
        texts = inputs.values.dtype == np.uint8
        return {"length in bytes" if texts else "length": inputs.lengths[rows].astype(np.float64)}
    if inputs.dtype.names:
        found: Any = inputs  # Any: a structured type, whose fields numpy cannot type
        return {name: found[name][rows] for name in inputs.dtype.names}
    if inputs.ndim == 2 and inputs.shape[1] <= FEW:
        return {f"input {k}": column for k, column in enumerate(inputs[rows].T.astype(np.float64))}
    light: Columns = {"brightness": np.empty(len(rows)), "contrast": np.empty(len(rows))}
    size = max(AT_ONCE // int(np.prod(inputs.shape[1:])), 1)
    for start in range(0, len(rows), size):
        piece = slice(start, start + size)
        flat = inputs[rows[piece]].reshape(len(rows[piece]), -1)
        light["brightness"][piece] = flat.mean(axis=1, dtype=np.float64)
        light["contrast"][piece] = flat.std(axis=1, dtype=np.float64)
    return light


def describe_series(series: Ragged) -> Columns:
    """Return columns that describe series: the length, and of each column of numbers mean, deviation and last value.

    Args:
        series: (n,) whose values are a structured array, without an empty one.
    """
    found: Columns = {"length": series.lengths.astype(np.float64)}
    values: Any = series.values  # Any: a structured type, whose fields numpy cannot type
    starts, lengths = series.offsets[:-1], series.lengths
    for name in values.dtype.names or ():
        last = values[name][series.offsets[1:] - 1]
        if values.dtype[name].kind != "f":
            found[f"{name}, last"] = last
            continue
        present = np.isfinite(values[name])
        numbers = np.where(present, values[name], 0.0)
        count = np.maximum(np.add.reduceat(present, starts, dtype=np.float64), 1)
        mean = np.add.reduceat(numbers, starts) / count
        apart = np.where(present, numbers - np.repeat(mean, lengths), 0.0)
        found[f"{name}, mean"] = mean
        found[f"{name}, deviation"] = np.sqrt(np.add.reduceat(apart**2, starts) / count)
        found[f"{name}, last"] = last
    return found
