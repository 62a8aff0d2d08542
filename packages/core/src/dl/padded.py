"""Padded batches of rows of different lengths, and ragged columns as tensors.

A batch is as wide as its own longest row. Values after a row's length are padding, which a network must not read as
data. Letters: ``N`` rows, ``B`` rows of a batch, ``T`` values of the longest of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from dl.data.ragged import Ragged


class Padded(NamedTuple):
    """A padded batch.

    Args:
        values: (B, T) int64, or (B, T, C) numbers of each step; 0 for padding.
        lengths: (B,) int64, at least 1.
        weights: (B, T) weight of each value, 0 for padding; None if each weighs 1.
        unknown_nats: (B, T) nats to name each unknown token; None if all are known.
    """

    values: Tensor
    lengths: Tensor
    weights: Tensor | None = None
    unknown_nats: Tensor | None = None

    @property
    def mask(self) -> Tensor:
        """Which values are data, not padding, (B, T) bool."""
        return torch.arange(self.values.shape[1], device=self.values.device) < self.lengths[:, None]


@dataclass(frozen=True)
class RaggedTensor:
    """A ragged column on a device.

    Args:
        values: (S,) of all rows, or (S, C).
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
        """The device of the column."""
        return self.values.device

    @property
    def nbytes(self) -> int:
        """Size of all values in bytes."""
        return self.values.nbytes

    def to(self, device: torch.device) -> RaggedTensor:
        """Move the column to a device."""
        return RaggedTensor(self.values.to(device), self.offsets.to(device))

    def take(self, positions: Tensor) -> Padded:
        """Take rows (B,) as a batch padded with 0; an empty row counts as one padding value."""
        begin = self.offsets[positions]
        lengths = self.offsets[positions + 1] - begin
        column = torch.arange(max(int(lengths.max()), 1), device=self.device)
        inside = column < lengths[:, None]
        at = torch.where(inside, begin[:, None] + column, 0)
        if self.values.is_floating_point():
            steps = self.values[at] if len(self.values) else self.values.new_zeros(*at.shape, *self.values.shape[1:])
            return Padded(
                steps.masked_fill(~inside.reshape(*inside.shape, *[1] * (steps.ndim - 2)), 0), lengths.clamp_min(1)
            )
        found = self.values[at].long() if len(self.values) else torch.zeros_like(at)
        return Padded(torch.where(inside, found, 0), lengths.clamp_min(1))


def masked_mean(values: Tensor, mask: Tensor) -> Tensor:
    """Average (B, T, H) over the unpadded values, to (B, H)."""
    weights = mask.to(values.dtype)
    return torch.einsum("bth,bt->bh", values, weights) / weights.sum(dim=1, keepdim=True)


def reversed_positions(mask: Tensor) -> Tensor:
    """Return the positions (B, T) that reverse each row within its length; padding stays in place."""
    place = torch.arange(mask.shape[1], device=mask.device).expand_as(mask)
    return torch.where(mask, mask.sum(dim=1, keepdim=True) - 1 - place, place)
