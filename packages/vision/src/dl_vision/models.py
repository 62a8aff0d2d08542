"""The networks: prepared images (N, C, H, W) to logits (N, outputs), in channels-last memory format.

Each function is one architecture, written from the image to the logits.
"""

import math
from collections.abc import Callable

import torch
from torch import nn

from dl.errors import BadOption
from dl.linear_path import with_linear_path
from dl.options import InputShape, Options

LARGEST_FLATTENED = 8  # side of the last feature map; a larger one is average-pooled, so that the head stays small


def convnet(shape: InputShape, outputs: int, options: Options) -> nn.Module:
    """Build the default: a 5x5 convolution of stride 2, then 3x3 ones that double the channels, each with batch norm.

    The feature map is halved after every convolution except the last.
    """
    width, pool = int(options["width"]), str(options["pool"])
    layers = [nn.Conv2d(shape[0], width, 5, stride=2, padding=2, bias=False), *_normed_relu(width, "none")]
    for level in range(2, int(options["depth"]) + 1):
        shrink = "none" if level == int(options["depth"]) else pool
        stride = 2 if shrink == "stride" else 1
        layers.append(nn.Conv2d(width, 2 * width, 3, stride=stride, padding=1, bias=False))
        width *= 2
        layers += _normed_relu(width, shrink)
    height, across = _map_size("convnet", shape, layers)
    if max(height, across) > LARGEST_FLATTENED:
        layers.append(nn.AdaptiveAvgPool2d(1))
        height = across = 1
    layers += [nn.Flatten(), *_dropout(options), nn.Linear(width * height * across, outputs)]
    return with_linear_path(_network(layers), shape, outputs, options)


def book_convnet(shape: InputShape, outputs: int, options: Options) -> nn.Module:
    """Build three 3x3 convolutions without padding, 2x2 pooling after the first two, a dense layer and the logits.

    Source: Chollet, Deep Learning with Python, chapter 8 (the convnet on MNIST).
    """
    width, hidden, pool = int(options["width"]), int(options["dense"]), str(options["pool"])
    stride = 2 if pool == "stride" else 1
    layers = [
        *(nn.Conv2d(shape[0], width, 3, stride=stride), *_relu_pooled(pool)),
        *(nn.Conv2d(width, 2 * width, 3, stride=stride), *_relu_pooled(pool)),
        *(nn.Conv2d(2 * width, 2 * width, 3), *_relu_pooled("none"), nn.Flatten()),
    ]
    features = 2 * width * math.prod(_map_size("book-convnet", shape, layers))
    layers += [nn.Linear(features, hidden), nn.ReLU(), *_dropout(options), nn.Linear(hidden, outputs)]
    return _network(_glorot(layers))


def dense(shape: InputShape, outputs: int, options: Options) -> nn.Module:
    """Build a multilayer perceptron with hidden layers of one width on the flattened image.

    Source: Chollet, Deep Learning with Python, chapter 2 (one hidden layer of 512).
    """
    features = math.prod(shape)
    layers: list[nn.Module] = [nn.Flatten()]
    for _ in range(int(options["depth"])):
        layers += [nn.Linear(features, int(options["width"])), nn.ReLU(), *_dropout(options)]
        features = int(options["width"])
    deep = _network(_glorot([*layers, nn.Linear(features, outputs)]))
    return with_linear_path(deep, shape, outputs, options)


def _normed_relu(channels: int, pool: str) -> list[nn.Module]:
    """Return pooling, batch norm and ReLU; pooling first leaves the others a quarter of the values."""
    return [*_POOLS[pool](), nn.BatchNorm2d(channels), nn.ReLU(inplace=True)]


def _relu_pooled(pool: str) -> list[nn.Module]:
    """Return ReLU and pooling; max pooling first gives the same result at a quarter of the cost."""
    relu = nn.ReLU(inplace=True)
    return [*_POOLS[pool](), relu] if pool == "max" else [relu, *_POOLS[pool]()]


_POOLS: dict[str, Callable[[], list[nn.Module]]] = {
    "max": lambda: [nn.MaxPool2d(2)],
    "avg": lambda: [nn.AvgPool2d(2)],
    "stride": list,  # done by the stride of the convolution before
    "none": list,
}


def _dropout(options: Options) -> list[nn.Module]:
    return [nn.Dropout(float(options["dropout"]))] if options["dropout"] else []


def _glorot(layers: list[nn.Module]) -> list[nn.Module]:
    """Initialize as the book's networks: Glorot uniform weights, biases of zero.

    Source: Glorot and Bengio 2010, section 4.2.1.
    """
    for layer in layers:
        if isinstance(layer, (nn.Conv2d, nn.Linear)) and layer.bias is not None:
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)
    return layers


def _network(layers: list[nn.Module]) -> nn.Module:
    # torch's stubs type this overload of Module.to for tensors only
    return nn.Sequential(*layers).to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


def _map_size(name: str, shape: InputShape, layers: list[nn.Module]) -> tuple[int, int]:
    """Return height and width of the last feature map.

    Raises:
        BadOption: If the image is too small for these layers.
    """
    height, width = (_side(side, layers) for side in shape[1:])
    if min(height, width) < 1:
        smallest = next(side for side in range(1, 1 << 16) if _side(side, layers) >= 1)
        size = f"{shape[1]}x{shape[2]}"
        raise BadOption(f"{name} with these options needs images of at least {smallest}x{smallest}; found {size}")
    return height, width


def _side(side: int, layers: list[nn.Module]) -> int:
    """Return the side of the feature map after the layers; 0 if it vanishes on the way."""
    for layer in layers:
        if isinstance(layer, nn.Conv2d):
            side = (side + 2 * int(layer.padding[0]) - layer.kernel_size[0]) // layer.stride[0] + 1
        elif isinstance(layer, (nn.MaxPool2d, nn.AvgPool2d)):
            side //= 2
        if side < 1:
            return 0
    return side
