"""Sketches of the hardest examples, and rows spread over a subset, for the report."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dl.data.examples import Subset, row_of
from dl.runs import outcomes

MOST_EXAMPLES = 5_000  # of each subset with stored features
MOST_SKETCHES = 64  # of each subset


def spread(n: int, most: int) -> NDArray[np.int64]:
    """Return at most ``most`` of n rows, evenly spaced, since the order of a data set is often meaningful."""
    return np.unique(np.linspace(0, n - 1, min(n, most)).astype(np.int64))


def hardest(losses: NDArray[np.float64], margins: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the rows with the largest summed losses and the smallest summed margins, ascending."""
    half = min(MOST_SKETCHES // 2, len(losses))
    return np.union1d(np.argsort(-losses, kind="stable")[:half], np.argsort(margins, kind="stable")[:half])


def write_sketches(
    folder: Path, subsets: Mapping[str, Subset], rows: Mapping[str, NDArray[np.int64]], sketch: Callable[[Any], Any]
) -> None:
    """Write sketches of some examples of each subset. Any: one stored input, and its thumbnail or text."""
    arrays: dict[str, NDArray[Any]] = {}
    for name, subset in subsets.items():
        arrays[f"{name}_rows"] = rows[name]
        positions = [int(subset.index[row]) for row in rows[name]]
        arrays[f"{name}_sketches"] = np.array([sketch(row_of(subset.examples.inputs, k)) for k in positions])
        if len(subset.examples.sources):
            arrays[f"{name}_sources"] = np.array([subset.examples.source(k) for k in positions])
    outcomes.write_arrays(folder / "sketches.npz", arrays)
