"""The convolutional LSTM: prepared frames (N, T, C, H, W) to the one that follows, (N, C, H, W).

It reads squares of pixels as channels, and changes the last frame: what stands still needs no learning.
Letters: ``W`` channels of a state, ``P`` pixels of a square's side.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dl.errors import BadOption
from dl.options import InputShape, Options

KEPT = 1.0  # added to the gate of a memory, so that it is kept at first


class ConvLSTMCell(nn.Module):
    """A long short-term memory whose gates are convolutions of the input and the state.

    Source: Shi et al. 2015 (Convolutional LSTM), without the weights that read the memory.

    Args:
        inputs: Channels of an input.
        width: W.
        kernel: Side of a convolution.
    """

    def __init__(self, inputs: int, width: int, kernel: int) -> None:
        super().__init__()
        self.width = width
        self.gates = nn.Conv2d(inputs + width, 4 * width, kernel, padding="same")

    def forward(self, inputs: Tensor, state: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        """Return the next state and memory, (N, W, h, w) each."""
        gates = self.gates(torch.cat([inputs, state], dim=1))
        add, keep, show, new = gates.split(self.width, dim=1)
        memory = (keep + KEPT).sigmoid() * memory + add.sigmoid() * new.tanh()
        return show.sigmoid() * memory.tanh(), memory


class ConvLSTM(nn.Module):
    """Layers of cells, one after the other at each frame, and a convolution of the last state to a change.

    Args:
        shape: (T, C, H, W) of the frames.
        options: ``width``, ``layers``, ``kernel`` of the cells; ``patch`` pixels of a square's side.
    """

    def __init__(self, shape: InputShape, options: Options) -> None:
        super().__init__()
        channels, width, kernel = shape[1], int(options["width"]), int(options["kernel"])
        self.patch = min(int(options["patch"]), *shape[2:])
        inside = channels * self.patch**2
        layers = range(int(options["layers"]))
        self.width = width
        self.cells = nn.ModuleList(ConvLSTMCell(width if layer else inside, width, kernel) for layer in layers)
        self.change = nn.Conv2d(width, inside, kernel, padding="same")
        for parameter in self.change.parameters():
            nn.init.zeros_(parameter)  # it begins with the last frame

    def forward(self, frames: Tensor) -> Tensor:
        """Return the frames that follow, (N, C, H, W)."""
        height, width = frames.shape[-2:]
        squares = self._squares(frames)
        blank = squares.new_zeros(squares.shape[0], self.width, *squares.shape[-2:])
        states = [(blank, blank)] * len(self.cells)
        inside = blank
        for step in range(squares.shape[1]):
            inside = squares[:, step]
            for layer, cell in enumerate(self.cells):
                states[layer] = cell(inside, *states[layer])
                inside = states[layer][0]
        change: Tensor = F.pixel_shuffle(self.change(inside), self.patch)
        return frames[:, -1] + change[..., :height, :width]

    def _squares(self, frames: Tensor) -> Tensor:
        """Return frames with the pixels of each square as channels, (N, T, C P P, h, w), padded to whole squares."""
        down, right = (-side % self.patch for side in frames.shape[-2:])
        padded = F.pad(frames, (0, right, 0, down))
        return F.pixel_unshuffle(padded, self.patch)


def conv_lstm(shape: InputShape, options: Options) -> nn.Module:
    """Build the network.

    Raises:
        BadOption: If the side of a convolution is even, so that it has no middle.
    """
    if int(options["kernel"]) % 2 == 0:
        raise BadOption(f"kernel={options['kernel']}: expected an odd number")
    return ConvLSTM(shape, options)
