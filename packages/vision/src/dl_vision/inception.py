"""A network of parallel branches: each module reads a map with small and large filters at once."""

from __future__ import annotations

from torch import nn

from dl.options import InputShape, Options
from dl_vision.blocks import Branches, averaged_head, convolution, finish, halved, map_size, normed

BRANCHES = 4
LEAST = 2  # side of the last feature map


def inception(shape: InputShape, outputs: int, options: Options) -> nn.Module:
    """Build a 5x5 convolution, then modules of four branches whose channels are joined, halving the map between them.

    Source: Szegedy et al. 2015, Going Deeper with Convolutions, with two 3x3 filters in place of one of 5x5 (Szegedy et
    al. 2016, section 3.1).
    """
    width, pool = int(options["width"]), str(options["pool"])
    channels = BRANCHES * width
    layers = [convolution(shape[0], channels, 5, options, int(options["stem"])), *normed(channels, options)]
    for number in range(int(options["depth"])):
        into, stride = width * 2**number, 2 if number and pool == "stride" else 1
        layers += [*(halved(pool) if number else []), _module(channels, into, stride, options)]
        channels = BRANCHES * into
    map_size("inception", shape, layers, LEAST)
    return finish([*layers, *averaged_head(channels, outputs, options)], options)


def _module(channels: int, into: int, stride: int, options: Options) -> Branches:
    """Return branches of 1x1, 3x3 and twice 3x3 filters, and of 3x3 average pooling."""

    def filtered(before: int, kernel: int, step: int = 1) -> list[nn.Module]:
        return [convolution(before, into, kernel, options, step), *normed(into, options)]

    return Branches(
        nn.Sequential(*filtered(channels, 1, stride)),
        nn.Sequential(*filtered(channels, 1), *filtered(into, 3, stride)),
        nn.Sequential(*filtered(channels, 1), *filtered(into, 3), *filtered(into, 3, stride)),
        nn.Sequential(nn.AvgPool2d(3, stride, 1, count_include_pad=False), *filtered(channels, 1)),
    )
