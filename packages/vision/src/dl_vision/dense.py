"""A multilayer perceptron: prepared images (N, C, H, W) to logits (N, outputs)."""

from __future__ import annotations

import math

from torch import nn

from dl.linear_path import with_linear_path
from dl.options import InputShape, Options
from dl_vision.blocks import activation, dropout, finish


def dense(shape: InputShape, outputs: int, options: Options) -> nn.Module:
    """Build hidden layers of one width on the flattened image.

    Source: Chollet, Deep Learning with Python, chapter 2 (one hidden layer of 512).
    """
    features = math.prod(shape)
    layers: list[nn.Module] = [nn.Flatten()]
    for _ in range(int(options["depth"])):
        layers += [nn.Linear(features, int(options["width"])), activation(options), *dropout(options)]
        features = int(options["width"])
    deep = finish([*layers, nn.Linear(features, outputs)], options)
    return with_linear_path(deep, shape, outputs, options)
