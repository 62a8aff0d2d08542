"""Summarize the columns of a table: kind, missing values, range, histogram, and what each alone tells of the target.

Letters: ``N`` rows, ``K`` bins, ``D`` outputs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dl.data.branches import columns_of
from dl.data.examples import Examples
from dl.data.queries import without_query
from dl.words import many, show_number

BARS = "▁▂▃▄▅▆▇█"
DRAWN = 10  # bars of a histogram
BINS = 16  # of equal counts, in which a column of numbers tells the target
MOST = 50_000  # rows that are looked at
MOST_CLASSES = 50  # of the target, the most common ones
ENDS = (0.005, 0.995)  # quantiles between which a histogram is drawn

Column = NDArray[Any]  # Any: numbers or text


@dataclass(frozen=True)
class ColumnSummary:
    """One column of a table.

    Args:
        name: As in the table.
        kind: ``numbers``, ``whole numbers``, ``yes or no``, or the number of categories.
        missing: Share of the rows without a value.
        range: The least and the largest number, or the most common category and its share.
        histogram: A line of bars: of numbers, between the ends of nearly all of them; of categories, the most common
            first.
        told: Share of the target's variance that the column alone tells, from 0 to 1; of classes, of their indicators.
    """

    name: str
    kind: str
    missing: float
    range: str
    histogram: str
    told: float


def summarize_columns(examples: Examples) -> list[ColumnSummary]:
    """Return a summary of each column of a structured array; none for other inputs."""
    columns = columns_of(examples.inputs)
    if columns is None or not len(examples):
        return []
    at = np.arange(len(examples))
    if len(at) > MOST:
        at = np.sort(np.random.default_rng(0).choice(at, MOST, replace=False))
    rows = columns[at]
    target = _outputs(without_query(examples)[at])
    return [_summarize(name, rows[name], target) for name in rows.dtype.names or ()]


def _summarize(name: str, values: Column, target: NDArray[np.float64]) -> ColumnSummary:
    is_number = values.dtype.kind == "f"
    gone = np.isnan(values) if is_number else values == ""
    present, missing = values[~gone], float(gone.mean())
    if not len(present):
        return ColumnSummary(name, "empty", missing, "", "", 0.0)
    if is_number:
        low, high = float(present.min()), float(present.max())
        shown = show_number(low) if low == high else f"{show_number(low)} to {show_number(high)}"
        return ColumnSummary(name, _kind(present), missing, shown, _histogram(present), told(_bins(values), target))
    words, codes, counts = np.unique(values, return_inverse=True, return_counts=True)
    counts = np.where(words == "", 0, counts)
    most = f"{words[counts.argmax()]}: {counts.max() / len(values):.0%}".replace("%", " %")
    bars = _bars(np.sort(counts[counts > 0])[::-1][:DRAWN])
    kind = many(int((counts > 0).sum()), "category", "categories")
    return ColumnSummary(name, kind, missing, most, bars, told(codes, target))


def _kind(present: NDArray[np.float64]) -> str:
    if set(np.unique(present[:1000])) <= {0.0, 1.0} and np.isin(present, (0.0, 1.0)).all():
        return "yes or no"
    return "whole numbers" if (present % 1 == 0).all() else "numbers"


def _histogram(present: NDArray[np.float64]) -> str:
    low, high = np.quantile(present, ENDS)
    if low == high:
        low, high = float(present.min()), float(present.max())
    if not high - low > 0:
        return BARS[-1]
    counts, _ = np.histogram(((present - low) / (high - low)).clip(0, 1), DRAWN, (0, 1))
    return _bars(counts)


def _bars(counts: NDArray[Any]) -> str:
    """Draw counts as bars; a count of 0 is a blank."""
    heights = np.ceil(counts / counts.max() * len(BARS)).astype(int)
    return "".join(BARS[height - 1] if height else " " for height in heights).rstrip()


def _bins(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the bin of each value (N,), of about equal counts; missing ones have their own."""
    gone = np.isnan(values)
    edges = np.unique(np.quantile(values[~gone], np.linspace(0, 1, BINS + 1)[1:-1]))
    return np.where(gone, len(edges) + 1, np.searchsorted(edges, values, side="left"))


def _outputs(target: NDArray[Any]) -> NDArray[np.float64]:
    """Return the target as numbers (N, D): indicators of classes or labels, or ranks of values."""
    if target.dtype.kind == "f":
        columns = target.reshape(len(target), -1)
        return np.stack([np.unique(one, return_inverse=True)[1].astype(np.float64) for one in columns.T], axis=1)
    if target.ndim == 2:
        return target[:, :MOST_CLASSES].astype(np.float64)
    common = np.argsort(-np.bincount(target.astype(np.int64)), kind="stable")[:MOST_CLASSES]
    return np.asarray(target[:, None] == common, np.float64)


def told(bins: NDArray[np.int64], target: NDArray[np.float64]) -> float:
    """Return the share of the variance of a target (N, D) that the means in bins (N,) explain.

    Adjusted for the number of bins, so that a column of noise tells about 0. Source: Kelley 1935, epsilon squared.
    """
    _, at, counts = np.unique(bins, return_inverse=True, return_counts=True)
    rows, groups = len(bins), len(counts)
    total = float(np.square(target - target.mean(axis=0)).sum())
    if rows <= groups or not total > 0:
        return 0.0
    means = np.stack([np.bincount(at, one) / counts for one in target.T], axis=1)
    within = float(np.square(target - means[at]).sum())
    return max(1 - within / (rows - groups) * (rows - 1) / total, 0.0)
