"""What the networks are built from: norm, activation, pooling, the start of the weights, branches and shortcuts.

Shapes: feature maps (N, C, H, W), in channels-last memory format.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from dl.errors import BadOption
from dl.options import InputShape, Options

FEWEST_STRIDED = 8  # channels that a strided 1x1 convolution reads
MOST_GROUPS = 8  # of a group norm, fewer where they do not divide the channels

ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "relu": nn.ReLU,
    "leaky-relu": lambda: nn.LeakyReLU(0.1),
    "elu": nn.ELU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "mish": nn.Mish,
    "tanh": nn.Tanh,
}


class PreActivated(nn.Module):
    """Adds to a feature map what a body of layers makes of it, after norm and activation.

    Source: He et al. 2016, Identity Mappings in Deep Residual Networks, section 4.

    Args:
        begin: Norm and activation.
        body: The layers beside the shortcut.
        shortcut: Layer on the shortcut where the body changes channels or size; it reads what ``begin`` gives.
            None adds the feature map as it is.
    """

    def __init__(self, begin: Iterable[nn.Module], body: Iterable[nn.Module], shortcut: nn.Module | None) -> None:
        super().__init__()
        self.begin, self.body, self.shortcut = nn.Sequential(*begin), nn.Sequential(*body), shortcut

    def forward(self, maps: Tensor) -> Tensor:
        """Return (N, C', H', W')."""
        active = self.begin(maps)
        beside: Tensor = maps if self.shortcut is None else self.shortcut(active)
        body: Tensor = self.body(active)
        return beside + body


class Branches(nn.Module):
    """Reads one feature map by several branches and joins their channels.

    Args:
        branches: Each gives maps of one size.
    """

    def __init__(self, *branches: nn.Module) -> None:
        super().__init__()
        self.branches = nn.ModuleList(branches)

    def forward(self, maps: Tensor) -> Tensor:
        """Return (N, sum of C', H', W')."""
        return torch.cat([branch(maps) for branch in self.branches], dim=1)


def activation(options: Options) -> nn.Module:
    """Return a layer of the activation that the option of this name asks for."""
    return ACTIVATIONS[str(options["activation"])]()


def norm(channels: int, options: Options) -> list[nn.Module]:
    """Return batch norm, group norm or nothing, as the option ``norm`` asks.

    Source: Ioffe and Szegedy 2015; Wu and He 2018 (groups of the channels of one image).
    """
    kind = str(options["norm"])
    if kind == "none":
        return []
    if kind == "batch":
        return [nn.BatchNorm2d(channels)]
    groups = next(number for number in range(min(MOST_GROUPS, channels), 0, -1) if channels % number == 0)
    return [nn.GroupNorm(groups, channels)]


def normed(channels: int, options: Options) -> list[nn.Module]:
    """Return norm and activation."""
    active = activation(options)
    if isinstance(active, nn.ReLU) and options["norm"] != "none":
        active.inplace = True  # what the norm gives is read by nothing else
    return [*norm(channels, options), active]


def convolution(channels: int, into: int, kernel: int, options: Options, stride: int = 1, groups: int = 1) -> nn.Conv2d:
    """Return a convolution that keeps the size but for its stride; its bias is left to a norm, if one follows."""
    bias = options["norm"] == "none"
    return nn.Conv2d(channels, into, kernel, stride, kernel // 2, groups=groups, bias=bias)


class Subsampled(nn.Conv2d):
    """A 1x1 convolution with a stride that takes the pixels which it reads first: the same sums."""

    def forward(self, maps: Tensor) -> Tensor:
        """Return (N, C', H', W')."""
        high, wide = self.stride
        return functional.conv2d(maps[:, :, ::high, ::wide], self.weight, self.bias)


def pointwise(channels: int, into: int, stride: int) -> nn.Conv2d:
    """Return a 1x1 convolution without bias, for a shortcut.

    On a CPU the backward pass of torch 2.13 writes beyond its memory where one of stride 2 reads fewer than 8 channels
    in channels-last format, and the process ends.
    """
    kind = Subsampled if stride > 1 and channels < FEWEST_STRIDED else nn.Conv2d
    return kind(channels, into, 1, stride, bias=False)


def separable_convolution(channels: int, into: int, options: Options, stride: int = 1) -> list[nn.Module]:
    """Return a 3x3 convolution of each channel by itself, then one of 1x1 that mixes them.

    Source: Chollet 2017, Xception: Deep Learning with Depthwise Separable Convolutions.
    """
    each = nn.Conv2d(channels, channels, 3, stride, 1, groups=channels, bias=False)
    return [each, convolution(channels, into, 1, options)]


def halved(kind: str) -> list[nn.Module]:
    """Return 3x3 pooling of stride 2, which rounds sizes up; nothing for ``stride``, which a convolution does."""
    if kind == "max":
        return [nn.MaxPool2d(3, 2, 1)]
    return [nn.AvgPool2d(3, 2, 1, count_include_pad=False)] if kind == "avg" else []


def dropout(options: Options) -> list[nn.Module]:
    """Return dropout at the option's rate; nothing at 0."""
    return [nn.Dropout(float(options["dropout"]))] if options["dropout"] else []


def averaged_head(channels: int, outputs: int, options: Options) -> list[nn.Module]:
    """Return the average over the map, dropout and the logits."""
    return [nn.AdaptiveAvgPool2d(1), nn.Flatten(), *dropout(options), nn.Linear(channels, outputs)]


def initialize(network: nn.Module, start: str) -> nn.Module:
    """Draw the first weights by the option ``start``, biases of zero; ``torch`` leaves them as PyTorch draws them.

    Source: Glorot and Bengio 2010, section 4.2.1 (uniform); He et al. 2015, section 2.2 (normal).
    """
    draws: dict[str, Callable[[Tensor], Tensor]] = {"glorot": nn.init.xavier_uniform_, "he": _he}
    draw = draws.get(start)
    for layer in network.modules():
        if draw and isinstance(layer, (nn.Conv2d, nn.Linear)):
            draw(layer.weight)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
    return network


def finish(layers: Iterable[nn.Module], options: Options) -> nn.Module:
    """Return the layers as one network, with its first weights, in channels-last memory format."""
    network = initialize(nn.Sequential(*layers), str(options["start"]))
    # torch's stubs type this overload of Module.to for tensors only
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


def map_size(name: str, shape: InputShape, layers: list[nn.Module], least: int = 1) -> tuple[int, int]:
    """Return height and width of the last feature map.

    Args:
        name: Of the model, for the message.
        shape: (C, H, W) of an image.
        layers: From the image to that map.
        least: Smallest side of that map.

    Raises:
        BadOption: If the image is too small for these layers.
    """
    height, width = (_side(side, layers) for side in shape[1:])
    if min(height, width) < least:
        smallest = next(side for side in range(1, 1 << 16) if _side(side, layers) >= least)
        size = f"{shape[1]}x{shape[2]}"
        raise BadOption(f"{name} with these options needs images of at least {smallest}x{smallest}; found {size}")
    return height, width


def _side(side: int, layers: Iterable[nn.Module]) -> int:
    """Return the side of the feature map after the layers; 0 if it vanishes on the way."""
    for layer in _along(layers):
        if side and isinstance(layer, (nn.Conv2d, nn.MaxPool2d, nn.AvgPool2d)):
            kernel, stride, padding = (_first(one) for one in (layer.kernel_size, layer.stride, layer.padding))
            side = max(0, (side + 2 * padding - kernel) // stride + 1)
    return side


def _along(layers: Iterable[nn.Module]) -> Iterator[nn.Module]:
    """Yield the single layers of one way through a network: of branches the first, of a shortcut the body."""
    for layer in layers:
        if isinstance(layer, nn.Sequential):
            yield from _along(layer)
        elif isinstance(layer, PreActivated):
            yield from _along(layer.body)
        elif isinstance(layer, Branches):
            yield from _along(list(layer.branches)[:1])
        else:
            yield layer


def _first(size: Any) -> int:  # Any: an int, or one for height and width, as torch keeps either
    """Return the first of the sizes along height and width, which are the same here."""
    return int(size[0] if isinstance(size, tuple) else size)


def _he(weight: Tensor) -> Tensor:
    return nn.init.kaiming_normal_(weight, nonlinearity="relu")
