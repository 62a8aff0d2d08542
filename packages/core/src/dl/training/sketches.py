"""Sketches of examples that a report shows: the hardest ones, and a few spread over a part."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dl.data.examples import Subset, row_of
from dl.runs import outcomes

MOST_EXAMPLES = 5_000  # of each part whose features are kept


MOST_SKETCHES = 64  # of each part


def spread(n: int, most: int) -> NDArray[np.int64]:
    """Return at most so many rows of n, evenly spread: the order of a data set often means something."""
    return np.unique(np.linspace(0, n - 1, min(n, most)).astype(np.int64))


def hardest(losses: NDArray[np.float64], margins: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the rows worth showing: the largest summed losses and the smallest summed margins, ascending."""
    half = min(MOST_SKETCHES // 2, len(losses))
    return np.union1d(np.argsort(-losses, kind="stable")[:half], np.argsort(margins, kind="stable")[:half])


def write_sketches(
    folder: Path, parts: Mapping[str, Subset], rows: Mapping[str, NDArray[np.int64]], sketch: Callable[[Any], Any]
) -> None:
    """Write a small picture, or the words, of some examples of each part. Any: one stored input, an array or text."""
    arrays: dict[str, NDArray[Any]] = {}
    for name, part in parts.items():
        arrays[f"{name}_rows"] = rows[name]
        arrays[f"{name}_sketches"] = np.array(
            [sketch(row_of(part.examples.inputs, part.index[row])) for row in rows[name]]
        )
    outcomes.write_arrays(folder / "sketches.npz", arrays)
