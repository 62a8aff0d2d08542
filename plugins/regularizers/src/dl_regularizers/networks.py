"""Regularizers on the network: a smaller one, and one that drops what its dense layers read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import nn
from torch.nn import functional as F

from dl.errors import BadOption
from dl.options import Option, Options
from dl.regularizer import Regularizer

DROPS = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout, nn.FeatureAlphaDropout)


def shrink(factor: float) -> Regularizer:
    """Return what builds a network with this share of the units in each layer that counts them, at least the fewest.

    Source: Chollet, Deep Learning with Python, chapter 5 (reducing the network's size).
    """

    def choices(model: str, known: Sequence[Option], options: Options) -> Options:
        sizes = {option.name: int(option.low or 1) for option in known if option.units}
        if not sizes:
            raise BadOption(f"the model {model} has no option that counts units, so shrink cannot make it smaller")
        return {**options, **{name: max(low, round(int(options[name]) * factor)) for name, low in sizes.items()}}

    return Regularizer(choices=choices)


def dropout(rate: float) -> Regularizer:
    """Return what drops a share of the inputs of each dense layer but the network's first layer, in training.

    A network that has dropout layers of rate 0 gets the rate there; one that drops something already is refused.
    Source: Srivastava et al. 2014; the places are those of Chollet, Deep Learning with Python, chapters 5 and 8.
    """

    def change(network: nn.Module) -> None:
        if any(_drops(layer) for layer in network.modules()):
            raise BadOption(
                "the network has dropout of its own; choose its rate with dropout= and leave out --reg dropout"
            )
        own = [layer for layer in network.modules() if isinstance(layer, nn.Dropout)]
        for layer in own:
            layer.p = rate
        if own:
            return
        places = _after_the_first(network)
        if not places:
            raise BadOption("the network has no dense layer after its first layer, so there is no place for dropout")
        for place in places:
            place.register_forward_pre_hook(_Dropping(rate))

    return Regularizer(network=change)


def _drops(layer: nn.Module) -> bool:
    """Return whether a layer drops something in training: a dropout layer, or one that has its own rate."""
    rate = getattr(layer, "p" if isinstance(layer, DROPS) else "dropout", 0.0)
    return isinstance(rate, float) and rate > 0


class _Dropping:
    """Drops a share of what a layer reads, while the layer is in training mode; a class, so that it can be copied."""

    def __init__(self, rate: float) -> None:
        self.rate = rate

    def __call__(self, layer: nn.Module, inputs: tuple[Any, ...]) -> tuple[Any, ...]:  # Any: as torch types hooks
        return (F.dropout(inputs[0], self.rate, layer.training), *inputs[1:])


def _after_the_first(network: nn.Module) -> list[nn.Linear]:
    """Return the dense layers that read what another layer gave; those inside attention have dropout of their own."""
    inside = {
        id(layer)
        for block in network.modules()
        if isinstance(block, (nn.MultiheadAttention, nn.TransformerEncoderLayer))
        for layer in block.modules()
    }
    with_weights = [layer for layer in network.modules() if next(layer.parameters(recurse=False), None) is not None]
    return [layer for layer in with_weights[1:] if isinstance(layer, nn.Linear) and id(layer) not in inside]
