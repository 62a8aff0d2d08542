"""Regularizers on the network: fewer units, and dropout before dense layers."""

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
    """Scale every width option of the model by ``factor``, but not below the option's minimum.

    Source: Chollet, Deep Learning with Python, chapter 5 (reducing the network's size).
    """

    def choices(model: str, known: Sequence[Option], options: Options) -> Options:
        sizes = {option.name: int(option.low or 1) for option in known if option.units}
        if not sizes:
            raise BadOption(f"the model {model} has no option for a number of units, which shrink would scale")
        return {**options, **{name: max(low, round(int(options[name]) * factor)) for name, low in sizes.items()}}

    return Regularizer(choices=choices)


def dropout(rate: float) -> Regularizer:
    """Apply dropout to the inputs of each dense layer except the network's first layer.

    If the network has dropout layers of rate 0, they get the rate instead; a network with active dropout is refused.
    Source: Srivastava et al. 2014; the places are those of Chollet, Deep Learning with Python, chapters 5 and 8.
    """

    def change(network: nn.Module) -> None:
        if any(_has_dropout(layer) for layer in network.modules()):
            raise BadOption("the network already has dropout; set its rate with dropout= and leave out --reg dropout")
        own = [layer for layer in network.modules() if isinstance(layer, nn.Dropout)]
        for layer in own:
            layer.p = rate
        if own:
            return
        places = _after_the_first(network)
        if not places:
            raise BadOption("the network has no dense layer after its first layer to apply dropout to")
        for place in places:
            place.register_forward_pre_hook(_DropoutHook(rate))

    return Regularizer(network=change)


def _has_dropout(layer: nn.Module) -> bool:
    """Return whether a layer has active dropout: a dropout layer, or one with its own rate."""
    rate = getattr(layer, "p" if isinstance(layer, DROPS) else "dropout", 0.0)
    return isinstance(rate, float) and rate > 0


class _DropoutHook:
    """A forward pre-hook that applies dropout to a layer's inputs in training mode; a class, so that it is copyable."""

    def __init__(self, rate: float) -> None:
        self.rate = rate

    def __call__(self, layer: nn.Module, inputs: tuple[Any, ...]) -> tuple[Any, ...]:  # Any: as torch types hooks
        return (F.dropout(inputs[0], self.rate, layer.training), *inputs[1:])


def _after_the_first(network: nn.Module) -> list[nn.Linear]:
    """Return the dense layers after the first layer, except those inside attention, which have their own dropout."""
    inside = {
        id(layer)
        for block in network.modules()
        if isinstance(block, (nn.MultiheadAttention, nn.TransformerEncoderLayer))
        for layer in block.modules()
    }
    with_weights = [layer for layer in network.modules() if next(layer.parameters(recurse=False), None) is not None]
    return [layer for layer in with_weights[1:] if isinstance(layer, nn.Linear) and id(layer) not in inside]
