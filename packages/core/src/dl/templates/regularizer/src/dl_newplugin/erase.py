"""Erasing: a square of each training image becomes 0, which is about the mean of prepared images.

Letters: ``B`` images, ``H`` rows, ``W`` columns.
"""

from __future__ import annotations

import torch
from dl.regularizer import Batch, Regularizer
from torch import Tensor


def erase(side: float) -> Regularizer:
    """Return what erases a square of each image of a training batch, and of no other.

    Source: DeVries and Taylor 2017 (cutout).

    Args:
        side: Of the square, as a share of the image's height and width.
    """

    def change(batch: Batch, generator: torch.Generator) -> Batch:
        assert isinstance(batch.inputs, Tensor)  # as all images are
        rows, columns = batch.inputs.shape[2:]
        down = _span(len(batch.targets), rows, side, generator)[:, None, :, None]
        across = _span(len(batch.targets), columns, side, generator)[:, None, None, :]
        return batch.corrupted(batch.inputs.masked_fill(down & across, 0))  # a new tensor

    return Regularizer(batch=change)


def _span(images: int, length: int, side: float, generator: torch.Generator) -> Tensor:
    """Return for each image which of so many places are within a span that lies anywhere, (B, length)."""
    size = round(side * length)
    start = torch.randint(length - size + 1, (images, 1), generator=generator, device=generator.device)
    place = torch.arange(length, device=generator.device)
    return (place >= start) & (place < start + size)
