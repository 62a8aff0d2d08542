"""A small residual network for images of about 28 to 96 pixels."""

from __future__ import annotations

from torch import nn

from dl.options import InputShape, Options
from dl_vision.blocks import PreActivated, averaged_head, convolution, finish, map_size, normed, pointwise

LEAST = 2  # side of the last feature map


def resnet(shape: InputShape, outputs: int, options: Options) -> nn.Module:
    """Build a 5x5 convolution, stages of residual blocks that double the channels and halve the map, and the logits.

    Source: He et al. 2016, Identity Mappings in Deep Residual Networks (norm and activation before each convolution).
    """
    channels = int(options["width"])
    layers: list[nn.Module] = [convolution(shape[0], channels, 5, options, int(options["stem"]))]
    for stage in range(int(options["stages"])):
        for number in range(int(options["blocks"])):
            into, stride = (2 * channels, 2) if stage and not number else (channels, 1)
            layers.append(_block(channels, into, stride, options))
            channels = into
    map_size("resnet", shape, layers, LEAST)
    return finish([*layers, *normed(channels, options), *averaged_head(channels, outputs, options)], options)


def _block(channels: int, into: int, stride: int, options: Options) -> PreActivated:
    """Return two 3x3 convolutions beside a shortcut, which is one of 1x1 where channels or size change."""
    body = [
        convolution(channels, into, 3, options, stride),
        *normed(into, options),
        convolution(into, into, 3, options),
    ]
    changes = stride > 1 or into != channels
    shortcut = pointwise(channels, into, stride) if changes else None
    return PreActivated(normed(channels, options), body, shortcut)
