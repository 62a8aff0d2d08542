"""Sketches of the hardest examples, and rows spread over a subset, for the report."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dl.data.examples import Inputs, Subset, row_of
from dl.data.projection import project_inputs
from dl.data.queries import QUERY, are_ranked
from dl.groups import Groups
from dl.runs import outcomes

MOST_EXAMPLES = 5_000  # of each subset with stored features
MOST_SKETCHES = 64  # of each subset


def spread(n: int, most: int) -> NDArray[np.int64]:
    """Return at most ``most`` of n rows, evenly spaced, since the order of a data set is often meaningful."""
    return np.unique(np.linspace(0, n - 1, min(n, most)).astype(np.int64))


def project_splits(train: Subset, val: Subset, groups: Groups | None) -> dict[str, NDArray[Any]]:
    """Return projected inputs of training and validation set, as many as are kept of each, with their rows.

    Args:
        train: The training set.
        val: The validation set.
        groups: Of the training set; None where examples are independent.
    """
    train_rows, val_rows = spread(len(train), MOST_EXAMPLES), spread(len(val), MOST_EXAMPLES)
    shared = {} if groups is None else {"train_groups": groups.numbers[train_rows]}
    return shared | {
        "train_rows": train_rows,
        "val_rows": val_rows,
        "train_inputs": project_inputs(train.examples.inputs, train.index[train_rows]),
        "val_inputs": project_inputs(val.examples.inputs, val.index[val_rows]),
    }


def hardest(losses: NDArray[np.float64], margins: NDArray[np.float64], subset: Subset) -> NDArray[np.int64]:
    """Return the rows with the largest summed losses and the smallest summed margins, ascending; of a query one row."""
    half = min(MOST_SKETCHES // 2, len(losses))
    if are_ranked(subset.examples):
        others = np.ones(len(losses), bool)
        others[np.unique(subset.targets[:, QUERY], return_index=True)[1]] = False
        losses, margins = np.where(others, -np.inf, losses), np.where(others, np.inf, margins)
    return np.union1d(np.argsort(-losses, kind="stable")[:half], np.argsort(margins, kind="stable")[:half])


def write_sketches(
    folder: Path,
    subsets: Mapping[str, Subset],
    rows: Mapping[str, NDArray[np.int64]],
    sketch: Callable[[Any], Any],
    remade: Mapping[str, Inputs] | None = None,
) -> None:
    """Write sketches of some examples of each subset.

    Args:
        folder: Of the outcomes.
        subsets: By name.
        rows: Of each subset, those to sketch.
        sketch: From one stored input to its thumbnail or text, which Any stands for.
        remade: Reconstructions of these rows, as stored inputs, to be sketched beside them.
    """
    arrays: dict[str, NDArray[Any]] = {}
    for name, subset in subsets.items():
        arrays[f"{name}_rows"] = rows[name]
        positions = [int(subset.index[row]) for row in rows[name]]
        arrays[f"{name}_sketches"] = np.array([sketch(row_of(subset.examples.inputs, k)) for k in positions])
        if len(subset.examples.sources):
            arrays[f"{name}_sources"] = np.array([subset.examples.source(k) for k in positions])
        if remade and name in remade:
            made = remade[name]
            arrays[f"{name}_remade"] = np.array([sketch(row_of(made, k)) for k in range(len(made))])
    outcomes.write_arrays(folder / "sketches.npz", arrays)
