"""Losses from logits and encoded targets, as the mean of a batch or one number per example.

Letters: ``N`` examples, ``C`` classes, ``D`` target columns, ``K`` outputs of the network.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from dl.tasks.task import Reduction


def binary_cross_entropy(logits: Tensor, target: Tensor, reduction: Reduction = "mean") -> Tensor:
    """Binary cross-entropy of (N, 1) logits against (N,) zeros and ones, in nats."""
    return F.binary_cross_entropy_with_logits(logits.squeeze(1), target, reduction=reduction)


def cross_entropy(logits: Tensor, target: Tensor, reduction: Reduction = "mean") -> Tensor:
    """Cross-entropy of (N, C) logits against (N,) class numbers, in nats."""
    return F.cross_entropy(logits, target, reduction=reduction)


def summed_cross_entropy(logits: Tensor, target: Tensor, reduction: Reduction = "mean") -> Tensor:
    """Binary cross-entropy of (N, K) logits against (N, K) values in 0..1, in nats, summed over the K outputs.

    Summed, not averaged: an example's loss is the negative log-likelihood of all its labels, and it does not shrink
    when a label that is easy joins.
    """
    each = F.binary_cross_entropy_with_logits(logits, target, reduction="none").sum(dim=1)
    return each if reduction == "none" else each.mean()


def squared_error(logits: Tensor, target: Tensor, reduction: Reduction = "mean") -> Tensor:
    """Squared error of (N, D) outputs against (N, D) targets, averaged over the D columns, in scaled target units."""
    each = (logits - target).square().mean(dim=1)
    return each if reduction == "none" else each.mean()


def squared_error_of_shares(logits: Tensor, target: Tensor, reduction: Reduction = "mean") -> Tensor:
    """Squared error of the sigmoid of (N, D) logits against (N, D) targets in 0..1."""
    return squared_error(torch.sigmoid(logits), target, reduction)
