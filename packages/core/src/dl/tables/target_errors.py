"""Misfits: what is said of a target column that is not what it was asked for - what it holds, and which tasks fit.

Each function gives the words that follow the name of the file.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dl.tables.columns import quote
from dl.tables.numbers import NUMBER, matches
from dl.words import many

Column = Any  # a pyarrow ChunkedArray of text without nulls, spaces around it taken away

NEEDS = "a class needs two rows, one of them to look at"


def no_numbers(name: str, column: Column) -> str:
    """Describe a column without a number that was asked for as numbers."""
    words, counts = _counted(column)
    held = f"no number but {many(len(words), 'different value')}, as {quote(words[int(np.argmax(counts))])}"
    return f"column {quote(name)} holds {held}{_fitting(column)}"


def no_classes(name: str, column: Column) -> str:
    """Describe a column in which fewer than two values come again, so that there are no two classes."""
    words, counts = _counted(column)
    again = [quote(word) for word, count in zip(words, counts, strict=True) if count > 1]
    which = f"only {again[0]} comes again" if again else "none comes again"
    held = f"{len(words):,} different values in {many(len(column), 'row')}, of which {which}"
    return f"column {quote(name)} holds {held}; {NEEDS}{_fitting(column)}"


def too_many_classes(name: str, column: Column) -> str:
    """Describe a column of numbers that was asked for as classes, though many stand in one row only."""
    words, counts = _counted(column)
    held = f"{len(words):,} different numbers in {len(column):,} rows, {(counts == 1).sum():,} of them in one row only"
    otherwise = f"{NEEDS}{_fitting(column)}, or without those rows multiclass: bad_rows=skip"
    return f"column {quote(name)} holds {held}; {otherwise}"


def no_labels(name: str, column: Column) -> str:
    """Describe a column that was asked for as labels, though each cell is one and most do not come again."""
    words, counts = _counted(column)
    held = f"{len(words):,} different values in {len(column):,} rows, {(counts == 1).sum():,} of them in one row only"
    several = "labels come again, or several stand in a cell: separator="
    return f"column {quote(name)} holds {held}; {several}{_fitting(column)}"


def _counted(column: Column) -> tuple[list[str], NDArray[np.int64]]:
    """Return the different cells and how often each stands there."""
    encoded = column.combine_chunks().dictionary_encode()
    words = encoded.dictionary.to_pylist()
    return words, np.bincount(encoded.indices.to_numpy(zero_copy_only=False), minlength=len(words))


def _fitting(column: Column) -> str:
    """Say which tasks fit a column as it is."""
    words, counts = _counted(column)
    tasks = []
    if matches(column, NUMBER).all():
        values = np.array([float(word) for word in words])
        tasks += ["regression"] + ["unit-regression"] * bool(values.min() >= 0 and values.max() <= 1)
    if (counts >= 2).all() and len(words) > 1:
        tasks.append("binary" if len(words) == 2 else "multiclass")
    if not tasks:
        return "; no task fits such a column, say another --target"
    return f"; what fits: --task {' or '.join(tasks)}"
