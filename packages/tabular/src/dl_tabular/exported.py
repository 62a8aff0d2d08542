"""How rows are prepared outside of dl: an input for each column, encoded by tensors as by numpy in a fit.

Letters: ``N`` rows, ``S`` stored columns, ``K`` quantiles.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from dl.data.examples import Inputs
from dl.domain import Preprocessor
from dl.options import Options
from dl.preparation import Preparation, Raw, category, number
from dl.tables.columns import list_names, quote
from dl.tables.dates import column_of
from dl_tabular.derive import parse_derive
from dl_tabular.prepare import FARTHEST, LearntColumn, TabularPreprocessor
from dl_tabular.quantiles import LEAST
from dl_tabular.sentinels import parse_missing

# Source: P. J. Acklam, An algorithm for computing the inverse normal cumulative distribution function: off by 1e-9.
NEAR = ((-39.69683028665376, 220.9460984245205, -275.9285104469687, 138.3577518672690, -30.66479806614716, 2.506628277459239),
        (-54.47609879822406, 161.5858368580409, -155.6989798598866, 66.80131188771972, -13.28068155288572, 1.0))
FAR = ((-0.007784894002430293, -0.3223964580411365, -2.400758277161838, -2.549732539343734, 4.374664141464968, 2.938163982698783),
       (0.007784695709041462, 0.3224671290700398, 2.445134137142996, 3.754408661742178, 1.0))
TAIL = 0.02425  # probability from which the inner fit holds


class Number(nn.Module):
    """Encodes numbers as `LearntColumn.numbers`, in double precision.

    Args:
        column: Of numbers.
        marks: The numbers that stand for a missing value.
    """

    knots: Tensor  # (K,)
    marks: Tensor

    def __init__(self, column: LearntColumn, marks: Iterable[float]) -> None:
        super().__init__()
        self.mean, self.std, self.missing = column.mean, column.std, column.missing
        self.low, self.high = column.bounds
        self.register_buffer("knots", torch.tensor(column.quantiles, dtype=torch.float64), persistent=False)
        self.register_buffer("marks", torch.tensor(sorted(marks), dtype=torch.float64), persistent=False)

    def forward(self, values: Tensor) -> Tensor:
        """Return numbers (N,) as stored, (N, 1 or 2)."""
        values = values.double()
        if len(self.marks):
            values = torch.where((values[:, None] == self.marks).any(dim=1), torch.nan, values)
        gone = values.isnan()
        filled = torch.where(gone, self.mean, values)
        scaled = self._to_normal(filled) if len(self.knots) else (filled.clamp(self.low, self.high) - self.mean) / self.std
        near = torch.where(gone, 0.0, scaled).clamp(-FARTHEST, FARTHEST)
        return torch.stack([near, gone.double()] if self.missing else [near], dim=1).float()

    def _to_normal(self, values: Tensor) -> Tensor:
        """Return the normal deviates (N,) of the ranks of values; of equal quantiles the middle counts."""
        low, width = self.knots[:-1], self.knots.diff()
        column = values[:, None]
        within = ((column - low) / width.clamp_min(torch.finfo(torch.float64).tiny)).clamp(0, 1)
        at = ((column >= low).double() + (column > low).double()) / 2  # a jump between equal quantiles
        share = torch.where(width > 0, within, at).mean(dim=1)
        return to_deviate(share.clamp(LEAST, 1 - LEAST))


def to_deviate(share: Tensor) -> Tensor:
    """Return the normal deviate below which a share (N,) of the distribution lies."""
    off = share - 0.5
    square = off * off
    inner = _poly(NEAR[0], square) * off / _poly(NEAR[1], square)
    tail = (-2 * torch.minimum(share, 1 - share).clamp_min(1e-300).log()).sqrt()
    outer = -off.sign() * _poly(FAR[0], tail) / _poly(FAR[1], tail)
    return torch.where(torch.minimum(share, 1 - share) < TAIL, outer, inner)


def _poly(factors: tuple[float, ...], value: Tensor) -> Tensor:
    found = torch.full_like(value, factors[0])
    for factor in factors[1:]:
        found = found * value + factor
    return found


class Columns(nn.Module):
    """Encodes columns as `TabularPreprocessor.encode`.

    Args:
        preprocessor: Of the run.
        marks: Of each column of numbers, by its name, what stands for a missing value.
    """

    def __init__(self, preprocessor: TabularPreprocessor, marks: dict[str, frozenset[float]]) -> None:
        super().__init__()
        used = used_columns(preprocessor)
        starts = dict(zip((column.name for column in preprocessor.columns), preprocessor.starts, strict=False))
        self.numbers = nn.ModuleList(Number(one, marks[one.name]) for one in used if not one.words)
        self.starts = [starts[one.name] for one in used if one.words]
        self.is_number = [not one.words for one in used]
        self.width = preprocessor.starts[-1]

    def forward(self, *columns: Tensor) -> Tensor:
        """Return columns (N,), each a number or the place of a category, as stored rows (N, S)."""
        given = zip(columns, self.is_number, strict=True)
        numbers, places = list[Tensor](), list[Tensor]()
        for values, is_number in given:
            (numbers if is_number else places).append(values)
        stored = [encode(values) for encode, values in zip(self.numbers, numbers, strict=True)]
        for at, (place, start) in enumerate(zip(places, self.starts, strict=True)):
            stored.append(torch.where(place < 0, self.width + at, start + place).float()[:, None])
        return torch.cat(stored, dim=1)


def used_columns(preprocessor: TabularPreprocessor) -> list[LearntColumn]:
    """Return the columns that are inputs of the network."""
    return [column for column in preprocessor.columns if not column.constant]


def prepare(preprocessor: Preprocessor, options: Options) -> Preparation:
    """Describe the preparation of rows for an export."""
    assert isinstance(preprocessor, TabularPreprocessor)
    used = used_columns(preprocessor)
    everywhere, by_column = parse_missing(str(options.get("missing", "none")))
    marks = {one.name: everywhere | by_column.get(one.name, frozenset()) for one in used}
    inputs = tuple(
        category(one.name, one.words, f"one of {len(one.words):,} words; another one is unknown")
        if one.words
        else number(one.name, f"a number, nan where missing; {one.least:.6g} to {one.greatest:.6g} in training")
        for one in used
    )

    def raw(given: Inputs) -> dict[str, Raw]:
        rows: NDArray[Any] = np.asarray(given)  # Any: a structured type
        return {one.name: rows[one.name] for one in used}

    return Preparation(inputs, Columns(preprocessor, marks), raw, notes=_notes(used, options))


def _notes(used: list[LearntColumn], options: Options) -> tuple[str, ...]:
    """Return what has to be computed before: parts of dates, and derived columns."""
    names = [one.name for one in used]
    dates = sorted({column_of(name) for name in names if column_of(name) != name})
    derived = [one for one in parse_derive(str(options.get("derive", ""))) if one.name in names]
    notes = [f"give the parts of dates as numbers, as {quote(names[0])}: {list_names(map(quote, dates))}"] if dates else []
    notes += [f"give derived columns as numbers: {', '.join(f'{one.name} = {one.text}' for one in derived)}"] * bool(derived)
    return tuple(notes)
