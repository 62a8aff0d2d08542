"""The network that reads lines: prepared images (N, C, H, W) to logits at every step from left to right.

Letters: ``T`` steps, a quarter of the columns, ``K`` classes.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from dl.errors import BadOption
from dl.options import InputShape, Options
from dl_vision.blocks import convolution, dropout, initialize, normed

COLUMNS_A_STEP = 4
SHRINKS = 3  # halvings of the height
SMALLEST = 1 << SHRINKS  # height of an image


class LineReader(nn.Module):
    """Convolutions that shrink height more than width, a bidirectional LSTM along the width, the logits of a step.

    Args:
        shape: (C, H, W) of a prepared image.
        outputs: K.
        options: ``width`` of the first convolution, doubled by each further one; ``units``, ``layers`` of the LSTM; ...
    """

    def __init__(self, shape: InputShape, outputs: int, options: Options) -> None:
        super().__init__()
        width, units = int(options["width"]), int(options["units"])
        self.columns = nn.Sequential(
            *(convolution(shape[0], width, 5, options, stride=2), *normed(width, options)),
            *(convolution(width, 2 * width, 3, options), *normed(2 * width, options)),
            nn.MaxPool2d(2, ceil_mode=True),
            *(convolution(2 * width, 4 * width, 3, options), *normed(4 * width, options)),
            nn.MaxPool2d((2, 1), ceil_mode=True),
        )
        features = 4 * width * -(-shape[1] // SMALLEST)
        self.along = nn.LSTM(features, units, int(options["layers"]), batch_first=True, bidirectional=True)
        self.step = nn.Sequential(*dropout(options), nn.Linear(2 * units, outputs))

    def forward(self, images: Tensor) -> Tensor:
        """Return the logits of each step, (N, T, K)."""
        columns = self.columns(images).permute(0, 3, 1, 2).flatten(2)
        logits: Tensor = self.step(self.along(columns)[0])
        return logits


class MeanOverSteps(nn.Module):
    """A reader whose logits are averaged over the steps, (N, K), for tasks with one answer an image."""

    def __init__(self, reader: nn.Module) -> None:
        super().__init__()
        self.reader = reader

    def forward(self, images: Tensor) -> Tensor:
        """Return the mean logits, (N, K)."""
        logits: Tensor = self.reader(images)
        return logits.mean(dim=1)


def crnn_steps(shape: InputShape, outputs: int, options: Options) -> nn.Module:
    """Build the reader.

    Source: Shi, Bai and Yao 2015 (CRNN), with three convolutions in place of seven.

    Raises:
        BadOption: If images are too low.
    """
    if shape[1] < SMALLEST:
        raise BadOption(f"crnn needs images of at least {SMALLEST}x{SMALLEST}; found {shape[1]}x{shape[2]}")
    reader = initialize(LineReader(shape, outputs, options), str(options["start"]))
    # torch's stubs type this overload of Module.to for tensors only
    return reader.to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


def crnn(shape: InputShape, outputs: int, options: Options) -> nn.Module:
    """Build the reader with one answer an image: the mean over its steps."""
    return MeanOverSteps(crnn_steps(shape, outputs, options))
