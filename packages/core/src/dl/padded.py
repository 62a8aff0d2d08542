"""Padded batches of rows of different lengths, batches of several kinds of input, and stored inputs as tensors.

A batch is as wide as its own longest row. Values after a row's length are padding, which a network must not read as
data. Letters: ``N`` rows, ``B`` rows of a batch, ``T`` values of the longest of them.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from numpy.typing import NDArray
from torch import Tensor

from dl.data.branches import Branches, Part
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


Prepared = Tensor | Padded | Mapping[str, Tensor | Padded]  # a batch: of one kind of input, or by the name of a branch


def parts_of(batch: Prepared) -> dict[str, Tensor | Padded]:
    """Return the inputs of each branch, by its name; of inputs of one kind these alone, without a name."""
    return dict(batch) if isinstance(batch, Mapping) else {"": batch}


def rows_of(batch: Prepared) -> int:
    """Return the number of examples of a batch."""
    part = next(iter(parts_of(batch).values()))
    return len(part.values if isinstance(part, Padded) else part)


def in_precision(batch: Prepared, dtype: torch.dtype) -> Prepared:
    """Return a batch with its tensors in a precision; token ids stay as they are."""
    if isinstance(batch, Mapping):
        return {name: _in_precision(part, dtype) for name, part in batch.items()}
    return _in_precision(batch, dtype)


def _in_precision(part: Tensor | Padded, dtype: torch.dtype) -> Tensor | Padded:
    if isinstance(part, Tensor):
        return part.to(dtype)
    return part._replace(values=part.values.to(dtype)) if part.values.is_floating_point() else part


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
        return cls(as_tensor(column.values), as_tensor(column.offsets))

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


@dataclass(frozen=True)
class BranchTensors:
    """Stored inputs of several kinds on a device.

    Args:
        parts: Of each branch, by its name.
    """

    parts: Mapping[str, Tensor | RaggedTensor]

    @property
    def device(self) -> torch.device:
        """The device of the inputs."""
        return next(iter(self.parts.values())).device

    @property
    def nbytes(self) -> int:
        """Size of all inputs in bytes."""
        return sum(part.nbytes for part in self.parts.values())

    def ragged(self) -> Iterator[RaggedTensor]:
        """Yield the parts whose rows differ in length."""
        return (part for part in self.parts.values() if isinstance(part, RaggedTensor))

    def to(self, device: torch.device) -> BranchTensors:
        """Move all parts to a device."""
        return BranchTensors({name: part.to(device) for name, part in self.parts.items()})

    def take(self, positions: Tensor) -> dict[str, Tensor | Padded]:
        """Take rows (B,) of each part."""
        return {name: _take(part, positions) for name, part in self.parts.items()}


def _take(part: Tensor | RaggedTensor, positions: Tensor) -> Tensor | Padded:
    return part.take(positions) if isinstance(part, RaggedTensor) else part.index_select(0, positions)


def as_tensors(inputs: Part | Branches) -> Tensor | RaggedTensor | BranchTensors:
    """Wrap stored inputs without copying them; memory maps stay memory maps."""
    if isinstance(inputs, Branches):
        return BranchTensors({name: _as_tensor(part) for name, part in inputs.items()})
    return _as_tensor(inputs)


def _as_tensor(part: Part) -> Tensor | RaggedTensor:
    return RaggedTensor.of(part) if isinstance(part, Ragged) else as_tensor(part)


def as_tensor(values: NDArray[Any]) -> Tensor:  # Any: numbers of one kind
    """Wrap an array without copying it, one mapped for reading alone too: nothing writes into stored inputs."""
    if values.flags.writeable:
        return torch.from_numpy(values)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
        return torch.from_numpy(values)


def masked_mean(values: Tensor, mask: Tensor) -> Tensor:
    """Average (B, T, H) over the unpadded values, to (B, H)."""
    weights = mask.to(values.dtype)
    return torch.einsum("bth,bt->bh", values, weights) / weights.sum(dim=1, keepdim=True)


def reversed_positions(mask: Tensor) -> Tensor:
    """Return the positions (B, T) that reverse each row within its length; padding stays in place."""
    place = torch.arange(mask.shape[1], device=mask.device).expand_as(mask)
    return torch.where(mask, mask.sum(dim=1, keepdim=True) - 1 - place, place)
