"""Penalties on large weights, added to the loss of each training step and to no loss that is reported."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.utils import get_total_norm

from dl.regularizer import Regularizer


def l1(strength: float, *, every: bool = False) -> Regularizer:
    """Return strength times the sum of the absolute values of all weights: small ones become zero.

    Args:
        strength: Factor of the sum.
        every: Whether biases and norm parameters count, too.
    """
    return Regularizer(penalty=lambda network: strength * get_total_norm(weights(network, every=every), 1.0))


def l2(strength: float, *, every: bool = False) -> Regularizer:
    """Return strength times the sum of the squares of all weights: large ones become smaller.

    A penalty, whose gradient goes through the optimizer; weight decay that does not is ``weight_decay=`` of ``adamw``.

    Args:
        strength: Factor of the sum, as in Keras; twice it is what the gradient gets of each weight.
        every: Whether biases and norm parameters count, too.
    """
    return Regularizer(penalty=lambda network: strength * get_total_norm(weights(network, every=every)).square())


def weights(network: nn.Module, *, every: bool = False) -> list[Tensor]:
    """Return the trained parameters of two and more axes, which biases and the parameters of norm layers have not."""
    return [one for one in network.parameters() if one.requires_grad and (every or one.ndim > 1)]
