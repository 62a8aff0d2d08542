"""Preprocess rows: standardize numbers, one-hot encode categories, with statistics of the training set alone.

What the training set hardly has teaches nothing, so it changes nothing either: a number far outside the range seen is
clipped, a column that was constant is no input, and a missing value or category without examples of its own becomes the
mean of the column. Rare categories are encoded alike, and unseen ones with them.
Letters: ``N`` rows, ``S`` stored columns: the numbers, then a place for each of ``C`` categories; ``D`` prepared
columns.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dl.data.examples import Inputs, Subset
from dl.data.larger import empty
from dl.domain import Gaps, Preprocessor
from dl.errors import BadData, BadRun, DamagedRun
from dl.options import Options
from dl.preparation import fold, folded
from dl.tables.columns import quote
from dl.tables.dates import column_of
from dl.tables.numbers import MISSING
from dl.terminal import safe_text
from dl_tabular.pieces import Pieces, in_pieces, learn_edges
from dl_tabular.quantiles import MARGIN, deviation, has_heavy_tail, learn_quantiles, to_normal
from dl_tabular.shape import RowShape

BLOCK = 16_384  # rows that are encoded at once: their columns stay in the processor's cache
MOST_WORDS = 1000  # most categories of a column that are encoded: the most common ones
ONE_HOT = 20  # categories of a column beyond which a network embeds them
RARE = 3  # training rows below which a category is rare
STORED = "the stored preprocessor of a table, preprocessor.json,"
FARTHEST = 1e4  # deviations from the mean at which values are clipped
FEWEST_GAPS = 5  # rows without a value in a column, from which that is an input of its own
SHOWN = 40  # characters of a category in a note
NONE = "and changes nothing"

Column = NDArray[Any]  # Any: numbers or text


@dataclass(frozen=True)
class LearntColumn:
    """The statistics of one column of the training set.

    Args:
        name: As in the table.
        mean: Of a column of numbers.
        std: Of a column of numbers; 0 for categories.
        missing: Whether a missing value is an input of its own: `FEWEST_GAPS` training rows have none, or ``gaps=all``.
        words: The categories, most common first; empty for numbers.
        gaps: Number of training rows without a value.
        least: Of the numbers; None for categories, and in runs that kept no range.
        greatest: Likewise.
        shares: Of each category, for a value that is none of them; empty where those are learnt as a row of zeros.
        embedded: Whether a network embeds the categories.
        quantiles: Of a column of numbers that is scaled to normal quantiles, at equal steps of probability; else empty.
        edges: Of the pieces that encode a column of numbers, as it is scaled; empty without pieces.
    """

    name: str
    mean: float = 0.0
    std: float = 0.0
    missing: bool = False
    words: tuple[str, ...] = ()
    gaps: int = 0
    least: float | None = None
    greatest: float | None = None
    shares: tuple[float, ...] = ()
    embedded: bool = False
    quantiles: tuple[float, ...] = ()
    edges: tuple[float, ...] = ()

    @property
    def constant(self) -> bool:
        """Whether the column has one value, so that nothing can be learnt from it."""
        one = len(self.words) == 1 or (self.least is not None and self.least == self.greatest)
        return one and not self.missing

    @property
    def width(self) -> int:
        """Number of prepared columns."""
        if self.constant:
            return 0
        return len(self.words) or self.stored + max(0, len(self.edges) - 1)

    @property
    def stored(self) -> int:
        """Number of stored columns of a column of numbers: the number, and the mark of a gap."""
        return 0 if self.constant else 1 + self.missing

    @property
    def bounds(self) -> tuple[float, float]:
        """The least and greatest value that is not clipped."""
        if self.least is None or self.greatest is None:
            return self.mean - FARTHEST * self.std, self.mean + FARTHEST * self.std
        margin = MARGIN * (self.greatest - self.least)
        return self.least - margin, self.greatest + margin

    def numbers(self, values: Column) -> NDArray[np.float32]:
        """Encode numbers (N,) as stored, (N, 1 or 2) float32."""
        gone = np.isnan(values)
        near = (
            to_normal(values, self.quantiles) if self.quantiles else (values.clip(*self.bounds) - self.mean) / self.std
        )
        scaled = np.where(gone, 0.0, near).clip(-FARTHEST, FARTHEST)
        both: NDArray[np.float32] = np.stack([scaled, gone], axis=1).astype(np.float32)
        return both[:, : self.stored]

    def in_pieces(self, values: Column, pieces: int) -> LearntColumn:
        """Return the column with the edges of the pieces that encode its training values (N,), if it holds numbers."""
        if self.words or self.constant or not pieces:
            return self
        return replace(self, edges=learn_edges(self.numbers(values[~np.isnan(values)])[:, 0], pieces))

    def places(self, values: Column) -> NDArray[np.int64]:
        """Return the prepared column of each category (N,), from 0; -1 for one that has none."""
        words = values.tolist()
        known = self._places
        others = {word: known.get(self._spelled.get(fold(word), ""), -1) for word in set(words) - known.keys()}
        return np.fromiter(map((known | others).__getitem__, words), np.int64, len(words))

    @property
    def instead(self) -> NDArray[np.float32]:
        """The prepared columns of a category that has none, (width,)."""
        return np.array(self.shares or (0.0,) * len(self.words), np.float32)

    def blank(self) -> NDArray[np.float32]:
        """Return the prepared columns of a missing value, (width,)."""
        if self.constant:
            return np.empty(0, np.float32)
        if self.words:
            return self.instead
        return np.concatenate([self.numbers(np.array([np.nan])).reshape(-1), in_pieces(0.0, self.edges)])

    @cached_property
    def _places(self) -> dict[str, int]:
        """The place of each category."""
        return {word: place for place, word in enumerate(self.words)}

    @cached_property
    def _spelled(self) -> dict[str, str]:
        """The category of each spelling in lower case with single blanks, where there is one."""
        return {key: self.words[at] for key, at in folded(self.words).items()}

    def unseen(self, values: Column) -> dict[int, str]:
        """Return by position what values (N,) are that the training set lacks, in words.

        The values of a column that is no input may be text, whatever it held.
        """
        if self.constant or self.words:
            others = np.flatnonzero(~(values[:, None] == np.array(self.words)).any(axis=1))
            different, numbers = np.unique(values[others], return_inverse=True)
            every = np.array([self._on_word(str(word)) for word in different.tolist()], object)
            noted = np.flatnonzero((every != "")[numbers]) if len(others) else others
            return {int(others[at]): every[numbers[at]] for at in noted}
        low, high = self.bounds
        beyond = (values < low) | (values > high) if self.least is not None else np.zeros(len(values), bool)
        notes = {int(at): self._on_number(float(values[at])) for at in np.flatnonzero(beyond)}
        if not self.gaps and not self.missing:
            notes |= dict.fromkeys(
                np.flatnonzero(np.isnan(values)).tolist(), f"{self._missing}; read as the mean, {self.mean:.6g}"
            )
        return notes

    @property
    def _name(self) -> str:
        return safe_text(self.name, SHOWN)

    @property
    def _missing(self) -> str:
        return f"{self._name} is missing, as in no training row"

    def _on_number(self, value: float) -> str:
        seen = f"{self.least:.6g} to {self.greatest:.6g}"
        taken = self.bounds[value > self.mean]
        return f"{self._name} {value:.6g} is far outside the range in training, {seen}; read as {taken:.6g}"

    def _on_word(self, word: str) -> str:
        """Return the note on a category, or on a value of a column that is no input; empty if it was seen."""
        if word in self.words or (not self.words and self.mean in _numbers_of(word)):
            return ""
        if word.lower() in MISSING if not self.words else not word:
            return "" if self.gaps or self.missing else f"{self._missing}{f', {NONE}' * self.constant}"
        shown = repr(safe_text(word, SHOWN))
        if self.constant and self.words:
            return f"{self._name} {shown} is not the {safe_text(self.words[0], SHOWN)!r} of every training row, {NONE}"
        if self.constant:
            shown = f"{numbers[0]:.6g}" if (numbers := _numbers_of(word)) else shown
            return f"{self._name} {shown} is not the {self.mean:.6g} of every training row, {NONE}"
        if known := self._spelled.get(fold(word)):
            return f"{self._name} {shown} is read as {safe_text(known, SHOWN)!r}"
        return f"{self._name} {shown} is not among the categories learnt"


def _numbers_of(word: str) -> list[float]:
    """Return the numbers that a cell may hold, with a comma between thousands or as the decimal point."""
    found = []
    for spelled in {word.replace(",", ""), word.replace(",", ".")}:
        with suppress(ValueError):
            found.append(float(spelled))
    return found


class TabularPreprocessor(Preprocessor):
    """Encodes rows of numbers and categories as float32 vectors."""

    place_of: Tensor  # (numbers,) prepared column of each stored number
    instead: Tensor  # (C, D) prepared columns of a category that has none
    gap_columns: Tensor
    gap_blank: Tensor

    def __init__(self, columns: Sequence[LearntColumn]) -> None:
        super().__init__()
        self.columns = tuple(columns)
        self.starts = tuple(int(start) for start in np.cumsum([0, *(column.width for column in self.columns)]))
        starts = dict(zip((column.name for column in self.columns), self.starts, strict=False))
        self._numbers = [(one, starts[one.name]) for one in self.columns if not one.words and not one.constant]
        self._words = [(one, starts[one.name]) for one in self.columns if one.words and not one.constant]
        places = [place for one, start in self._numbers for place in range(start, start + one.stored)]
        instead = np.zeros((len(self._words), self.starts[-1]), np.float32)
        for row, (one, start) in zip(instead, self._words, strict=True):
            row[start : start + one.width] = one.instead
        self._spare, self._shared = places[0] if places else self.starts[-1], bool(instead.any())
        owner = np.repeat(np.arange(len(self.columns)), [column.width for column in self.columns])
        blank = np.concatenate([column.blank() for column in self.columns])
        self.pieces = Pieces([(start, one.stored, one.edges) for one, start in self._numbers])
        self.register_buffer("place_of", torch.tensor(places, dtype=torch.int64), persistent=False)
        self.register_buffer("instead", torch.from_numpy(instead), persistent=False)
        self.register_buffer("gap_columns", torch.from_numpy(owner), persistent=False)
        self.register_buffer("gap_blank", torch.from_numpy(blank), persistent=False)

    @property
    def input_shape(self) -> RowShape:
        """(D,), with the columns that a network embeds."""
        blocks = [(start, start + one.width) for one, start in self._words if one.embedded]
        return RowShape.of(self.starts[-1], blocks)

    @property
    def gaps(self) -> Gaps:
        """How a missing cell looks in prepared rows."""
        return Gaps(len(self.columns), self.gap_columns, self.gap_blank)

    @property
    def dtype(self) -> np.dtype[np.void]:
        """The structured dtype of rows before they are prepared."""
        return self.dtype_of([column.name for column in self.columns])

    def dtype_of(self, names: Iterable[str]) -> np.dtype[np.void]:
        """Return the structured dtype of rows made of a table with these columns.

        Constant columns may be missing; they are read as text, since what they hold changes nothing.
        """
        there = set(names)
        learnt = [
            column
            for column in self.columns
            if not column.constant or column.name in there or column_of(column.name) in there
        ]
        return np.dtype([(column.name, "U1" if column.words or column.constant else "f8") for column in learnt])

    def completed(self, columns: Mapping[str, Column], rows: int) -> dict[str, Column]:
        """Return the columns of a table with N rows in the order learnt, absent constant ones with their constant."""
        absent = {column.name: column for column in self.columns if column.constant and column.name not in columns}
        filled = {name: np.full(rows, one.words[0] if one.words else f"{one.mean!r}") for name, one in absent.items()}
        return {column.name: {**columns, **filled}[column.name] for column in self.columns}

    def settings(self) -> dict[str, Any]:  # Any: JSON
        """Return the settings that `restore` reads, as JSON values."""
        return {"columns": [asdict(column) for column in self.columns]}

    def encode(self, inputs: Inputs) -> Inputs:
        """Encode a structured array of N rows as float32 (N, S)."""
        rows: NDArray[Any] = np.asarray(inputs)  # Any: a structured type, whose fields numpy cannot type
        used = [column for column in self.columns if not column.constant]
        missing = [column.name for column in used if column.name not in (rows.dtype.names or ())]
        if missing:
            raise BadData(f"column {quote(missing[0])} is missing; the run was trained on it")
        stored = empty((len(rows), len(self.place_of) + len(self._words)), np.float32)
        for first in range(0, len(rows), BLOCK):
            self._store(rows[first : first + BLOCK], stored[first : first + BLOCK])
        return stored

    def _store(self, rows: NDArray[Any], stored: NDArray[np.float32]) -> None:  # Any: a structured type
        """Write the encoded rows (n, S)."""
        at = 0
        for one, _ in self._numbers:
            stored[:, at : at + one.stored] = one.numbers(rows[one.name])
            at += one.stored
        for k, (one, start) in enumerate(self._words):
            place = one.places(rows[one.name])
            stored[:, at + k] = np.where(place < 0, self.starts[-1] + k, start + place)

    def unseen(self, inputs: Inputs) -> dict[int, list[str]]:
        """Return by position the values of rows that the training set lacks: gaps, categories, numbers far outside."""
        rows: NDArray[Any] = np.asarray(inputs)  # Any: a structured type
        notes: dict[int, list[str]] = {}
        for column in self.columns:
            if column.name in (rows.dtype.names or ()):
                for at, note in column.unseen(rows[column.name]).items():
                    notes.setdefault(at, []).append(note)
        return notes

    def forward(self, inputs: Tensor) -> Tensor:
        """Return encoded rows (N, S) as prepared ones (N, D), each category and piece in a column of its own."""
        count, width = len(self.place_of), self.starts[-1]
        if not self._words and not self.pieces:
            return inputs.float()
        instead = self.instead.to(torch.promote_types(self.instead.dtype, torch.float32))  # double in a double network
        places = inputs[:, count:].long()
        none = places >= width  # categories without a column are written where a number is written over them
        prepared = inputs.new_zeros(inputs.shape[0], width + (not count), dtype=instead.dtype)
        prepared.scatter_(1, places.masked_fill(none, self._spare), 1.0)
        if count:
            prepared.scatter_(1, self.place_of.expand(inputs.shape[0], -1), inputs[:, :count].to(instead.dtype))
        self.pieces(inputs, prepared)
        prepared = prepared if count else prepared[:, :width].contiguous()
        if self._shared and torch.compiler.is_exporting():
            prepared = prepared + none.to(instead.dtype) @ instead
        elif self._shared:
            rows = none.any(dim=1).nonzero().flatten()  # hardly one: training had too few of them
            prepared[rows] += none[rows].to(instead.dtype) @ instead
        return prepared


def learn(subset: Subset, options: Options) -> TabularPreprocessor:
    """Compute means, ranges and categories of a training set; constant columns are kept, but are no inputs.

    Args:
        subset: The training set.
        options: ``gaps``: whether missing values are marked in every column; ``scaling`` and ``pieces`` of numbers.

    Raises:
        BadData: If the inputs are not a structured array, or every column is constant.
    """
    rows: NDArray[Any] = subset.examples.array  # Any: a structured type
    if rows.dtype.names is None:
        raise BadData(
            f"rows need a field for each column, as dl_tabular.rows.rows_of makes of columns; "
            f"found {rows.dtype} {(len(subset), *rows.shape[1:])}"
        )
    marked, scaling = options.get("gaps") == "all", str(options.get("scaling", "auto"))
    found = [_learn(name, rows[name][subset.index], marked, scaling) for name in rows.dtype.names]
    pieces = int(options.get("pieces", 0))
    columns = [column and column.in_pieces(rows[column.name][subset.index], pieces) for column in found]
    kept = [column for column in columns if column is not None]
    if all(column.constant for column in kept):
        raise BadData("every input column is constant in the training set; there is nothing to learn from")
    return TabularPreprocessor(kept)


def _learn(name: str, values: Column, marked: bool, scaling: str) -> LearntColumn | None:
    """Return the statistics of a column; None if it is empty."""
    if values.dtype.kind == "U":
        return _learn_words(name, values, marked)
    present = values[~np.isnan(values)]
    if not len(present):
        return None
    gaps, mean = len(values) - len(present), float(present.mean())
    low, high, missing = float(present.min()), float(present.max()), gaps >= FEWEST_GAPS
    if low == high:
        return LearntColumn(name, low, 1.0, missing, (), gaps, low, high)
    by_ranks = scaling == "quantile" or (scaling == "auto" and has_heavy_tail(present))
    quantiles = learn_quantiles(present) if by_ranks else ()
    return LearntColumn(name, mean, deviation(present), missing or marked, (), gaps, low, high, quantiles=quantiles)


def _learn_words(name: str, values: Column, marked: bool) -> LearntColumn | None:
    """Return the categories of a column; None if it is empty.

    Rare ones, gaps and unseen ones are encoded alike, as a row of zeros, where there are enough to learn that from.
    """
    words, counts = np.unique(values[values != ""], return_counts=True)
    if not len(words):
        return None
    gaps, rare = int((values == "").sum()), counts < RARE
    order = np.argsort(-counts, kind="stable")[:MOST_WORDS]
    if not rare.all() and gaps + counts[rare].sum() >= FEWEST_GAPS:
        order = order[~rare[order]]
    others = len(values) - int(counts[order].sum())
    missing = others >= FEWEST_GAPS or (marked and len(words) > 1)
    shares = () if missing else tuple((counts[order] / counts[order].sum()).tolist())
    common = tuple(map(str, words[order]))
    embedded = len(common) > ONE_HOT
    return LearntColumn(name, 0.0, 0.0, missing, common, gaps, shares=shares, embedded=embedded)


def _number(value: Any) -> float | None:  # Any: JSON
    return None if value is None else float(value)


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
                int(one.get("gaps", 0)),
                _number(one.get("least")),
                _number(one.get("greatest")),
                tuple(float(share) for share in one.get("shares", ())),
                bool(one.get("embedded", False)),
                tuple(float(value) for value in one.get("quantiles", ())),
                tuple(float(value) for value in one.get("edges", ())),
            )
            for one in settings["columns"]
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise DamagedRun(f"{STORED} cannot be read: {type(error).__name__} {error}") from error
    if not columns:
        raise BadRun(f"{STORED} names no column")
    for column in columns:
        if not column.words and not (np.isfinite([column.mean, column.std, *column.bounds]).all() and column.std > 0):
            found = f"mean {column.mean}, deviation {column.std} and range {column.least} to {column.greatest}"
            raise DamagedRun(f"{STORED} is damaged: column {quote(column.name)} has {found}")
        if column.shares and len(column.shares) != len(column.words):
            raise DamagedRun(f"{STORED} is damaged: column {quote(column.name)} has {len(column.shares)} shares")
        if not (np.diff(column.quantiles) >= 0).all() or not np.isfinite(column.quantiles).all():
            raise DamagedRun(f"{STORED} is damaged: column {quote(column.name)} has quantiles that do not ascend")
        if not (np.diff(column.edges) > 0).all() or not np.isfinite(column.edges).all():
            raise DamagedRun(f"{STORED} is damaged: column {quote(column.name)} has edges that do not ascend")
    return TabularPreprocessor(columns)
