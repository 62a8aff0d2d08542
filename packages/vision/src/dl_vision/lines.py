"""The network that reads lines: prepared images (N, C, H, W) to logits at every step from left to right.

Letters: ``T`` steps, a quarter of the columns, ``K`` classes.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from dl.errors import BadOption
from dl.options import InputShape, Options

COLUMNS_A_STEP = 4
SHRINKS = 3  # halvings of the height
SMALLEST = 1 << SHRINKS  # height of an image


class LineReader(nn.Module):
    """Convolutions that shrink height more than width, a bidirectional LSTM along the width, the logits of a step.

    Args:
        shape: (C, H, W) of a prepared image.
        outputs: K.
        width: Channels of the first convolution; each further one has twice as many.
        units: Of the LSTM, in each direction.
        layers: Of the LSTM.
        dropout: Rate before the last layer.
    """

    def __init__(self, shape: InputShape, outputs: int, width: int, units: int, layers: int, dropout: float) -> None:
        super().__init__()
        channels, height, _ = shape
        self.columns = nn.Sequential(
            *_normed(channels, width, kernel=5, stride=(2, 2)),
            *_normed(width, 2 * width, kernel=3, stride=(1, 1)),
            nn.MaxPool2d(2, ceil_mode=True),
            *_normed(2 * width, 4 * width, kernel=3, stride=(2, 1)),
        )
        features = 4 * width * -(-height // SMALLEST)
        self.along = nn.LSTM(features, units, layers, batch_first=True, bidirectional=True)
        self.step = nn.Sequential(*([nn.Dropout(dropout)] if dropout else []), nn.Linear(2 * units, outputs))

    def forward(self, images: Tensor) -> Tensor:
        """Return the logits of each step, (N, T, K)."""
        columns = self.columns(images).permute(0, 3, 1, 2).flatten(2)
        logits: Tensor = self.step(self.along(columns)[0])
        return logits


class MeanOverSteps(nn.Module):
    """A reader whose logits are averaged over the steps, (N, K), for tasks with one answer an image."""

    def __init__(self, reader: LineReader) -> None:
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
        raise BadOption(f"crnn needs images of at least {SMALLEST} rows; found {shape[1]}x{shape[2]}")
    names = ("width", "units", "layers", "dropout")
    width, units, layers, dropout = (options[name] for name in names)
    reader = LineReader(shape, outputs, int(width), int(units), int(layers), float(dropout))
    # torch's stubs type this overload of Module.to for tensors only
    return reader.to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


def crnn(shape: InputShape, outputs: int, options: Options) -> nn.Module:
    """Build the reader with one answer an image: the mean over its steps."""
    reader = crnn_steps(shape, outputs, options)
    assert isinstance(reader, LineReader)
    return MeanOverSteps(reader)


def _normed(channels: int, width: int, *, kernel: int, stride: tuple[int, int]) -> list[nn.Module]:
    """Return a convolution, batch norm and ReLU."""
    convolution = nn.Conv2d(channels, width, kernel, stride, padding=kernel // 2, bias=False)
    return [convolution, nn.BatchNorm2d(width), nn.ReLU(inplace=True)]
