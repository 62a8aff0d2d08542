"""Preprocess rows: standardize numbers, one-hot encode categories, with statistics of the training set alone.

A missing number becomes the mean; if the training set has missing values in a column, an indicator column is added. Of
categories, those that are rare in training and those that it lacks are encoded alike.
Letters: ``N`` rows, ``S`` stored columns: the numbers, then a place for each category; ``D`` prepared columns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dl.data.examples import Inputs, Subset
from dl.domain import Gaps, Preprocessor
from dl.errors import BadData, BadRun
from dl.options import Options
from dl.tables.columns import quote
from dl_tabular.quantiles import has_heavy_tail, learn_quantiles, to_normal
from dl_tabular.shape import RowShape

MOST_WORDS = 1000  # most categories of a column that are encoded: the most common ones
ONE_HOT = 20  # categories of a column beyond which a network embeds them
RARE = 3  # training rows below which a category is encoded like an unseen one
STORED = "the stored preprocessor of a table, preprocessor.json,"
FARTHEST = 1e4  # deviations from the mean at which values are clipped


@dataclass(frozen=True)
class LearntColumn:
    """The statistics of one column of the training set.

    Args:
        name: As in the table.
        mean: Of a column of numbers.
        std: Of a column of numbers; 0 for categories.
        missing: Whether missing values are marked: the training set has some, or all columns are marked.
        words: The categories, most common first, ``""`` for a missing one; empty for numbers.
        other: Whether the training set has rare categories; they are encoded alike, as is every unseen one.
        embedded: Whether a network embeds the categories.
        quantiles: Of a column of numbers that is scaled to normal quantiles, at equal steps of probability; else empty.
    """

    name: str
    mean: float = 0.0
    std: float = 0.0
    missing: bool = False
    words: tuple[str, ...] = ()
    other: bool = False
    embedded: bool = False
    quantiles: tuple[float, ...] = ()

    @property
    def is_category(self) -> bool:
        """Whether the column holds categories."""
        return bool(self.words) or self.other

    @property
    def width(self) -> int:
        """Number of prepared columns."""
        return len(self.words) + self.other if self.is_category else 1 + self.missing

    def numbers(self, values: NDArray[np.float64]) -> NDArray[np.float32]:
        """Encode numbers (N,) as (N, width) float32."""
        gone = np.isnan(values)
        near = to_normal(values, self.quantiles) if self.quantiles else (values - self.mean) / self.std
        scaled = np.where(gone, 0.0, near).clip(-FARTHEST, FARTHEST)
        both: NDArray[np.float32] = np.stack([scaled, gone], axis=1).astype(np.float32)
        return both[:, : self.width]

    def places(self, values: NDArray[np.str_]) -> NDArray[np.int64]:
        """Return the prepared column of each category (N,), from 0; -1 for an unseen one that no column encodes."""
        words = np.array(self.words, dtype=str)
        order = np.argsort(words)
        at = np.searchsorted(words, values, sorter=order).clip(max=max(len(words) - 1, 0))
        if not len(words):
            return np.zeros(len(values), np.int64)
        found = order[at]
        return np.where(words[found] == values, found, len(words) if self.other else -1)

    def blank(self) -> NDArray[np.float32]:
        """Return the prepared columns of a missing value, (width,)."""
        if not self.is_category:
            return self.numbers(np.array([np.nan])).reshape(-1)
        empty = np.zeros(self.width, np.float32)
        place = int(self.places(np.array([""]))[0])
        empty[place : place + 1 if place >= 0 else 0] = 1.0
        return empty


class TabularPreprocessor(Preprocessor):
    """Encodes rows of numbers and categories as float32 vectors."""

    place_of: Tensor  # (numbers,) prepared column of each stored number
    gap_columns: Tensor
    gap_blank: Tensor

    def __init__(self, columns: Sequence[LearntColumn]) -> None:
        super().__init__()
        self.columns = tuple(columns)
        starts = np.cumsum([0, *(column.width for column in self.columns)])
        self.starts = tuple(int(start) for start in starts)
        numbers = [
            place
            for column, start in zip(self.columns, self.starts, strict=False)
            if not column.is_category
            for place in range(start, start + column.width)
        ]
        owner = np.repeat(np.arange(len(self.columns)), [column.width for column in self.columns])
        blank = np.concatenate([column.blank() for column in self.columns])
        self.register_buffer("place_of", torch.tensor(numbers, dtype=torch.int64), persistent=False)
        self.register_buffer("gap_columns", torch.from_numpy(owner), persistent=False)
        self.register_buffer("gap_blank", torch.from_numpy(blank), persistent=False)

    @property
    def input_shape(self) -> RowShape:
        """(D,), with the columns that a network embeds."""
        wide = [k for k, column in enumerate(self.columns) if column.embedded]
        return RowShape.of(self.starts[-1], [(self.starts[k], self.starts[k + 1]) for k in wide])

    @property
    def dtype(self) -> np.dtype[np.void]:
        """The structured dtype of rows before they are prepared."""
        return np.dtype([(column.name, "U1" if column.is_category else "f8") for column in self.columns])

    @property
    def gaps(self) -> Gaps:
        """How a missing cell looks in prepared rows."""
        return Gaps(len(self.columns), self.gap_columns, self.gap_blank)

    def settings(self) -> dict[str, Any]:  # Any: JSON
        """Return the settings that `restore` reads, as JSON values."""
        return {"columns": [asdict(column) for column in self.columns]}

    def encode(self, inputs: Inputs) -> Inputs:
        """Encode a structured array of N rows as float32 (N, S)."""
        rows: NDArray[Any] = np.asarray(inputs)  # Any: a structured type, whose fields numpy cannot type
        missing = [column.name for column in self.columns if column.name not in (rows.dtype.names or ())]
        if missing:
            raise BadData(f"column {quote(missing[0])} is missing; the run was trained on it")
        numbers, places = [np.empty((len(rows), 0), np.float32)], []
        for column, start in zip(self.columns, self.starts, strict=False):
            if column.is_category:
                place = column.places(rows[column.name])
                places.append(np.where(place < 0, self.starts[-1], start + place)[:, None].astype(np.float32))
            else:
                numbers.append(column.numbers(rows[column.name]))
        return np.concatenate([*numbers, *places], axis=1)

    def forward(self, inputs: Tensor) -> Tensor:
        """Return encoded rows (N, S) as prepared ones (N, D), each category in a column of its own."""
        count, width = len(self.place_of), self.starts[-1]
        if count == width:
            return inputs.float()
        prepared = inputs.new_zeros(len(inputs), width + 1, dtype=torch.float32)  # the last: of no known category
        prepared[:, self.place_of] = inputs[:, :count].float()
        return prepared.scatter_(1, inputs[:, count:].long(), 1.0)[:, :width].contiguous()


def learn(subset: Subset, options: Options) -> TabularPreprocessor:
    """Compute means, deviations and categories of a training set; constant columns are dropped.

    Args:
        subset: The training set.
        options: ``gaps``: whether missing values are marked in every column; ``scaling`` of numbers.

    Raises:
        BadData: If the inputs are not a structured array, or every column is constant.
    """
    rows: NDArray[Any] = subset.examples.array[subset.index]  # Any: a structured type
    if rows.dtype.names is None:
        raise BadData(
            f"rows need a field for each column, as dl_tabular.rows.rows_of makes of columns; "
            f"found {rows.dtype} {rows.shape}"
        )
    marked, scaling = options.get("gaps") == "all", str(options.get("scaling", "auto"))
    columns = [_learn(name, rows[name], marked, scaling) for name in rows.dtype.names]
    kept = [column for column in columns if column is not None]
    if not kept:
        raise BadData("every input column is constant in the training set; there is nothing to learn from")
    return TabularPreprocessor(kept)


def _learn(name: str, values: NDArray[Any], marked: bool, scaling: str) -> LearntColumn | None:
    if values.dtype.kind == "U":
        return _learn_words(name, values, marked)
    present = values[~np.isnan(values)]
    missing = len(present) < len(values)
    if not len(present):
        return None
    mean = float(present.mean())
    if present.min() == present.max():
        return LearntColumn(name, mean, 1.0, missing=True) if missing else None
    farthest = float(np.abs(present - mean).max())  # the scale of the squares, so that tiny values do not underflow
    std = farthest * float(np.sqrt(np.square((present - mean) / farthest).mean()))
    by_quantiles = scaling == "quantile" or (scaling == "auto" and has_heavy_tail(present))
    return LearntColumn(name, mean, std, missing or marked, quantiles=learn_quantiles(present) if by_quantiles else ())


def _learn_words(name: str, values: NDArray[np.str_], marked: bool) -> LearntColumn | None:
    words, counts = np.unique(values, return_counts=True)
    if len(words) < 2:
        return None
    common = [str(word) for word in words[np.argsort(-counts, kind="stable")][: int((counts >= RARE).sum())]]
    common = common[:MOST_WORDS]
    other = len(common) < len(words)
    missing = "" in common or marked
    if marked and "" not in common:
        common.append("")
    return LearntColumn(name, 0.0, 0.0, missing, tuple(common), other, embedded=len(common) + other > ONE_HOT)


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
                bool(one.get("other", False)),  # missing in runs that encode each category
                bool(one.get("embedded", False)),
                tuple(float(value) for value in one.get("quantiles", ())),
            )
            for one in settings["columns"]
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise BadRun(f"{STORED} cannot be read: {type(error).__name__} {error}") from error
    if not columns:
        raise BadRun(f"{STORED} names no column")
    for column in columns:
        if not column.is_category and not (np.isfinite([column.mean, column.std]).all() and column.std > 0):
            found = f"mean {column.mean} and deviation {column.std}"
            raise BadRun(f"{STORED} is damaged: column {quote(column.name)} has {found}")
        if not (np.diff(column.quantiles) >= 0).all() or not np.isfinite(column.quantiles).all():
            raise BadRun(f"{STORED} is damaged: column {quote(column.name)} has quantiles that do not ascend")
    return TabularPreprocessor(columns)
