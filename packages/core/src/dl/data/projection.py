"""Project inputs to a few numbers by rules that are the same for all data: nothing is learnt from either subset.

So two subsets can be compared: a vocabulary or a scaling learnt on one of them would tell it from the other. Near
inputs stay near each other. Letters: ``n`` inputs, ``F`` numbers of each.
"""

from __future__ import annotations

from functools import cache
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from dl.data.branches import Branches, Part
from dl.data.examples import Index, Inputs
from dl.data.ragged import Ragged
from dl.data.summary import Columns, describe_series

MOST_NUMBERS = 64  # to which longer inputs are projected
MOST_COLUMNS = 128  # of a table, kept as they are
CELLS = 4096  # stretches of a longer array, each averaged
KINDS = 512  # of runs of three values in a text
BUCKETS = 8  # of the categories of a column
LONGEST = 20_000  # values of a row that are read
LARGEST = 1e30  # number that is told apart from a larger one
AT_ONCE = 1 << 23  # numbers of inputs that are projected at once
_CHUNK = 256  # inputs at once

Floats = NDArray[np.float32]


def project_inputs(inputs: Inputs, rows: Index) -> Floats:
    """Project some of the inputs of a data set, as they are stored, to (n, F) numbers.

    Args:
        inputs: Arrays of numbers, rows of columns (a structured array), texts and tokens (`Ragged`), or several of them
            (`Branches`), whose numbers stand side by side.
        rows: (n,) positions.

    Source: random projection, Johnson and Lindenstrauss 1984; hashed runs, Weinberger et al. 2009.
    """
    if isinstance(inputs, Branches):
        return np.concatenate([project_inputs(part, rows) for part in inputs.parts.values()], axis=1)
    if not isinstance(inputs, Ragged) and inputs.dtype.names:
        return _of_columns(inputs[rows])
    width = 1 if isinstance(inputs, Ragged) else int(np.prod(inputs.shape[1:]))
    size = max(1, min(_CHUNK, AT_ONCE // max(width, 1)))
    pieces = [_of_piece(inputs, rows[start : start + size]) for start in range(0, len(rows), size)]
    return np.concatenate(pieces) if pieces else np.empty((0, MOST_NUMBERS), np.float32)


def _of_piece(inputs: Part, rows: Index) -> Floats:
    if isinstance(inputs, Ragged) and inputs.values.dtype.names:
        return _of_columns(columns_of(describe_series(inputs[rows])))
    if isinstance(inputs, Ragged):
        return _of_runs(inputs, rows)
    numbers = np.nan_to_num(np.asarray(inputs[rows], np.float32)).reshape(len(rows), -1)
    if numbers.shape[1] > CELLS:
        starts = np.linspace(0, numbers.shape[1], CELLS, endpoint=False).astype(np.int64)
        sizes = np.diff(np.append(starts, numbers.shape[1])).astype(np.float32)
        numbers = (np.add.reduceat(numbers, starts, axis=1) / sizes).astype(np.float32)
    return _at_random(numbers)


def _at_random(numbers: Floats) -> Floats:
    width = numbers.shape[1]
    return numbers if width <= MOST_NUMBERS else numbers @ directions(width)


@cache
def directions(width: int) -> Floats:
    """Return random directions (width, `MOST_NUMBERS`) that about keep distances, the same in every run."""
    draws = np.random.default_rng(0xFEA7).standard_normal((width, MOST_NUMBERS)).astype(np.float32)
    return np.asarray(draws / np.float32(MOST_NUMBERS**0.5))


def _of_runs(inputs: Ragged, rows: Index) -> Floats:
    """Count runs of three values by their hash, in roots of their shares, and add the length in nats."""
    pieces = [np.asarray(inputs.row(int(row))[:LONGEST], np.uint64) for row in rows]
    lengths = np.array([len(piece) for piece in pieces])
    values, row = np.concatenate(pieces), np.repeat(np.arange(len(rows)), lengths)
    place = np.arange(len(values)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    last, before = (np.where(place >= k, np.roll(values, k), 0).astype(np.uint64) for k in (1, 2))
    runs: NDArray[np.uint64] = (values * np.uint64(961) + last * np.uint64(31) + before) * np.uint64(0x9E3779B1)
    kinds = (runs >> np.uint64(7)) % np.uint64(KINDS)
    counts = np.bincount(row * KINDS + kinds.astype(np.int64), minlength=len(rows) * KINDS).reshape(len(rows), KINDS)
    shares = np.sqrt(counts / np.maximum(lengths, 1)[:, None]).astype(np.float32)
    return np.column_stack([_at_random(shares)[:, :-1], 0.1 * np.log1p(lengths)]).astype(np.float32)


def columns_of(columns: Columns) -> NDArray[np.generic]:
    """Return columns (n,) of numbers or words as one structured array."""
    rows = np.empty(len(next(iter(columns.values()))), [(name, column.dtype) for name, column in columns.items()])
    for name, column in columns.items():
        rows[name] = column
    return rows


def _of_columns(rows: NDArray[np.generic]) -> Floats:
    """Keep numbers, count missing ones, and spread the categories of each column over a few buckets."""
    assert rows.dtype.names is not None
    found, missing = [], np.zeros(len(rows))
    for name in rows.dtype.names:
        column: NDArray[np.generic] = rows[name]  # type: ignore[call-overload]  # a structured array has fields
        if column.dtype.kind == "f":
            missing += np.isnan(column)
            found.append(np.nan_to_num(column))
        else:
            words, which = np.unique(column, return_inverse=True)
            bucket = np.array([crc32(str(word).encode()) % BUCKETS for word in words], np.int64)[which]
            found.extend((bucket[:, None] == np.arange(BUCKETS)).T.astype(np.float64))
    numbers = np.column_stack([*found, missing]).clip(-LARGEST, LARGEST).astype(np.float32)
    return numbers if numbers.shape[1] <= MOST_COLUMNS else _at_random(np.sign(numbers) * np.log1p(np.abs(numbers)))
