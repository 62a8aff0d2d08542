"""How images and frames are prepared outside of dl: the exported network resizes pixels of any size, as files are."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dl.data.examples import Inputs
from dl.domain import Preprocessor
from dl.options import Options
from dl.preparation import PIXELS, Preparation, Raw, RawInput
from dl_vision.decode import line_height
from dl_vision.prepare import COLOURS

NAME, FRAMES = "image", "frames"


class ToSize(nn.Module):
    """Resizes pixels (N, H, W, C), averaged where they shrink; those of this size stay as they are.

    Args:
        height: In pixels.
        width: In pixels.
    """

    def __init__(self, height: int, width: int) -> None:
        super().__init__()
        self.size = (height, width)

    def forward(self, pixels: Tensor) -> Tensor:
        """Return pixels (N, height, width, C) from 0 to 255, rounded."""
        images = pixels.permute(0, 3, 1, 2).float()
        resized = F.interpolate(images, self.size, mode="bilinear", antialias=True, align_corners=False)
        return resized.round().clamp(0, 255).permute(0, 2, 3, 1)


class ToLine(nn.Module):
    """Resizes pixels (N, H, W, C) to a height in their proportions, and pads them on the right, as files are read.

    Args:
        height: In pixels.
        width: In pixels, the most.
    """

    def __init__(self, height: int, width: int) -> None:
        super().__init__()
        self.height, self.width = height, width

    def forward(self, pixels: Tensor) -> Tensor:
        """Return pixels (N, height, width, C) from 0 to 255, rounded."""
        images = pixels.permute(0, 3, 1, 2).float()
        high, wide = (_count(images.shape[axis]) for axis in (2, 3))
        own = (wide * self.height / high).round().clamp(1, self.width)
        down = averages(self.height, _count(self.height), images.shape[2], high)
        along = averages(self.width, own, images.shape[3], wide)
        lines = (down @ images @ along.T).round().clamp(0, 255)
        inside = torch.arange(self.width) < own
        return torch.where(inside, lines, self._border(lines, inside, own)).permute(0, 2, 3, 1)

    def _border(self, lines: Tensor, inside: Tensor, own: Tensor) -> Tensor:
        """Return the median of the border of lines (N, C, height, width), (N, C, 1, 1)."""
        rows = torch.where(inside, lines[:, :, [0, -1]], torch.inf).flatten(2)
        last = (own - 1).long().reshape(1, 1, 1, 1).expand(*lines.shape[:3], 1)
        columns = torch.cat([lines[:, :, :, 0], lines.gather(3, last)[..., 0]], dim=2)
        every = torch.cat([rows, columns], dim=2).sort(dim=2).values
        half = (own.long() + self.height).reshape(1, 1, 1).expand(*every.shape[:2], 1)
        middle = (every.gather(2, half - 1) + every.gather(2, half)) / 2
        return middle.floor()[..., None]


def _count(size: int) -> Tensor:
    """Return a size as a number of the trace, in double precision."""
    return torch.arange(size, dtype=torch.float64)[-1] + 1


def averages(wanted: int, own: Tensor, size: int, given: Tensor) -> Tensor:
    """Return the weights (wanted, size) by which pixels are averaged where they shrink, and interpolated elsewhere.

    Args:
        wanted: Number of places.
        own: Of them, those that an image fills.
        size: Of the image.
        given: The same as a number of the trace.
    """
    scale = given / own
    centres = (torch.arange(wanted, dtype=torch.float64) + 0.5) * scale - 0.5
    apart = torch.arange(size, dtype=torch.float64) - centres[:, None]
    weights = (1 - apart.abs() / scale.clamp_min(1)).clamp_min(0)
    return (weights / weights.sum(dim=1, keepdim=True).clamp_min(1e-9)).float()


def prepare(preprocessor: Preprocessor, options: Options) -> Preparation:
    """Describe the preparation of images for an export."""
    channels, height, width = preprocessor.input_shape
    colour = COLOURS.get(channels, f"{channels} channels")
    as_line = bool(line_height(options))
    how = f"resized to a height of {height} and padded to {width}" if as_line else f"resized to {height}x{width}"
    example = torch.zeros(2, height + 3, width + 5, channels, dtype=torch.uint8)
    one = RawInput(
        NAME, PIXELS, ("N", "H", "W", channels), example, f"{colour} pixels from 0 to 255, of any size, {how}"
    )
    encode = ToLine(height, width) if as_line else ToSize(height, width)
    kept = str(options.get("values", "byte"))
    notes = () if kept in ("byte", "auto") else (f"the run read arrays of {kept} values; give pixels from 0 to 255",)
    return Preparation((one,), encode, raw_pixels, notes=notes)


class Sequences(nn.Module):
    """Resizes the frames of sequences (N, T, H, W, C), and adds a blank in place of the frame that follows.

    Args:
        height: In pixels.
        width: In pixels.
    """

    def __init__(self, height: int, width: int) -> None:
        super().__init__()
        self.resize = ToSize(height, width)

    def forward(self, frames: Tensor) -> Tensor:
        """Return windows (N, T + 1, height, width, C) from 0 to 255."""
        resized: Tensor = self.resize(frames.flatten(0, 1))
        sequences = resized.unflatten(0, (frames.shape[0], frames.shape[1]))
        return torch.cat([sequences, torch.zeros_like(sequences[:, :1])], dim=1)


def prepare_frames(preprocessor: Preprocessor, _options: Options) -> Preparation:
    """Describe the preparation of sequences of frames for an export."""
    window, channels, height, width = preprocessor.input_shape
    steps, colour = window - 1, COLOURS.get(channels, f"{channels} channels")
    about = (
        f"{steps} {colour} frames, the oldest first, as pixels from 0 to 255 of any size, resized to {height}x{width}"
    )
    example = torch.zeros(2, steps, height + 3, width + 5, channels, dtype=torch.uint8)
    one = RawInput(FRAMES, PIXELS, ("N", steps, "H", "W", channels), example, about)
    return Preparation((one,), Sequences(height, width), raw_frames)


def raw_frames(inputs: Inputs) -> dict[str, Raw]:
    """Return the frames that are read of each window, (N, T, H, W, C) uint8, without the one to be predicted."""
    assert isinstance(inputs, np.ndarray)
    return {FRAMES: inputs[:, :-1]}


def raw_pixels(inputs: Inputs) -> dict[str, Raw]:
    """Return the pixels of examples, (N, H, W, C) uint8."""
    assert isinstance(inputs, np.ndarray)
    return {NAME: inputs}
