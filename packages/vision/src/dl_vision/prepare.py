"""Preprocess images: stored uint8 (N, H, W, C) to standardized float (N, C, H, W), in channels-last strides.

Mean and deviation of each channel are computed from the training set alone, from exact counts; of more than 4 GB of
pixels, from those of images evenly spaced in it.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dl.data.examples import Subset
from dl.domain import Preprocessor
from dl.errors import BadData, BadOption, BadRun, DamagedRun
from dl.options import Options

CHUNK_BYTES = 1 << 22  # pixels counted at once, so that the data is never copied as a whole
MOST_BYTES = 1 << 32  # pixels that are counted
COLOURS = {1: "grey", 3: "rgb"}  # by channels


class VisionPreprocessor(Preprocessor):
    """Standardizes pixels: multiplies by ``scale`` and adds ``shift``, per channel.

    Both are stored repeated along a row of the image, (W * C,), the memory layout of the pixels: with a vector of three
    channels the multiplication would run over three values at a time. One channel needs one value.

    Args:
        shape: (C, H, W).
        mean: Of each channel of the training set, on a scale from 0 to 1.
        std: Deviation of each channel, likewise; 0 for a constant channel.
    """

    scale: Tensor  # (W * C,), or (1,) for one channel
    shift: Tensor  # likewise

    def __init__(self, shape: tuple[int, int, int], mean: tuple[float, ...], std: tuple[float, ...]) -> None:
        super().__init__()
        self.shape, self.mean, self.std = shape, mean, std
        divisor = torch.tensor([deviation or 1.0 for deviation in std], dtype=torch.float64)
        repeats = shape[2] if shape[0] > 1 else 1
        self.register_buffer("scale", (1 / (255 * divisor)).float().repeat(repeats))
        self.register_buffer("shift", (-torch.tensor(mean, dtype=torch.float64) / divisor).float().repeat(repeats))

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """(C, H, W)."""
        return self.shape

    @property
    def colour(self) -> str:
        """The meaning of the channels: grey, rgb, or unknown."""
        return COLOURS.get(self.shape[0], "unknown")

    def settings(self) -> dict[str, Any]:  # Any: JSON
        """Return shape, colour, mean and deviation as JSON values."""
        channels, height, width = self.shape
        return {
            "channels": channels,
            "height": height,
            "width": width,
            "colour": self.colour,
            "mean": list(self.mean),
            "std": list(self.std),
        }

    def forward(self, inputs: Tensor) -> Tensor:
        """Standardize (N, H, W, C) uint8 to (N, C, H, W) float, in channels-last strides."""
        rows = inputs.flatten(2).to(self.scale.dtype)  # one copy; the rest is in place
        return rows.mul_(self.scale).add_(self.shift).view(inputs.shape).permute(0, 3, 1, 2)

    def undone(self, prepared: Tensor) -> Tensor:
        """Return the images (N, H, W, C) uint8 that would be prepared so, rounded and clipped to 0..255."""
        images = prepared.detach().float().permute(0, 2, 3, 1)
        rows = (images.flatten(2) - self.shift) / self.scale
        return rows.round().clamp(0, 255).to(torch.uint8).view(images.shape)


def learn(subset: Subset, options: Options) -> VisionPreprocessor:
    """Compute mean and deviation of each channel of a training set; ``scale=unit`` maps pixels to 0..1 instead.

    Raises:
        BadData: If the inputs are not uint8 (N, H, W, C).
        BadOption: If the data set's images do not have the requested ``size`` or ``colour``.
    """
    inputs = subset.examples.array
    if inputs.ndim != 4 or inputs.dtype != np.uint8 or not len(subset):
        raise BadData(f"images are stored as uint8 (N, height, width, channels); found {inputs.dtype} {inputs.shape}")
    height, width, channels = inputs.shape[1:]
    _check_as_asked(height, width, channels, options)
    if options.get("scale") == "unit":
        return VisionPreprocessor((channels, height, width), (0.0,) * channels, (1.0,) * channels)
    counts = _count_values(subset)
    levels = np.arange(256) / 255
    total = counts.sum(axis=1)
    mean = counts @ levels / total
    std = np.sqrt([row @ (levels - centre) ** 2 / n for row, centre, n in zip(counts, mean, total, strict=True)])
    return VisionPreprocessor((channels, height, width), tuple(mean.tolist()), tuple(std.tolist()))


def restore(settings: Mapping[str, Any]) -> VisionPreprocessor:  # Any: JSON
    """Rebuild a preprocessor from its settings.

    Raises:
        BadRun: If they are not those of `VisionPreprocessor.settings`.
    """
    try:
        shape = (int(settings["channels"]), int(settings["height"]), int(settings["width"]))
        mean, std = (tuple(float(value) for value in settings[name]) for name in ("mean", "std"))
    except (KeyError, TypeError, ValueError) as error:
        raise DamagedRun(f"the stored image preprocessor cannot be read: {type(error).__name__} {error}") from error
    if min(shape) < 1 or not len(mean) == len(std) == shape[0] or not all(np.isfinite([*mean, *std])):
        raise BadRun(f"the stored image preprocessor is inconsistent: {shape} with mean {mean} and deviation {std}")
    return VisionPreprocessor(shape, mean, std)


def _check_as_asked(height: int, width: int, channels: int, options: Options) -> None:
    """Refuse a size or colour that a named data set does not have; only a folder's images are converted."""
    size, colour = options.get("size", 0), options.get("colour", "auto")
    if size and (height, width) != (size, size):
        raise BadOption(f"size={size}: the images of this data set are stored as {height}x{width}; leave size= out")
    if colour not in ("auto", COLOURS.get(channels)):
        stored = COLOURS.get(channels, f"{channels} channels")
        raise BadOption(f"colour={colour}: the images of this data set are stored as {stored}; leave colour= out")


def _count_values(subset: Subset) -> NDArray[np.int64]:
    """Count the occurrences of each value in each channel, (C, 256); of very many images, in some of them."""
    images = subset.examples.array
    every = max(1, -(-len(subset) * images[:1].nbytes // MOST_BYTES))
    subset = Subset(subset.examples, subset.index[::every])
    height, width, channels = images.shape[1:]
    counts = np.zeros((channels, 256), np.int64)
    size = max(1, CHUNK_BYTES // (height * width * channels))
    for start in range(0, len(subset), size):
        chunk = images[subset.index[start : start + size]]
        for channel in range(channels):
            counts[channel] += _count_bytes(chunk[..., channel].ravel().astype(np.uint8, copy=False))
    return counts


def _count_bytes(values: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Count the occurrences of each of 256 values; two neighbours are counted as one number, in half the time."""
    even = len(values) // 2 * 2
    pairs = np.bincount(values[:even].view(np.uint16), minlength=65_536).reshape(256, 256)
    counts: NDArray[np.int64] = pairs.sum(axis=0) + pairs.sum(axis=1) + np.bincount(values[even:], minlength=256)
    return counts
