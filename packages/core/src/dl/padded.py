"""Batches of rows of different lengths: a ragged column as tensors, and what a network reads of it.

A batch is as wide as its own longest row. What stands behind a row's end is padding, which no network may read as data:
the lengths say where it begins. Letters: ``N`` rows, ``B`` rows of a batch, ``T`` values of the longest of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from dl.data.ragged import Ragged


class Padded(NamedTuple):
    """Rows of a batch side by side.

    Args:
        values: (B, T) int64; 0 behind the end of a row.
        lengths: (B,) int64, at least 1.
        weights: (B, T) what each value counts; 0 for padding. None where each counts 1.
        unsaid: (B, T) nats that a value leaves unsaid, as an unknown token leaves unsaid which one it was. None where
            each says all.
    """

    values: Tensor
    lengths: Tensor
    weights: Tensor | None = None
    unknown_nats: Tensor | None = None

    @property
    def mask(self) -> Tensor:
        """Where there is data, (B, T) bool."""
        return torch.arange(self.values.shape[1], device=self.values.device) < self.lengths[:, None]


@dataclass(frozen=True)
class RaggedTensor:
    """A ragged column on a device.

    Args:
        values: (S,) of all rows.
        offsets: (N + 1,) int64.
    """

    values: Tensor
    offsets: Tensor

    @classmethod
    def of(cls, column: Ragged) -> RaggedTensor:
        """Wrap a column without copying it; memory maps stay memory maps."""
        return cls(torch.from_numpy(column.values), torch.from_numpy(column.offsets))

    @property
    def device(self) -> torch.device:
        """Where it lies."""
        return self.values.device

    @property
    def nbytes(self) -> int:
        """Bytes of all values."""
        return self.values.nbytes

    def to(self, device: torch.device) -> RaggedTensor:
        """Return the column on a device."""
        return RaggedTensor(self.values.to(device), self.offsets.to(device))

    def take(self, positions: Tensor) -> Padded:
        """Return some rows, padded with 0 to the longest of them; a row without values counts as one padding value."""
        begin = self.offsets[positions]
        lengths = self.offsets[positions + 1] - begin
        column = torch.arange(max(int(lengths.max()), 1), device=self.device)
        inside = column < lengths[:, None]
        at = torch.where(inside, begin[:, None] + column, 0)
        found = self.values[at].long() if len(self.values) else torch.zeros_like(at)
        return Padded(torch.where(inside, found, 0), lengths.clamp_min(1))
