"""Preprocess rows: standardize numbers, one-hot encode categories, with statistics of the training set alone.

A missing number becomes the mean; if the training set has missing values in a column, an indicator column is added. A
category that the training set lacks is encoded as zeros. Letters: ``N`` rows, ``D`` prepared columns.
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

MOST_WORDS = 100  # most categories of a column that are encoded: the most common ones
STORED = "the stored preprocessor of a table, preprocessor.json,"
FARTHEST = 1e4  # deviations from the mean at which values are clipped


@dataclass(frozen=True)
class LearntColumn:
    """The statistics of one column of the training set.

    Args:
        name: As in the table.
        mean: Of a column of numbers.
        std: Of a column of numbers; 0 for categories.
        missing: Whether the training set has missing values in it.
        words: The categories, most common first; empty for numbers.
    """

    name: str
    mean: float = 0.0
    std: float = 0.0
    missing: bool = False
    words: tuple[str, ...] = ()

    @property
    def width(self) -> int:
        """Number of prepared columns."""
        return len(self.words) or 1 + self.missing

    def prepare(self, values: NDArray[Any]) -> NDArray[np.float32]:
        """Encode (N,) values as (N, width) float32."""
        if self.words:
            chosen: NDArray[np.float32] = (values[:, None] == np.array(self.words)).astype(np.float32)
            return chosen
        gone = np.isnan(values)
        scaled = np.where(gone, 0.0, (values - self.mean) / self.std).clip(-FARTHEST, FARTHEST)
        both: NDArray[np.float32] = np.stack([scaled, gone], axis=1).astype(np.float32)
        return both[:, : self.width]


class TabularPreprocessor(Preprocessor):
    """Encodes rows of numbers and categories as float32 vectors."""

    def __init__(self, columns: Sequence[LearntColumn]) -> None:
        super().__init__()
        self.columns = tuple(columns)

    @property
    def input_shape(self) -> tuple[int, ...]:
        """(D,)."""
        return (sum(column.width for column in self.columns),)

    @property
    def dtype(self) -> np.dtype[np.void]:
        """The structured dtype of rows before they are prepared."""
        return np.dtype([(column.name, "U1" if column.words else "f8") for column in self.columns])

    def settings(self) -> dict[str, Any]:  # Any: JSON
        """Return the settings that `restore` reads, as JSON values."""
        return {"columns": [asdict(column) for column in self.columns]}

    def encode(self, inputs: Inputs) -> Inputs:
        """Encode a structured array of N rows as float32 (N, D)."""
        rows: NDArray[Any] = np.asarray(inputs)  # Any: a structured type, whose fields numpy cannot type
        missing = [column.name for column in self.columns if column.name not in (rows.dtype.names or ())]
        if missing:
            raise BadData(f"column {quote(missing[0])} is missing; the run was trained on it")
        return np.concatenate([column.prepare(rows[column.name]) for column in self.columns], axis=1)

    def forward(self, inputs: Tensor) -> Tensor:
        """Return encoded rows as floats."""
        return inputs.float()


def learn(subset: Subset, _options: Options) -> TabularPreprocessor:
    """Compute means, deviations and categories of a training set; constant columns are dropped.

    Raises:
        BadData: If the inputs are not a structured array, or every column is constant.
    """
    rows: NDArray[Any] = subset.examples.array[subset.index]  # Any: a structured type
    if rows.dtype.names is None:
        raise BadData(
            f"rows need a field for each column, as dl_tabular.rows.rows_of makes of columns; "
            f"found {rows.dtype} {rows.shape}"
        )
    columns = [_learn(name, rows[name]) for name in rows.dtype.names]
    kept = [column for column in columns if column is not None]
    if not kept:
        raise BadData("every input column is constant in the training set; there is nothing to learn from")
    return TabularPreprocessor(kept)


def _learn(name: str, values: NDArray[Any]) -> LearntColumn | None:
    if values.dtype.kind == "U":
        words, counts = np.unique(values[values != ""], return_counts=True)
        common = words[np.argsort(-counts, kind="stable")][:MOST_WORDS]
        missing = bool((values == "").any())
        return LearntColumn(name, missing=missing, words=tuple(map(str, common))) if len(words) + missing > 1 else None
    present = values[~np.isnan(values)]
    missing = len(present) < len(values)
    if not len(present):
        return None
    mean = float(present.mean())
    if present.min() == present.max():
        return LearntColumn(name, mean, 1.0, missing=True) if missing else None
    farthest = float(np.abs(present - mean).max())  # the scale of the squares, so that tiny values do not underflow
    return LearntColumn(name, mean, farthest * float(np.sqrt(np.square((present - mean) / farthest).mean())), missing)


def restore(settings: Mapping[str, Any]) -> TabularPreprocessor:  # Any: JSON
    """Rebuild a preprocessor from its settings.

    Raises:
        BadRun: If they are not those of `TabularPreprocessor.settings`.
    """
    try:
        columns = [
            LearntColumn(
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
