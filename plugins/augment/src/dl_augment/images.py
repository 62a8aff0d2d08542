"""Augmentation of whole batches of images (B, C, H, W), on their device, with random draws for each image."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor
from torch.nn import functional as F

from dl.regularizer import Batch, Regularizer

_Change = Callable[[Tensor, Tensor], Tensor]  # from images and the draws of each, (B, k) in 0..1


def shift(pixels: int) -> Regularizer:
    """Shift each image by up to ``pixels`` vertically and horizontally, repeating the edge."""

    def change(images: Tensor, drawn: Tensor) -> Tensor:
        height, width = images.shape[2:]
        by = (drawn * (2 * pixels + 1)).to(torch.int64) - pixels
        rows = (torch.arange(height, device=images.device) - by[:, :1]).clamp_(0, height - 1)
        columns = (torch.arange(width, device=images.device) - by[:, 1:]).clamp_(0, width - 1)
        at = rows[:, :, None] * width + columns[:, None, :]  # (B, H, W)
        return images.flatten(2).gather(2, at.flatten(1)[:, None].expand(-1, images.shape[1], -1)).view_as(images)

    return on_images(change, 2)


def flip(share: float) -> Regularizer:
    """Mirror a share of the images, left to right."""

    def change(images: Tensor, drawn: Tensor) -> Tensor:
        return torch.where((drawn < share)[:, :, None, None], images.flip(3), images)

    return on_images(change, 1)


def crop(least: float) -> Regularizer:
    """Crop each image to a random side from ``least`` to 1 and resize it to the full size."""

    def change(images: Tensor, drawn: Tensor) -> Tensor:
        side = least + (1 - least) * drawn[:, 0]
        middle = (2 * drawn[:, 1:] - 1) * (1 - side)[:, None]  # in -1..1, as affine_grid counts
        zero = torch.zeros_like(side)
        rows = [torch.stack([side, zero, middle[:, 0]], dim=1), torch.stack([zero, side, middle[:, 1]], dim=1)]
        grid = F.affine_grid(torch.stack(rows, dim=1), list(images.shape), align_corners=False)
        cut = F.grid_sample(images.float(), grid, padding_mode="border", align_corners=False)
        return cut.to(images.dtype)

    return on_images(change, 3)


def cutmix(share: float) -> Regularizer:
    """Paste a rectangle of another image into a share of the images; its area is uniform in 0..1.

    Source: Yun et al. 2019, with alpha 1.
    """

    def mix(batch: Batch, generator: torch.Generator) -> Batch:
        images = batch.inputs
        assert isinstance(images, Tensor)
        count = len(images)
        drawn = batch.uniform(4, generator).T[:, :, None]
        side = torch.where(drawn[3] < share, drawn[0], 0.0).sqrt()
        inside = rectangles(images, side, side, drawn[1], drawn[2])
        partners = torch.randperm(count, generator=generator, device=images.device)
        own = 1 - inside.to(images.dtype).mean(dim=(1, 2, 3))
        return batch.mixed(torch.where(inside, images[partners], images), partners, own)

    return Regularizer(batch=mix)


def rectangles(images: Tensor, tall: Tensor, wide: Tensor, down: Tensor, across: Tensor) -> Tensor:
    """Return which pixels lie in a rectangle of each image, (B, 1, H, W), cut at the edge.

    Args:
        images: (B, C, H, W).
        tall: (B, 1) height, as a share of the image's.
        wide: (B, 1) width, likewise.
        down: (B, 1) place of its middle, likewise.
        across: (B, 1) place of its middle, likewise.
    """
    height, width = images.shape[2:]
    rows = _between(torch.arange(height, device=images.device) + 0.5, down * height, tall * height)
    columns = _between(torch.arange(width, device=images.device) + 0.5, across * width, wide * width)
    return (rows[:, :, None] & columns[:, None, :])[:, None]


def _between(places: Tensor, middle: Tensor, side: Tensor) -> Tensor:
    return (places >= middle - side / 2) & (places < middle + side / 2)


def on_images(change: _Change, draws: int) -> Regularizer:
    """Return the regularizer that changes the images of each batch, by so many draws for each image."""

    def batch(given: Batch, generator: torch.Generator) -> Batch:
        assert isinstance(given.inputs, Tensor)
        return replace(given, inputs=change(given.inputs, given.uniform(draws, generator)))

    return Regularizer(batch=batch)
