"""The networks: prepared rows (N, D) to logits (N, outputs)."""

from __future__ import annotations

from torch import nn

from dl.options import InputShape, Options


def dense(shape: InputShape, outputs: int, options: Options) -> nn.Sequential:
    """Build a multilayer perceptron with hidden layers of one width.

    Source: Chollet, Deep Learning with Python, chapter 4 (house prices).
    """
    width, share = int(options["width"]), float(options["dropout"])
    layers: list[nn.Module] = []
    features = shape[0]
    for _ in range(int(options["depth"])):
        layers += [_glorot(nn.Linear(features, width)), nn.ReLU(), *([nn.Dropout(share)] if share else [])]
        features = width
    return nn.Sequential(*layers, _glorot(nn.Linear(features, outputs)))


def _glorot(layer: nn.Linear) -> nn.Linear:
    """Initialize with Glorot uniform weights and a zero bias. Source: Glorot and Bengio 2010, section 4.2.1."""
    nn.init.xavier_uniform_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer
