"""Penalties on large weights, added to the loss of each training step and to no loss that is reported."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from dl.regularizer import Regularizer


def l1(strength: float, *, every: bool = False) -> Regularizer:
    """Return strength times the sum of the absolute values of all weights: small ones become zero.

    Args:
        strength: Factor of the sum.
        every: Whether biases and norm parameters count, too.
    """
    return Regularizer(penalty=lambda network: strength * _norms(weights(network, every=every), 1).sum())


def l2(strength: float, *, every: bool = False) -> Regularizer:
    """Return strength times the sum of the squares of all weights: large ones become smaller.

    A penalty, whose gradient goes through the optimizer; weight decay that does not is ``weight_decay=`` of ``adamw``.

    Args:
        strength: Factor of the sum, as in Keras; twice it is what the gradient gets of each weight.
        every: Whether biases and norm parameters count, too.
    """
    return Regularizer(penalty=lambda network: strength * _norms(weights(network, every=every), 2).square().sum())


def _norms(parameters: list[Tensor], order: int) -> Tensor:
    """Return the norm of each parameter, (n,). It can be learnt from, which torch's `get_total_norm` cannot."""
    found = [torch.linalg.vector_norm(one, order) for one in parameters]
    return torch.stack(found) if found else torch.zeros(1)


def weights(network: nn.Module, *, every: bool = False) -> list[Tensor]:
    """Return the trained parameters of two and more axes, which biases and the parameters of norm layers have not."""
    return [one for one in network.parameters() if one.requires_grad and (every or one.ndim > 1)]
