"""A network of depthwise separable convolutions: a ninth of the work and weights of full 3x3 ones."""

from __future__ import annotations

from torch import nn

from dl.options import InputShape, Options
from dl_vision.blocks import (
    PreActivated,
    averaged_head,
    convolution,
    finish,
    halved,
    map_size,
    normed,
    pointwise,
    separable_convolution,
)

LEAST = 2  # side of the last feature map


def separable(shape: InputShape, outputs: int, options: Options) -> nn.Module:
    """Build a 5x5 convolution, then blocks of two separable ones with a shortcut that double the channels.

    Each block halves the map.
    Source: Chollet, Deep Learning with Python, chapter 9 (the small network like Xception).
    """
    channels = int(options["width"])
    layers: list[nn.Module] = [convolution(shape[0], channels, 5, options, int(options["stem"]))]
    for _ in range(int(options["depth"])):
        layers.append(_block(channels, options))
        channels *= 2
    map_size("separable", shape, layers, LEAST)
    return finish([*layers, *normed(channels, options), *averaged_head(channels, outputs, options)], options)


def _block(channels: int, options: Options) -> PreActivated:
    pool, into = str(options["pool"]), 2 * channels
    body = [
        *separable_convolution(channels, into, options),
        *normed(into, options),
        *separable_convolution(into, into, options, stride=2 if pool == "stride" else 1),
        *halved(pool),
    ]
    return PreActivated(normed(channels, options), body, pointwise(channels, into, 2))
