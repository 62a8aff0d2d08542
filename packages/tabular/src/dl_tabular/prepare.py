"""Preparing rows: numbers to mean 0 and deviation 1, categories to one column each, all learnt on the training part.

A missing number becomes the mean, and a further column says that it was missing where the training part has such rows;
a category that the training part does not have is none of its columns. Letters: ``N`` rows, ``D`` prepared columns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from dl.data.examples import Inputs, Subset
from dl.domain import Preprocessor
from dl.errors import BadData, BadRun
from dl.options import Options
from dl.tables.columns import quote

MOST_WORDS = 100  # categories of a column that get a column of their own: the most common ones
STORED = "the stored preprocessor of a table, preprocessor.json,"
FARTHEST = 1e4  # deviations from the mean: what lies farther lies there, so that no cell is beyond all numbers


@dataclass(frozen=True)
class ColumnFacts:
    """What was learnt of one column.

    Args:
        name: As the table calls it.
        mean: Of a column of numbers.
        std: Of a column of numbers; 0 of a column of categories.
        missing: Whether rows of the training part miss a value.
        words: The categories, the most common first; empty for numbers.
    """

    name: str
    mean: float = 0.0
    std: float = 0.0
    missing: bool = False
    words: tuple[str, ...] = ()

    @property
    def width(self) -> int:
        """How many prepared columns it becomes."""
        return len(self.words) or 1 + self.missing

    def prepare(self, values: NDArray[Any]) -> NDArray[np.float32]:
        """Turn (N,) values into (N, width) numbers."""
        if self.words:
            chosen: NDArray[np.float32] = (values[:, None] == np.array(self.words)).astype(np.float32)
            return chosen
        gone = np.isnan(values)
        scaled = np.where(gone, 0.0, (values - self.mean) / self.std).clip(-FARTHEST, FARTHEST)
        both: NDArray[np.float32] = np.stack([scaled, gone], axis=1).astype(np.float32)
        return both[:, : self.width]


class TabularPreprocessor(Preprocessor):
    """Rows of numbers and categories as numbers a network reads."""

    def __init__(self, columns: Sequence[ColumnFacts]) -> None:
        super().__init__()
        self.columns = tuple(columns)

    @property
    def input_shape(self) -> tuple[int, ...]:
        """(D,)."""
        return (sum(column.width for column in self.columns),)

    @property
    def dtype(self) -> np.dtype[np.void]:
        """What rows look like before they are prepared."""
        return np.dtype([(column.name, "U1" if column.words else "f8") for column in self.columns])

    def settings(self) -> dict[str, Any]:  # Any: JSON
        """Return what `restore` needs."""
        return {"columns": [asdict(column) for column in self.columns]}

    def encode(self, inputs: Inputs) -> Inputs:
        """Turn rows as they were read into float32 (N, D)."""
        rows: NDArray[Any] = np.asarray(inputs)  # Any: a structured type, whose fields numpy cannot type
        missing = [column.name for column in self.columns if column.name not in (rows.dtype.names or ())]
        if missing:
            raise BadData(f"column {quote(missing[0])} is missing; it was learnt from")
        return np.concatenate([column.prepare(rows[column.name]) for column in self.columns], axis=1)

    def forward(self, inputs: Tensor) -> Tensor:
        """Give rows as `store` has made them."""
        return inputs.float()


def learn(part: Subset, _options: Options) -> TabularPreprocessor:
    """Learn means, deviations and categories from a training part; a column that never changes there is left out.

    Raises:
        BadData: If the inputs are not rows as this domain stores them, or no column ever changes.
    """
    rows: NDArray[Any] = part.examples.array[part.index]  # Any: a structured type
    if rows.dtype.names is None:
        raise BadData(
            f"rows are stored with a field for each column, as dl_tabular.rows.rows_of makes of columns; "
            f"found {rows.dtype} {rows.shape}"
        )
    columns = [_learn(name, rows[name]) for name in rows.dtype.names]
    kept = [column for column in columns if column is not None]
    if not kept:
        raise BadData("no input column ever changes in the training part; there is nothing to learn from")
    return TabularPreprocessor(kept)


def _learn(name: str, values: NDArray[Any]) -> ColumnFacts | None:
    if values.dtype.kind == "U":
        words, counts = np.unique(values[values != ""], return_counts=True)
        common = words[np.argsort(-counts, kind="stable")][:MOST_WORDS]
        missing = bool((values == "").any())
        return ColumnFacts(name, missing=missing, words=tuple(map(str, common))) if len(words) + missing > 1 else None
    there = values[~np.isnan(values)]
    missing = len(there) < len(values)
    if not len(there):
        return None
    mean = float(there.mean())
    if there.min() == there.max():
        return ColumnFacts(name, mean, 1.0, missing=True) if missing else None
    farthest = float(np.abs(there - mean).max())  # squared as a share of it: the least numbers have no squares
    return ColumnFacts(name, mean, farthest * float(np.sqrt(np.square((there - mean) / farthest).mean())), missing)


def restore(settings: Mapping[str, Any]) -> TabularPreprocessor:  # Any: JSON
    """Make a preprocessor again from its settings.

    Raises:
        BadRun: If they are not what `TabularPreprocessor.settings` gives.
    """
    try:
        columns = [
            ColumnFacts(
                str(one["name"]),
                float(one["mean"]),
                float(one["std"]),
                bool(one["missing"]),
                tuple(str(word) for word in one["words"]),
            )
            for one in settings["columns"]
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise BadRun(f"{STORED} cannot be read: {type(error).__name__} {error}") from error
    if not columns:
        raise BadRun(f"{STORED} names no column")
    for column in columns:
        if not column.words and not (np.isfinite([column.mean, column.std]).all() and column.std > 0):
            found = f"mean {column.mean} and deviation {column.std}"
            raise BadRun(f"{STORED} is damaged: column {quote(column.name)} has {found}")
    return TabularPreprocessor(columns)
