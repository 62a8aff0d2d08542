"""Next tokens: what logits at every token of a row come to, as the few numbers that all later scores read.

Logits (B, T, V) of a whole part are far too many to keep, so each batch is condensed at once to four sums a row. What a
text costs is counted as a real code would be: an unknown token pays for saying which it was.
Letters: ``B`` rows of a batch, ``T`` tokens of the longest, ``V`` numbers of tokens, ``N`` rows.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from dl.padded import Padded

SUMS = ("nats", "right", "tokens", "characters")  # the columns: of what it costs, tokens said rightly, both lengths
NOTHING = -100  # stands for no token to tell


def reduce_logits(logits: Tensor, batch: Padded) -> Tensor:
    """Sum up how well each row's tokens were told before they came, (B, 4): see `SUMS`.

    The logits at place i tell token i + 1, so the first token of a row, its start, is told by none; padding counts
    nothing. The nats can be differentiated.

    Args:
        logits: (B, T, V).
        batch: (B, T) tokens, with the characters each stands for as weights, and the nats each leaves unsaid.
    """
    there = F.pad(batch.mask[:, 1:], (0, 1))
    wanted = torch.where(there, F.pad(batch.values[:, 1:], (0, 1)), NOTHING)
    each = F.cross_entropy(logits.flatten(0, 1), wanted.flatten(), ignore_index=NOTHING, reduction="none")
    nats = each.view_as(wanted).sum(dim=1)
    right = (logits.detach().argmax(dim=2) == wanted).sum(dim=1)
    tokens = there.sum(dim=1)
    characters = tokens if batch.weights is None else _after_the_start(batch.weights, there)
    if batch.unknown_nats is not None:
        nats = nats + _after_the_start(batch.unknown_nats, there)
    return torch.stack([nats, right.to(nats), tokens.to(nats), characters.to(nats)], dim=1)


def _after_the_start(values: Tensor, there: Tensor) -> Tensor:
    """Sum (B, T) values over the tokens that are told, (B,)."""
    return torch.where(there[:, :-1], values[:, 1:], 0).sum(dim=1)


def nats_a_token(sums: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    """Return what a token of each row costs on the mean, in nats, (N,), or the mean of that over rows.

    Args:
        sums: (N, 4) as `reduce_logits` gives them.
        target: (N, 0); the target is in the sums.
        reduction: ``none`` or ``mean``.
    """
    each = sums[:, 0] / sums[:, 2].clamp_min(1)
    return each if reduction == "none" else each.mean()


def bits_per_character(sums: Tensor) -> Tensor:
    """Return the bits that all rows cost together, over their characters."""
    return sums[:, 0].sum() / (sums[:, 3].sum() * math.log(2))


def perplexity(sums: Tensor) -> Tensor:
    """Return among how many tokens, all as likely, the next one would be as hard to tell."""
    return (sums[:, 0].sum() / sums[:, 2].sum()).exp()


def token_accuracy(sums: Tensor) -> Tensor:
    """Return the share of tokens that were the likeliest."""
    return sums[:, 1].sum() / sums[:, 2].sum()


def example_scores(sums: Tensor) -> Tensor:
    """Score each row so that the mean over rows is exactly their bits per character, (N,), and its error the right one.

    Where rows have the same number of characters it is the row's own bits per character. Where they have not, it is the
    ratio of the sums, made linear: the rate of all rows, and what this row's bits add to it.
    Source: the delta method for a ratio of means; Cochran 1977, Sampling Techniques, section 2.11.
    """
    if not len(sums):
        return sums[:, 0]
    bits, characters = sums[:, 0] / math.log(2), sums[:, 3]
    rate = bits.sum() / characters.sum()
    return rate + (bits - rate * characters) / characters.mean()
