"""How images are prepared outside of dl: the exported network itself resizes pixels of any size, as files are."""

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

NAME = "image"


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


def prepare(preprocessor: Preprocessor, options: Options) -> Preparation:
    """Describe the preparation of images for an export."""
    channels, height, width = preprocessor.input_shape
    colour = COLOURS.get(channels, f"{channels} channels")
    fixed = bool(line_height(options))  # a line keeps its proportions, and is padded
    axes = ("N", height, width, channels) if fixed else ("N", "H", "W", channels)
    size = f"of {height}x{width}" if fixed else f"of any size, resized to {height}x{width}"
    about = f"{colour} pixels from 0 to 255, {size}"
    example = torch.zeros(2, height + 3 * (not fixed), width + 5 * (not fixed), channels, dtype=torch.uint8)
    encode = nn.Identity() if fixed else ToSize(height, width)
    one = RawInput(NAME, PIXELS, axes, example, about)
    kept = str(options.get("values", "byte"))
    notes = () if kept in ("byte", "auto") else (f"the run read arrays of {kept} values; give pixels from 0 to 255",)
    return Preparation((one,), encode, raw_pixels, notes=notes)


def raw_pixels(inputs: Inputs) -> dict[str, Raw]:
    """Return the pixels of examples, (N, H, W, C) uint8."""
    assert isinstance(inputs, np.ndarray)
    return {NAME: inputs}
