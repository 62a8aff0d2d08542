"""Reduce logits at every token to four sums per row, for the loss, scores and metrics of the task next-token.

Logits (B, T, V) of a whole set are too many to keep, so each batch is reduced at once. The cost of a text is the length
of a real code for it: an unknown token pays for naming its character.
Letters: ``B`` rows of a batch, ``T`` tokens of the longest, ``V`` numbers of tokens, ``N`` rows.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from dl.padded import Padded
from dl.tasks.ratio import linear_scores

SUMS = ("nats", "right", "tokens", "characters")  # the columns: cost, correctly predicted tokens, both lengths
NOTHING = -100  # target of a position without a next token


def reduce_logits(logits: Tensor, batch: Padded) -> Tensor:
    """Sum cost, correct predictions and lengths over each row's tokens, (B, 4): see `SUMS`.

    The logits at position i predict token i + 1, so the first token of a row, its start, is not predicted; padding is
    not counted. The nats are differentiable.

    Args:
        logits: (B, T, V).
        batch: (B, T) tokens, with the characters of each as weights, and the nats to name each unknown one.
    """
    predicted = F.pad(batch.mask[:, 1:], (0, 1))
    wanted = torch.where(predicted, F.pad(batch.values[:, 1:], (0, 1)), NOTHING)
    each = F.cross_entropy(logits.flatten(0, 1), wanted.flatten(), ignore_index=NOTHING, reduction="none")
    nats = each.view_as(wanted).sum(dim=1)
    right = (logits.detach().argmax(dim=2) == wanted).sum(dim=1)
    tokens = predicted.sum(dim=1)
    characters = tokens if batch.weights is None else _after_the_start(batch.weights, predicted)
    if batch.unknown_nats is not None:
        nats = nats + _after_the_start(batch.unknown_nats, predicted)
    return torch.stack([nats, right.to(nats), tokens.to(nats), characters.to(nats)], dim=1)


def _after_the_start(values: Tensor, predicted: Tensor) -> Tensor:
    """Sum (B, T) values over the predicted tokens, (B,)."""
    return torch.where(predicted[:, :-1], values[:, 1:], 0).sum(dim=1)


def nats_a_token(sums: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    """Return the mean cost of a token of each row in nats, (N,), or its mean over rows.

    Args:
        sums: (N, 4) from `reduce_logits`.
        target: (N, 0); the target is in the sums.
        reduction: ``none`` or ``mean``.
    """
    each = sums[:, 0] / sums[:, 2].clamp_min(1)
    return each if reduction == "none" else each.mean()


def bits_per_character(sums: Tensor) -> Tensor:
    """Return the bits of all rows over their characters."""
    return sums[:, 0].sum() / (sums[:, 3].sum() * math.log(2))


def perplexity(sums: Tensor) -> Tensor:
    """Return the perplexity: the exponential of the mean cost of a token in nats."""
    return (sums[:, 0].sum() / sums[:, 2].sum()).exp()


def token_accuracy(sums: Tensor) -> Tensor:
    """Return the share of tokens that were the most probable prediction."""
    return sums[:, 1].sum() / sums[:, 2].sum()


def example_scores(sums: Tensor) -> Tensor:
    """Score each row so that the mean over rows is exactly the bits per character; (N,)."""
    return linear_scores(sums[:, 0] / math.log(2), sums[:, 3])
