"""Stacks of convolutions: prepared images (N, C, H, W) to logits (N, outputs).

Each function is one architecture, written from the image to the logits.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from torch import nn

from dl.linear_path import with_linear_path
from dl.options import InputShape, Options
from dl_vision.blocks import activation, convolution, dropout, finish, map_size, norm, normed

LARGEST_FLATTENED = 8  # side of the last feature map; a larger one is average-pooled, so that the head stays small
MONOTONE = (nn.ReLU, nn.LeakyReLU, nn.ELU, nn.Tanh)  # of the greatest of four values, the greatest of four answers


def convnet(shape: InputShape, outputs: int, options: Options) -> nn.Module:
    """Build the default: a 5x5 convolution of stride 2, then 3x3 ones that double the channels, each with a norm.

    The feature map is halved after every convolution except the last.
    """
    width, pool = int(options["width"]), str(options["pool"])
    layers = [convolution(shape[0], width, 5, options, stride=2), *normed(width, options)]
    for level in range(2, int(options["depth"]) + 1):
        shrink = "none" if level == int(options["depth"]) else pool
        layers.append(convolution(width, 2 * width, 3, options, stride=2 if shrink == "stride" else 1))
        width *= 2
        layers += [*_POOLS[shrink](), *normed(width, options)]  # pooled first, a quarter of the values is left
    height, across = map_size("convnet", shape, layers)
    if max(height, across) > LARGEST_FLATTENED:
        layers.append(nn.AdaptiveAvgPool2d(1))
        height = across = 1
    layers += [nn.Flatten(), *dropout(options), nn.Linear(width * height * across, outputs)]
    return with_linear_path(finish(layers, options), shape, outputs, options)


def book_convnet(shape: InputShape, outputs: int, options: Options) -> nn.Module:
    """Build three 3x3 convolutions without padding, 2x2 pooling after the first two, a dense layer and the logits.

    Source: Chollet, Deep Learning with Python, chapter 8 (the convnet on MNIST).
    """
    width, hidden, pool = int(options["width"]), int(options["dense"]), str(options["pool"])
    stride, bias = 2 if pool == "stride" else 1, options["norm"] == "none"
    layers = [
        *(nn.Conv2d(shape[0], width, 3, stride=stride, bias=bias), *_active_pooled(width, pool, options)),
        *(nn.Conv2d(width, 2 * width, 3, stride=stride, bias=bias), *_active_pooled(2 * width, pool, options)),
        *(nn.Conv2d(2 * width, 2 * width, 3, bias=bias), *_active_pooled(2 * width, "none", options), nn.Flatten()),
    ]
    features = 2 * width * math.prod(map_size("book-convnet", shape, layers))
    layers += [nn.Linear(features, hidden), activation(options), *dropout(options), nn.Linear(hidden, outputs)]
    return finish(layers, options)


def _active_pooled(channels: int, pool: str, options: Options) -> list[nn.Module]:
    """Return norm, activation and pooling; max pooling comes first where that gives the same, at less cost."""
    active = activation(options)
    if isinstance(active, nn.ReLU):
        active.inplace = True
    pooled = _POOLS[pool]()
    is_same = pool == "max" and isinstance(active, MONOTONE)
    return [*norm(channels, options), *([*pooled, active] if is_same else [active, *pooled])]


_POOLS: dict[str, Callable[[], list[nn.Module]]] = {
    "max": lambda: [nn.MaxPool2d(2)],
    "avg": lambda: [nn.AvgPool2d(2)],
    "stride": list,  # done by the stride of the convolution before
    "none": list,
}
