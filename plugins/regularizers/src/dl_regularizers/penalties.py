"""Penalties on large weights, added to the training loss of each step but to no reported loss."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from dl.regularizer import Regularizer


def l1(strength: float, *, every: bool = False) -> Regularizer:
    """Penalize strength times the sum of absolute weights, which drives small weights to zero.

    Args:
        strength: Factor of the sum.
        every: Whether to include biases and norm parameters.
    """
    return Regularizer(penalty=lambda network: strength * _norms(weights(network, every=every), 1).sum())


def l2(strength: float, *, every: bool = False) -> Regularizer:
    """Penalize strength times the sum of squared weights, which shrinks large weights.

    Its gradient passes through the optimizer; for decoupled weight decay use ``weight_decay=`` of ``adamw``.

    Args:
        strength: Factor of the sum, as in Keras; the gradient of a weight is twice it times the weight.
        every: Whether to include biases and norm parameters.
    """
    return Regularizer(penalty=lambda network: strength * _norms(weights(network, every=every), 2).square().sum())


def _norms(parameters: list[Tensor], order: int) -> Tensor:
    """Return the norm of each parameter, (n,), differentiable, unlike torch's `get_total_norm`."""
    found = [torch.linalg.vector_norm(one, order) for one in parameters]
    return torch.stack(found) if found else torch.zeros(1)


def weights(network: nn.Module, *, every: bool = False) -> list[Tensor]:
    """Return the trainable parameters with two or more axes, without biases and norm parameters, or all of them."""
    return [one for one in network.parameters() if one.requires_grad and (every or one.ndim > 1)]
