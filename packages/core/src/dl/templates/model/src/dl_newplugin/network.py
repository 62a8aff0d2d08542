"""The network: prepared images (N, C, H, W) to logits (N, outputs)."""

from __future__ import annotations

from dl.options import InputShape
from torch import nn


def separable(shape: InputShape, outputs: int, width: int, blocks: int) -> nn.Module:
    """Build blocks that each look around within a channel, then across channels; the last map is averaged.

    Source: Chollet 2017 (Xception), depthwise separable convolutions.
    """
    layers: list[nn.Module] = [nn.Conv2d(shape[0], width, 3, stride=2, padding=1)]
    for _ in range(blocks):
        layers += _block(width)
        width *= 2
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, outputs))


def _block(width: int) -> list[nn.Module]:
    return [
        nn.Conv2d(width, width, 3, padding=1, groups=width, bias=False),
        nn.Conv2d(width, 2 * width, 1, bias=False),
        nn.BatchNorm2d(2 * width),
        nn.ReLU(),
    ]
