"""Lightning's closure of an optimizer step, with regularizers around it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import nn

from dl.training.regularizers import Regularizers

Closure = Callable[[], Any]  # Any: as in Lightning


def closure_within(closure: Closure, regularizers: Regularizers, network: nn.Module, scale: float) -> Closure:
    """Return a closure with regularizers around it, which see gradients without a scale.

    Args:
        closure: Takes both passes of a step.
        regularizers: Of which some act on gradients.
        network: Whose gradients these are.
        scale: Of the loss, in half precision; 1 for none.
    """

    def unscaled() -> Any:  # Any: as in Lightning
        loss = closure()
        _scale_gradients(network, 1 / scale)
        return loss

    def scaled() -> Any:  # Any: as in Lightning
        loss = regularizers.backward(network, unscaled)()
        _scale_gradients(network, scale)
        return loss

    return scaled


def _scale_gradients(network: nn.Module, factor: float) -> None:
    if factor != 1:
        for parameter in network.parameters():
            if parameter.grad is not None:
                parameter.grad.mul_(factor)
