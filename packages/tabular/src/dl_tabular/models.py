"""The networks: prepared rows (N, D) to logits (N, outputs).

A category of many values stands in as many columns; the first layer, `EmbedColumns`, replaces them by a learnt vector.
"""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import Tensor, nn

from dl.autoencoder import Autoencoder
from dl.linear_path import with_linear_path
from dl.options import InputShape, Options
from dl_tabular.shape import RowShape

MOST_DIMENSIONS = 50


class EmbedColumns(nn.Module):
    """Replaces the one-hot columns of some categories by learnt vectors; all other columns pass.

    A linear layer on one-hot columns is a look-up, and also fits rows that a regularizer mixed.

    Args:
        shape: Of the prepared rows, (D,).
    """

    def __init__(self, shape: RowShape) -> None:
        super().__init__()
        self.blocks = shape.embedded
        passed = torch.ones(shape[0], dtype=torch.bool)
        for start, end in self.blocks:
            passed[start:end] = False
        self.register_buffer("passed", passed.nonzero().flatten(), persistent=False)
        sizes = [(end - start, dimensions(end - start)) for start, end in self.blocks]
        self.tables = nn.ModuleList(_table(values, size) for values, size in sizes)
        self.width = len(self.passed) + sum(size for _, size in sizes)

    passed: Tensor  # positions of the other columns

    def forward(self, rows: Tensor) -> Tensor:
        """Return rows (N, width)."""
        found = [table(rows[:, start:end]) for table, (start, end) in zip(self.tables, self.blocks, strict=True)]
        return torch.cat([rows[:, self.passed], *found], dim=1)


def _table(values: int, size: int) -> nn.Linear:
    """Return a table of one vector of about length one for each value."""
    table = nn.Linear(values, size, bias=False)
    nn.init.normal_(table.weight, std=size**-0.5)
    return table


def dimensions(values: int) -> int:
    """Return the length of the vectors of a category. Source: fastai's rule, 1.6 n^0.56, fitted on tables."""
    return min(MOST_DIMENSIONS, round(1.6 * math.pow(values, 0.56)))


def _first(shape: InputShape) -> tuple[list[nn.Module], int]:
    """Return the layers before the first hidden one, and the width of what they give."""
    if isinstance(shape, RowShape) and shape.embedded:
        embed = EmbedColumns(shape)
        return [embed], embed.width
    return [], shape[0]


def dense(shape: InputShape, outputs: int, options: Options) -> nn.Module:
    """Build a multilayer perceptron with hidden layers of one width.

    Source: Chollet, Deep Learning with Python, chapter 4 (house prices).
    """
    width, share = int(options["width"]), float(options["dropout"])
    layers, features = _first(shape)
    for _ in range(int(options["depth"])):
        layers += [_glorot(nn.Linear(features, width)), nn.ReLU(), *([nn.Dropout(share)] if share else [])]
        features = width
    deep = nn.Sequential(*layers, _glorot(nn.Linear(features, outputs)))
    return with_linear_path(deep, shape, outputs, options)


def autoencoder(shape: InputShape, options: Options) -> nn.Module:
    """Build dense layers from prepared rows (N, D) to a code, and back to all of their columns."""
    code, hidden = int(options["code"]), [int(options["width"])] * int(options["depth"])
    first, features = _first(shape)
    encoder = nn.Sequential(*first, *_dense([features, *hidden, code]))
    return Autoencoder(encoder, nn.Sequential(*_dense([code, *hidden, shape[0]])))


def _dense(widths: list[int]) -> list[nn.Module]:
    """Return linear layers between these widths, with ReLU between them."""
    layers: list[nn.Module] = []
    for before, after in pairwise(widths):
        layers += [_glorot(nn.Linear(before, after)), nn.ReLU()]
    return layers[:-1]


class ResidualBlock(nn.Module):
    """Adds to rows (N, width) what two layers on the normalized rows give."""

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        drop = [nn.Dropout(dropout)] if dropout else []
        self.layers = nn.Sequential(
            nn.LayerNorm(width),
            _glorot(nn.Linear(width, 2 * width)),
            nn.ReLU(),
            *drop,
            _glorot(nn.Linear(2 * width, width)),
        )

    def forward(self, rows: Tensor) -> Tensor:
        """Return rows (N, width)."""
        changed: Tensor = self.layers(rows)
        return rows + changed


def residual(shape: InputShape, outputs: int, options: Options) -> nn.Module:
    """Build a multilayer perceptron of residual blocks of one width.

    Source: Gorishniy et al. 2021, Revisiting Deep Learning Models for Tabular Data, ResNet; with layer norm, which does
    not depend on the batch.
    """
    width, share = int(options["width"]), float(options["dropout"])
    layers, features = _first(shape)
    blocks = [ResidualBlock(width, share) for _ in range(int(options["depth"]))]
    last = [nn.LayerNorm(width), nn.ReLU(), _glorot(nn.Linear(width, outputs))]
    deep = nn.Sequential(*layers, _glorot(nn.Linear(features, width)), *blocks, *last)
    return with_linear_path(deep, shape, outputs, options)


def _glorot(layer: nn.Linear) -> nn.Linear:
    """Initialize with Glorot uniform weights and a zero bias. Source: Glorot and Bengio 2010, section 4.2.1."""
    nn.init.xavier_uniform_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer
