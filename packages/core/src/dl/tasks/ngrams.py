"""N-gram baselines for the next token, learnt from the training set and scored on the validation set.

The unigram predicts each token by its share alone; the bigram also reads the previous token. Both are codes for any
text: unseen tokens have a positive share.
Letters: ``S`` tokens of all rows, ``V`` numbers of tokens, ``P`` distinct pairs of neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dl.data.examples import Index, Inputs, Subset
from dl.data.ragged import Ragged
from dl.domain import Preprocessor
from dl.errors import BadData
from dl.padded import Padded, RaggedTensor
from dl.runs.manifest import Baseline
from dl.tasks.task import Task

Numbers = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Unigram:
    """Each token at its share in the training rows, one added to every count.

    Args:
        shares: (V,) probabilities.
    """

    shares: Floats

    @classmethod
    def learn(cls, after: Numbers, size: int) -> Unigram:
        """Count the tokens, (S,), that follow another."""
        counts = np.bincount(after, minlength=size) + 1.0
        return cls(counts / counts.sum())

    def score(self, _before: Numbers, after: Numbers) -> tuple[Floats, NDArray[np.bool_]]:
        """Return the cost of each token in nats, and whether it was the most probable one; (S,) both."""
        return -np.log(self.shares[after]), after == self.shares.argmax()


@dataclass(frozen=True)
class Bigram:
    """Each token at its share after the previous one, mixed with its unigram share.

    The weight of the pairs grows with the count of the previous token, and falls with the number of its followers.
    Source: Witten and Bell 1991, method C, interpolated.

    Args:
        unigram: The unigram shares.
        keys: (P,) seen pairs, before * V + after, ascending.
        counts: (P,) their counts.
        seen: (V,) count of each token as the first of a pair.
        followers: (V,) number of different tokens after it.
        likeliest: (V,) the most probable token after it.
    """

    unigram: Unigram
    keys: Numbers
    counts: Numbers
    seen: Floats
    followers: Floats
    likeliest: Numbers

    @classmethod
    def learn(cls, before: Numbers, after: Numbers, unigram: Unigram) -> Bigram:
        """Count the pairs of neighbours, (S,) both."""
        size = len(unigram.shares)
        keys, counts = np.unique(before * size + after, return_counts=True)
        first, second = np.divmod(keys, size)
        seen = np.bincount(first, counts, size).astype(np.float64)
        followers = np.bincount(first, minlength=size).astype(np.float64)
        weights = counts + followers[first] * unigram.shares[second]  # without the common denominator
        common = int(unigram.shares.argmax())  # it may be the most probable one even if it never followed
        heaviest, likeliest = followers * unigram.shares[common], np.full(size, common)
        order = np.argsort(weights, kind="stable")
        order = order[weights[order] > heaviest[first[order]]]
        likeliest[first[order]] = second[order]  # the last and heaviest pair of each first token stays
        return cls(unigram, keys, counts, seen, followers, likeliest)

    def score(self, before: Numbers, after: Numbers) -> tuple[Floats, NDArray[np.bool_]]:
        """Return the cost of each token in nats, and whether it was the most probable one; (S,) both."""
        wanted = before * len(self.seen) + after
        place = np.minimum(np.searchsorted(self.keys, wanted), len(self.keys) - 1)
        count = np.where(self.keys[place] == wanted, self.counts[place], 0)
        fallback = self.unigram.shares[after]
        total, kinds = self.seen[before], self.followers[before]
        shares = np.where(total > 0, (count + kinds * fallback) / np.maximum(total + kinds, 1), fallback)
        return -np.log(shares), after == self.likeliest[before]


def token_baselines(task: Task, train: Subset, val: Subset, preprocessor: Preprocessor) -> tuple[Baseline, ...]:
    """Learn both from the training set and score them on the validation set like a network.

    Args:
        task: Of the row next-token.
        train: The training set.
        val: The validation set.
        preprocessor: Encodes the tokens, and counts the characters of each.
    """
    size = int(preprocessor.input_shape[-1])
    before, after, _ = neighbours(_tokens(preprocessor, train))
    unigram = Unigram.learn(after, size)
    rows = _tokens(preprocessor, val)
    lengths = _lengths(preprocessor, rows)
    return tuple(
        _scored(task, named, _sums(model, rows, lengths))
        for named, model in (
            (Baseline("unigram", "each token at its share", 0.0), unigram),
            (Baseline("bigram", "each token given the last", 0.0, rival=True), Bigram.learn(before, after, unigram)),
        )
    )


def neighbours(rows: Ragged) -> tuple[Numbers, Numbers, Index]:
    """Return each token that follows another of its row, the one before it, and the row; (S,) each."""
    values = rows.values.astype(np.int64)
    of_row = np.repeat(np.arange(len(rows)), rows.lengths)
    second = np.flatnonzero(of_row[1:] == of_row[:-1]) + 1
    return values[second - 1], values[second], of_row[second]


def _tokens(preprocessor: Preprocessor, subset: Subset) -> Ragged:
    inputs: Inputs = preprocessor.encode(subset.examples.inputs)
    if not isinstance(inputs, Ragged):
        raise BadData("the task next-token is for rows of tokens; this domain has other inputs")
    return inputs[subset.index]


def _lengths(preprocessor: Preprocessor, rows: Ragged) -> tuple[Floats, Floats]:
    """Return the characters of each row, and the nats to name its unknown tokens, (N,) both."""
    flat = RaggedTensor.of(rows)
    one = torch.ones(1, dtype=torch.int64)
    each = preprocessor(Padded(flat.values.long()[None], one * len(flat.values)))
    before_first = rows.offsets[:-1]

    def summed(values: Tensor | None, default: float) -> Floats:
        found = np.full(len(rows.values), default) if values is None else values[0].double().numpy().copy()
        found[before_first] = 0.0  # the start of a row is not predicted
        return np.add.reduceat(found, before_first)

    return summed(each.weights, 1.0), summed(each.unknown_nats, 0.0)


def _sums(model: Unigram | Bigram, rows: Ragged, lengths: tuple[Floats, Floats]) -> Tensor:
    """Return the sums of `dl.tasks.next_token.reduce_logits`, (N, 4)."""
    before, after, of_row = neighbours(rows)
    nats, right = model.score(before, after)
    characters, unknown_nats = lengths
    count = len(rows)
    columns = [
        np.bincount(of_row, nats, count) + unknown_nats,
        np.bincount(of_row, right, count),
        np.bincount(of_row, minlength=count),
        characters,
    ]
    return torch.from_numpy(np.stack(columns, axis=1).astype(np.float32))


def _scored(task: Task, named: Baseline, sums: Tensor) -> Baseline:
    target = torch.empty(len(sums), 0)
    score = task.metrics(sums, target)[task.info.headline.name]
    return replace(named, score=score, loss=float(task.row.loss(sums, target, "mean")))
