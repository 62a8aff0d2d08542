"""How rows are prepared outside of dl: an input for each column, encoded by tensors as by numpy in a fit.

Letters: ``N`` rows, ``M`` columns of numbers, ``R`` of them by ranks, ``S`` stored columns, ``K`` intervals.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
from dl_tabular.made import MadeColumns, Plan, plan_columns
from dl_tabular.prepare import FARTHEST, LearntColumn, TabularPreprocessor
from dl_tabular.quantiles import LEAST
from dl_tabular.sentinels import parse_missing

# Source: P. J. Acklam, An algorithm for computing the inverse normal cumulative distribution function: off by 1e-9.
NEAR = (
    (
        -39.69683028665376,
        220.9460984245205,
        -275.9285104469687,
        138.3577518672690,
        -30.66479806614716,
        2.506628277459239,
    ),
    (-54.47609879822406, 161.5858368580409, -155.6989798598866, 66.80131188771972, -13.28068155288572, 1.0),
)
FAR = (
    (
        -0.007784894002430293,
        -0.3223964580411365,
        -2.400758277161838,
        -2.549732539343734,
        4.374664141464968,
        2.938163982698783,
    ),
    (0.007784695709041462, 0.3224671290700398, 2.445134137142996, 3.754408661742178, 1.0),
)
TAIL = 0.02425  # probability from which the inner fit holds
LEAST_WIDTH = 1e-300  # of an interval between quantiles, so that nothing is divided by zero


class Numbers(nn.Module):
    """Encodes columns of numbers as `LearntColumn.numbers`, in double precision.

    Args:
        columns: M columns of numbers.
        marks: Of each, by its name, the numbers that stand for a missing value.
    """

    mean: Tensor  # (M,), as are std, low and high
    std: Tensor
    low: Tensor
    high: Tensor
    marks: Tensor  # (M, marks)
    order: Tensor  # (S,)
    starts: Tensor  # (R, K), as are widths and shares
    widths: Tensor
    shares: Tensor

    def __init__(self, columns: Sequence[LearntColumn], marks: Mapping[str, frozenset[float]]) -> None:
        super().__init__()
        self._keep("mean", [one.mean for one in columns])
        self._keep("std", [one.std for one in columns])
        self._keep("low", [one.bounds[0] for one in columns])
        self._keep("high", [one.bounds[1] for one in columns])
        most = max((len(marks[one.name]) for one in columns), default=0)
        self.has_marks, self.by_ranks = most > 0, [at for at, one in enumerate(columns) if one.quantiles]
        if most:
            padded = [[*sorted(marks[one.name]), *[math.nan] * (most - len(marks[one.name]))] for one in columns]
            self._keep("marks", padded)  # (M, marks); nothing is equal to nan
        if self.by_ranks:
            self._keep_quantiles([columns[at].quantiles for at in self.by_ranks])
        places = [place for at, one in enumerate(columns) for place in (at, len(columns) + at)[: one.stored]]
        self.register_buffer("order", torch.tensor(places, dtype=torch.int64), persistent=False)

    def _keep(self, name: str, values: Sequence[Any]) -> None:  # Any: numbers, or rows of them
        self.register_buffer(name, torch.tensor(values, dtype=torch.float64), persistent=False)

    def _keep_quantiles(self, quantiles: Sequence[tuple[float, ...]]) -> None:
        """Keep the lower ends, widths and shares of the intervals between quantiles, (R, K); shares add up to 1."""
        most = max(map(len, quantiles))
        padded = np.array([[*one, *[one[-1]] * (most - len(one))] for one in quantiles])
        shares = np.array([[1 / (len(one) - 1)] * (len(one) - 1) + [0.0] * (most - len(one)) for one in quantiles])
        self._keep("starts", padded[:, :-1].tolist())
        self._keep("widths", np.diff(padded).tolist())
        self._keep("shares", shares.tolist())

    def forward(self, values: Tensor) -> Tensor:
        """Return numbers (N, M) as stored, (N, S)."""
        values = self.unmarked(values.double())
        gone = values.isnan()
        filled = torch.where(gone, self.mean, values)
        scaled = (filled.clamp(self.low, self.high) - self.mean) / self.std
        if self.by_ranks:
            ranked = self._to_normal(filled[:, self.by_ranks])
            every = [scaled[:, at : at + 1] for at in range(scaled.shape[1])]
            for k, at in enumerate(self.by_ranks):
                every[at] = ranked[:, k : k + 1]
            scaled = torch.cat(every, dim=1)
        near = torch.where(gone, 0.0, scaled).clamp(-FARTHEST, FARTHEST)
        return torch.cat([near, gone.double()], dim=1)[:, self.order].float()

    def unmarked(self, values: Tensor) -> Tensor:
        """Return numbers (N, M) with NaN for those that stand for a missing value."""
        if not self.has_marks:
            return values
        return torch.where(values[:, :, None].eq(self.marks).any(dim=2), torch.nan, values)

    def _to_normal(self, values: Tensor) -> Tensor:
        """Return the normal deviates (N, R) of the ranks of values; of equal quantiles the middle counts."""
        column = values[:, :, None]
        within = ((column - self.starts) / self.widths.clamp_min(LEAST_WIDTH)).clamp(0, 1)
        jump = ((column >= self.starts).double() + (column > self.starts).double()) / 2  # between equal quantiles
        share = (torch.where(self.widths > 0, within, jump) * self.shares).sum(dim=2)
        return to_deviate(share.clamp(LEAST, 1 - LEAST))


def to_deviate(share: Tensor) -> Tensor:
    """Return the normal deviate below which each share of the distribution lies."""
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
        numbers = [one for one in used if not one.words]
        self.numbers = Numbers(numbers, marks) if numbers else None
        self.starts = [starts[one.name] for one in used if one.words]
        self.is_number = [not one.words for one in used]
        self.width = preprocessor.starts[-1]

    def forward(self, *columns: Tensor) -> Tensor:
        """Return columns (N,), each a number or the place of a category, as stored rows (N, S)."""
        given = zip(columns, self.is_number, strict=True)
        numbers, places = list[Tensor](), list[Tensor]()
        for values, is_number in given:
            (numbers if is_number else places).append(values)
        stored = [self.numbers(torch.stack(numbers, dim=1))] if self.numbers is not None else []
        for at, (place, start) in enumerate(zip(places, self.starts, strict=True)):
            stored.append(torch.where(place < 0, self.width + at, start + place).float()[:, None])
        return torch.cat(stored, dim=1)


def used_columns(preprocessor: TabularPreprocessor) -> list[LearntColumn]:
    """Return the columns that are inputs of the network."""
    return [column for column in preprocessor.columns if not column.constant]


@dataclass(frozen=True)
class ReadColumns:
    """How columns are read outside of dl.

    Args:
        plan: The raw inputs, and the columns that are made of them.
        encode: From these columns to stored rows.
        notes: On what has to be computed before.
    """

    plan: Plan
    encode: Columns
    notes: tuple[str, ...]


def read_columns(preprocessor: TabularPreprocessor, options: Options) -> ReadColumns:
    """Describe how the columns of a preprocessor are read outside of dl."""
    used = used_columns(preprocessor)
    everywhere, by_column = parse_missing(str(options.get("missing", "none")))
    numbers = [one.name for one in preprocessor.columns if not one.words]
    marks = {name: everywhere | by_column.get(name, frozenset()) for name in (*numbers, *(one.name for one in used))}
    columns = [
        category(one.name, one.words, f"one of {len(one.words):,} words; another one is unknown")
        if one.words
        else number(one.name, f"a number, nan where missing{_range(one)}")
        for one in used
    ]
    plan = plan_columns(columns, numbers, parse_derive(str(options.get("derive", ""))), marks)
    return ReadColumns(plan, Columns(preprocessor, marks), _notes([one.name for one in plan.inputs], options))


class Rows(nn.Module):
    """Encodes the raw inputs of rows.

    Args:
        made: Makes columns of them.
        columns: Encodes these.
    """

    def __init__(self, made: MadeColumns, columns: Columns) -> None:
        super().__init__()
        self.made, self.columns = made, columns

    def forward(self, *raw: Tensor) -> Tensor:
        """Return raw inputs (N,) as stored rows (N, S)."""
        stored: Tensor = self.columns(*self.made(*raw))
        return stored


def prepare(preprocessor: Preprocessor, options: Options) -> Preparation:
    """Describe the preparation of rows for an export."""
    assert isinstance(preprocessor, TabularPreprocessor)
    read = read_columns(preprocessor, options)

    def raw(given: Inputs) -> dict[str, Raw]:
        rows: NDArray[Any] = np.asarray(given)  # Any: a structured type
        return {one.name: rows[held] for one, held in zip(read.plan.inputs, read.plan.held, strict=True)}

    return Preparation(read.plan.inputs, Rows(MadeColumns(read.plan), read.encode), raw, notes=read.notes)


def _range(column: LearntColumn) -> str:
    """Return the range of a column in words; of the past of a forecast, none is kept."""
    known = column.least is not None and column.greatest is not None
    return f"; {column.least:.6g} to {column.greatest:.6g} in training" if known else ""


def _notes(names: Sequence[str], options: Options) -> tuple[str, ...]:
    """Return what has to be computed before: what is derived of columns that are left out."""
    parts = [name for name in names if column_of(name) != name]
    dates = sorted({column_of(name) for name in parts})
    derived = [one for one in parse_derive(str(options.get("derive", ""))) if one.name in names]
    notes = (
        [f"give the parts of dates as numbers, as {quote(parts[0])}: {list_names(map(quote, dates))}"] if dates else []
    )
    notes += [f"give derived columns as numbers: {', '.join(f'{one.name} = {one.text}' for one in derived)}"] * bool(
        derived
    )
    return tuple(notes)
