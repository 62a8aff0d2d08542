"""Strata: the classes, or the values of a column, whose shares both sides of a split keep.

Numbers are cut into bins of about equal counts. Letters: ``N`` examples, ``S`` strata.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dl.data.branches import columns_of
from dl.data.examples import Examples, Index, without_target
from dl.errors import BadData, BadOption, nearest
from dl.terminal import safe_text
from dl.words import many, show_number

LABEL = "label"  # stratify_on= the target
BINS = 10  # of numbers, at most
PER_BIN = 10  # examples of a bin, at least
FEWEST = 2  # examples of a stratum: one for each side
MISSING = "missing"


@dataclass(frozen=True)
class Strata:
    """What a split is stratified by.

    Args:
        numbers: (N,) number of each example's stratum.
        names: (S,) of the strata, for messages; empty for classes, which the data set names.
        column: The column that was asked for, or ``label``; empty for classes by default.
    """

    numbers: Index
    names: tuple[str, ...] = ()
    column: str = ""

    @property
    def rule(self) -> str:
        """How a split by them is described."""
        return f"stratified on {safe_text(self.column)}" if self.column else "stratified"


def strata_of(examples: Examples, asked: str, target: str = "", *, of_classes: bool = True) -> Strata | None:
    """Return the strata of the training examples; None for a plain random draw.

    Args:
        examples: With the columns of tables in their inputs.
        asked: Name of a column, ``label``, or empty for classes alone.
        target: Name of the target column; empty if unknown.
        of_classes: Whether whole numbers in the target are classes.

    Raises:
        BadData: If a value stands in a single example.
        BadOption: If there is no such column, or examples have an order in time.
    """
    targets = examples.targets
    whole = np.issubdtype(targets.dtype, np.integer) or targets.dtype == bool
    if not asked:
        classes = of_classes and targets.ndim == 1 and whole
        return Strata(np.unique(targets, return_inverse=True)[1]) if classes else None
    if examples.times is not None:
        raise BadOption(
            f"stratify_on={safe_text(asked)}: these examples have an order in time, and the newest are held out; leave "
            "stratify_on= or time_on= out"
        )
    if asked in (LABEL, target):
        found = _of_label(examples, classes=of_classes and bool(whole))
    else:
        found = _of_column(examples, asked)
    counts = np.bincount(found.numbers)
    if counts.min() < FEWEST:
        name = found.names[int(counts.argmin())]
        raise BadData(
            f"stratify_on={safe_text(asked)}: {safe_text(name)!r} stands in one example alone, and each side of the "
            "split needs one; stratify on a column of which each value comes again"
        )
    return found


def _of_label(examples: Examples, *, classes: bool) -> Strata:
    """Return the strata of the target: classes, or bins of numbers.

    Raises:
        BadOption: If the target is several columns or labels, or there is none.
    """
    targets = examples.targets
    if without_target(examples) or (targets.ndim > 1 and targets.shape[1] > 1):
        what = "no target" if without_target(examples) else many(targets.shape[1], "target column")
        raise BadOption(f"stratify_on={LABEL}: there is {what}; a split is stratified by one column")
    if not classes:
        return _of_values(targets.reshape(-1).astype(np.float64), LABEL)
    values, numbers = np.unique(targets, return_inverse=True)
    names = examples.names
    return Strata(numbers, tuple(names[v] if v < len(names) else str(v) for v in values.tolist()), LABEL)


def _of_column(examples: Examples, asked: str) -> Strata:
    """Return the strata of an input column of a table.

    Raises:
        BadOption: If there is none of that name.
    """
    inputs = columns_of(examples.inputs)
    columns = () if inputs is None else inputs.dtype.names or ()
    if inputs is None or asked not in columns:
        hint = nearest(asked, [*columns, LABEL])
        known = f"input columns: {', '.join(map(safe_text, columns[:8]))}{', ...' * (len(columns) > 8)}"
        why = (
            f"no such input column{hint}  {known}; or {LABEL}"
            if columns
            else f"the inputs have no columns; use {LABEL}"
        )
        raise BadOption(f"stratify_on={safe_text(asked)}: {why}")
    cells = inputs[asked]
    if cells.dtype.kind in "fiu":
        return _of_values(cells.astype(np.float64), asked)
    words = np.array([str(cell) or MISSING for cell in cells.tolist()])
    names, numbers = np.unique(words, return_inverse=True)
    return Strata(numbers, tuple(map(str, names)), asked)


def _of_values(values: NDArray[np.float64], column: str) -> Strata:
    """Return the strata of numbers: each value where there are few, else bins of about equal counts; gaps are one."""
    present = np.isfinite(values)
    most = max(2, min(BINS, int(present.sum()) // PER_BIN))
    distinct = np.unique(values[present])
    edges = np.quantile(values[present], np.arange(1, most) / most) if present.any() else np.empty(0)
    starts = distinct if len(distinct) <= most else np.unique([distinct[0], *edges])
    place = np.where(present, np.searchsorted(starts, np.where(present, values, 0.0), side="right"), 0)
    kept, numbers = np.unique(place, return_inverse=True)
    names = (MISSING if k == 0 else f"{show_number(float(starts[k - 1]))} and more" for k in kept.tolist())
    return Strata(numbers, tuple(names), column)
