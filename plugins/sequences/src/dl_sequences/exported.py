"""How series are prepared outside of dl: an input of all steps for each column, and how many steps each series has.

Letters: ``N`` series, ``T`` steps of the longest, ``M`` columns of numbers, ``S`` stored numbers of a step.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from dl.data.examples import Inputs
from dl.data.ragged import Ragged
from dl.domain import Preprocessor
from dl.options import Options
from dl.padded import Padded
from dl.preparation import CATEGORY, NUMBER, Preparation, Raw, RawInput
from dl_sequences.prepare import SeriesPreprocessor
from dl_tabular.exported import Columns, read_columns, used_columns
from dl_tabular.made import MadeColumns

LENGTHS = "lengths"


class Steps(nn.Module):
    """Encodes series as `SeriesPreprocessor.encode`: missing numbers filled forward, with a mark where they were.

    Args:
        made: Makes columns of raw inputs.
        columns: Encodes steps as rows.
        marks: Of each stored number, the place among the columns of numbers whose gaps it marks; -1 for no mark.
    """

    marks: Tensor  # (S,)

    def __init__(self, made: MadeColumns, columns: Columns, marks: Sequence[int]) -> None:
        super().__init__()
        self.made, self.columns = made, columns
        self.marked = any(at >= 0 for at in marks)
        self.register_buffer("marks", torch.tensor(marks, dtype=torch.int64), persistent=False)

    def forward(self, *given: Tensor) -> Padded:
        """Return a stored batch (N, T, S) of the raw columns (N, T), in order, and the lengths (N,)."""
        *raw, lengths = given
        shape = raw[0].shape
        for one in (*raw[1:], lengths):  # for the trace, to which each size is any number
            torch._check(one.shape[0] == shape[0])
            torch._check(one.ndim < 2 or one.shape[1] == shape[1])
        flat = [one.flatten() for one in self.made(*raw)]
        is_number = self.columns.is_number
        if self.columns.numbers is None:
            return _batch(self.columns(*flat), shape, lengths)
        numbers = torch.stack([one for one, number in zip(flat, is_number, strict=True) if number], dim=1)
        known = self.columns.numbers.unmarked(numbers.double())
        filled = iter(fill_forward(known.reshape(*shape, -1)).flatten(0, 1).unbind(dim=1))
        stored = self.columns(*(next(filled) if number else one for one, number in zip(flat, is_number, strict=True)))
        if self.marked:
            gaps = known.isnan()[:, self.marks.clamp_min(0)]
            stored = torch.where(self.marks >= 0, gaps.float(), stored)
        return _batch(stored, shape, lengths)


def _batch(stored: Tensor, shape: Sequence[int], lengths: Tensor) -> Padded:
    return Padded(stored.reshape(shape[0], shape[1], stored.shape[1]), lengths.long().clamp(1, shape[1]))


def fill_forward(values: Tensor) -> Tensor:
    """Fill NaN in (N, T, M) by the last number before it in its series; those before the first number stay."""
    count, steps, columns = values.shape
    present = ~values.isnan()
    which = present.long().cumsum(dim=1)  # how many numbers there were until each step
    kept = values.new_full((count, steps + 2, columns), torch.nan)  # the first is before any number, the last unread
    return kept.scatter(1, torch.where(present, which, steps + 1), values).gather(1, which)


def prepare(preprocessor: Preprocessor, options: Options) -> Preparation:
    """Describe the preparation of series for an export."""
    assert isinstance(preprocessor, SeriesPreprocessor)
    read, used = read_columns(preprocessor.steps, options), used_columns(preprocessor.steps)
    inputs = [_of_all_steps(one) for one in read.plan.inputs]
    last = _free_name([one.name for one in inputs])
    about = f"the number of steps of each series, up to {preprocessor.longest:,} in training; what follows is not read"
    lengths = RawInput(last, NUMBER, ("N",), torch.tensor([5.0, 3.0], dtype=torch.float64), about)
    marks, numbers = list[int](), 0
    for column in used:
        if not column.words:
            marks += [-1, numbers][: column.stored]
            numbers += 1
    marks += [-1] * sum(bool(column.words) for column in used)

    def raw(given: Inputs) -> dict[str, Raw]:
        assert isinstance(given, Ragged)
        names = {one.name: source for one, source in zip(inputs, read.plan.held, strict=True)}
        return raw_steps(given, names, last)

    return Preparation((*inputs, lengths), Steps(MadeColumns(read.plan), read.encode, marks), raw, notes=read.notes)


def _of_all_steps(one: RawInput) -> RawInput:
    example = torch.zeros(2, 5, dtype=torch.int64 if one.kind == CATEGORY else torch.float64)
    return replace(one, axes=("N", "T"), example=example, about=f"of each step, {one.about}")


def _free_name(names: Sequence[str]) -> str:
    name = LENGTHS
    while name in names:
        name = f"{name}_"
    return name


def raw_steps(series: Ragged, names: Mapping[str, str], lengths: str) -> dict[str, Raw]:
    """Return the steps of series by input, (N, T) with nan or empty words after their end, and the lengths (N,).

    Args:
        series: As read.
        names: Of the inputs, with the columns that hold them.
        lengths: The name of the input of lengths.
    """
    steps: Any = series.values  # a structured type, whose fields numpy cannot type
    inside = np.arange(max(int(series.lengths.max(initial=1)), 1)) < series.lengths[:, None]
    found = dict[str, Raw]()
    for name, column in names.items():
        values = steps[column]
        found[name] = np.full(inside.shape, np.nan if values.dtype.kind == "f" else "", values.dtype)
        found[name][inside] = values
    return {**found, lengths: series.lengths.astype(np.float64)}
