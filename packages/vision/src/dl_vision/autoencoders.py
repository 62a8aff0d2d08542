"""Autoencoders: prepared images (N, C, H, W) through a code (N, W) to their reconstruction."""

import math
from itertools import pairwise

import torch
from torch import nn

from dl.autoencoder import Autoencoder
from dl.errors import BadOption
from dl.options import InputShape, Options

SMALLEST = 4  # side of the last feature map, below which it is halved no further


def dense_autoencoder(shape: InputShape, options: Options) -> nn.Module:
    """Build dense layers to a code and back, each half as wide as the one before.

    Source: Hinton and Salakhutdinov 2006, without the layer-wise start.
    """
    widths = _halved(int(options["width"]), int(options["depth"]), int(options["code"]))
    values = math.prod(shape)
    encoder = nn.Sequential(nn.Flatten(), *_dense([values, *widths]))
    decoder = nn.Sequential(*_dense([*reversed(widths), values]), nn.Unflatten(1, tuple(shape)))
    return Autoencoder(encoder, decoder)


def _halved(width: int, depth: int, code: int) -> list[int]:
    """Return the widths of hidden layers, at least that of the code, and of the code."""
    return [*(max(width >> level, code) for level in range(depth)), code]


def _dense(widths: list[int]) -> list[nn.Module]:
    """Return linear layers between these widths, with ReLU between them."""
    layers: list[nn.Module] = []
    for before, after in pairwise(widths):
        linear = nn.Linear(before, after)
        nn.init.kaiming_uniform_(linear.weight, nonlinearity="relu")
        nn.init.zeros_(linear.bias)
        layers += [linear, nn.ReLU()]
    return layers[:-1]


def conv_autoencoder(shape: InputShape, options: Options) -> nn.Module:
    """Build 3x3 convolutions that halve the image and double the channels, a linear code, and the way back.

    Images are enlarged by repeating pixels before a convolution, which leaves no pattern as transposed ones do.
    Source: Odena, Dumoulin and Olah 2016, Deconvolution and checkerboard artifacts.
    """
    sizes, channels = _sizes(shape, int(options["depth"])), [shape[0]]
    for level in range(len(sizes) - 1):
        channels.append(int(options["width"]) << level)
    down: list[nn.Module] = []
    up: list[nn.Module] = []
    for level, size in enumerate(sizes[:-1]):
        inside, outside = channels[level + 1], channels[level]
        down += [nn.Conv2d(outside, inside, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(inside), nn.ReLU()]
        last = level == 0
        norm = [] if last else [nn.BatchNorm2d(outside), nn.ReLU()]
        up = [nn.Upsample(size=size), nn.Conv2d(inside, outside, 3, padding=1, bias=last), *norm, *up]
    inner, code = (channels[-1], *sizes[-1]), int(options["code"])
    encoder = nn.Sequential(*down, nn.Flatten(), nn.Linear(math.prod(inner), code))
    first = [nn.Linear(code, math.prod(inner)), nn.Unflatten(1, inner), nn.ReLU()]
    network = Autoencoder(encoder, nn.Sequential(*first, *up))
    # torch's stubs type this overload of Module.to for tensors only
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


def _sizes(shape: InputShape, depth: int) -> list[tuple[int, int]]:
    """Return height and width of an image and of its feature maps, down to a small one.

    Raises:
        BadOption: If the image is too small to be halved.
    """
    height, width = shape[1:]
    sizes = [(height, width)]
    for _ in range(depth):
        height, width = -(-height // 2), -(-width // 2)
        if min(height, width) < SMALLEST:
            break
        sizes.append((height, width))
    if len(sizes) == 1:
        least = 2 * SMALLEST - 1
        found = f"{shape[1]}x{shape[2]}"
        raise BadOption(f"conv-autoencoder needs images of at least {least}x{least}; found {found}  use: autoencoder")
    return sizes
