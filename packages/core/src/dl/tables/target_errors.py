"""Error messages for a target column that does not fit the requested task: its content, and the tasks that fit.

Each function returns the text after the name of the file.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dl.tables.columns import quote
from dl.tables.numbers import NUMBER, matches
from dl.words import many

Column = Any  # a pyarrow ChunkedArray of stripped text without nulls

NEEDS = "a class needs two rows, one of them for validation"


def no_numbers(name: str, column: Column) -> str:
    """Describe a column requested as numbers that holds none."""
    words, counts = _count_values(column)
    held = f"no number but {many(len(words), 'different value')}, as {quote(words[int(np.argmax(counts))])}"
    return f"column {quote(name)} holds {held}{_fitting_tasks(column)}"


def no_classes(name: str, column: Column) -> str:
    """Describe a column requested as classes in which fewer than two values are repeated."""
    words, counts = _count_values(column)
    again = [quote(word) for word, count in zip(words, counts, strict=True) if count > 1]
    which = f"only {again[0]} is repeated" if again else "none is repeated"
    held = f"{len(words):,} different values in {many(len(column), 'row')}, of which {which}"
    return f"column {quote(name)} holds {held}; {NEEDS}{_fitting_tasks(column)}"


def too_many_classes(name: str, column: Column) -> str:
    """Describe a column of numbers requested as classes with many values in one row only."""
    words, counts = _count_values(column)
    held = f"{len(words):,} different numbers in {len(column):,} rows, {(counts == 1).sum():,} of them in one row only"
    otherwise = f"{NEEDS}{_fitting_tasks(column)}, or without those rows multiclass: bad_rows=skip"
    return f"column {quote(name)} holds {held}; {otherwise}"


def no_labels(name: str, column: Column) -> str:
    """Describe a column requested as labels with one label a cell, most of them not repeated."""
    words, counts = _count_values(column)
    held = f"{len(words):,} different values in {len(column):,} rows, {(counts == 1).sum():,} of them in one row only"
    several = "labels are repeated, or a cell holds several: separator="
    return f"column {quote(name)} holds {held}; {several}{_fitting_tasks(column)}"


def _count_values(column: Column) -> tuple[list[str], NDArray[np.int64]]:
    """Return the distinct cells and their counts."""
    encoded = column.combine_chunks().dictionary_encode()
    words = encoded.dictionary.to_pylist()
    return words, np.bincount(encoded.indices.to_numpy(zero_copy_only=False), minlength=len(words))


def _fitting_tasks(column: Column) -> str:
    """List the tasks that fit a column."""
    words, counts = _count_values(column)
    tasks = []
    if matches(column, NUMBER).all():
        values = np.array([float(word) for word in words])
        tasks += ["regression"] + ["unit-regression"] * bool(values.min() >= 0 and values.max() <= 1)
    if (counts >= 2).all() and len(words) > 1:
        tasks.append("binary" if len(words) == 2 else "multiclass")
    if not tasks:
        return "; no task fits such a column, pass another --target"
    return f"; what fits: --task {' or '.join(tasks)}"
