"""Tell copies among equal rows from rows that are equal because few different ones exist.

Five questions of a survey, or a code alone, make few different rows: there, equal rows are the rule, and each is an
example of its own. Rows are copies where they are alike far beyond what the frequencies of their cells give, and their
targets are alike as well.
Letters: ``N`` rows, ``R`` different rows that are repeated.
"""

from __future__ import annotations

from dataclasses import replace
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dl.data.branches import Branches
from dl.data.examples import Examples, Fingerprints, Index, Subset, fingerprints, whole, without_target
from dl.data.groups import agreement
from dl.data.queries import are_ranked, joint_with_query, numbers_of_queries
from dl.data.ragged import Ragged
from dl.splits.leakage import duplicate_groups

EXPECTED = 0.5  # pairs of equal rows in a table whose rows are all like a row, below which it is a copy
KNOWN = 20_000  # rows that frequencies are counted on
TOLD = 20_000  # repeated rows that are judged one by one; the others go as most of those
PER_TEXT = 10  # examples for each different text, from which equal texts are the rule
PER_VALUE = 10  # rows for each value, from which a column is one of categories
ONE_TARGET = 0.5  # agreement in the target, below which rows that are equal are measurements of their own
UNSEEN = 0.5  # rows that a value is taken to have that no other row has


def example_keys(examples: Examples) -> Fingerprints:
    """Return a fingerprint of each example, (N,), that it shares with its exact copies alone.

    Equal rows of a table, or equal texts, that are no copies have different ones.
    """
    keys = fingerprints(whole(examples))
    if are_ranked(examples):  # an item may be offered in many queries
        return joint_with_query(keys, numbers_of_queries(examples))
    for row in np.flatnonzero(_no_copies(examples, keys)):
        keys[row] = blake2b(bytes(keys[row]) + int(row).to_bytes(8, "big"), digest_size=16).digest()
    return keys


def only_copies(subset: Subset) -> Subset:
    """Return a subset without the examples that are equal to others and yet no copies."""
    examples = subset.examples
    apart = _no_copies(examples, fingerprints(whole(examples)))
    return Subset(examples, subset.index[~apart[subset.index]])


def _no_copies(examples: Examples, keys: Fingerprints) -> NDArray[np.bool_]:
    """Return which examples are equal to another one and no copy of it, (N,)."""
    apart = np.zeros(len(examples), bool)
    if isinstance(examples.inputs, Branches):
        return apart
    if examples.windows is not None:  # a stretch where nothing happens is alike wherever a window lies
        return ~apart
    if isinstance(examples.inputs, Ragged):
        few = not without_target(examples) and (duplicate_groups(keys).max(initial=-1) + 1) * PER_TEXT <= len(keys)
        return ~apart if few else apart
    if examples.inputs.dtype.names is None:
        return apart
    groups = duplicate_groups(keys)
    apart = equal_by_chance(examples.inputs, groups)
    repeated = ~apart & (np.bincount(groups)[groups] > 1)
    if repeated.any() and not _agree(groups[repeated], examples.targets[repeated]):
        apart |= repeated
    return apart


def _agree(groups: Index, targets: NDArray[np.generic]) -> bool:
    """Return whether equal rows mostly have the same target, a value to the digit, as copies have."""
    numbers = np.unique(targets.reshape(len(targets), -1), axis=0, return_inverse=True)[1].reshape(-1)
    return not numbers.any() or agreement(groups, numbers) >= ONE_TARGET


def joint_keys(train: Examples, val: Examples) -> tuple[Fingerprints, Fingerprints]:
    """Return `example_keys` of a training and a validation set, judged together."""
    n = len(train)
    if are_ranked(train) or not isinstance(train.inputs, np.ndarray):
        return example_keys(train), example_keys(val)
    if train.inputs.dtype != getattr(val.inputs, "dtype", None):
        return example_keys(train), example_keys(val)
    if train.inputs.dtype.names is None:
        return example_keys(train), example_keys(val)
    targets = np.concatenate([train.targets, val.targets])
    both = replace(
        train, inputs=np.concatenate([train.inputs, val.array]), targets=targets, ids=np.arange(len(targets)),
        sources=(), groups=None, times=None,
    )  # fmt: skip
    keys = example_keys(both)
    return keys[:n], keys[n:]


def equal_by_chance(rows: NDArray[np.generic], groups: Index) -> NDArray[np.bool_]:
    """Return which rows are equal to another one as the frequencies of their cells let expect, (N,).

    Args:
        rows: (N,) structured array.
        groups: (N,) numbers of the different rows, from 0.
    """
    counts = np.bincount(groups)
    repeated = np.flatnonzero(counts > 1)
    if not len(repeated):
        return np.zeros(len(rows), bool)
    rng = np.random.default_rng(0)
    judged = repeated if len(repeated) <= TOLD else np.sort(rng.choice(repeated, TOLD, replace=False))
    known = np.arange(len(rows)) if len(rows) <= KNOWN else np.sort(rng.choice(len(rows), KNOWN, replace=False))
    first = np.full(len(counts), -1)
    first[groups[::-1]] = np.arange(len(rows))[::-1]
    expected = _expected(rows, known, first[judged], np.bincount(groups[known], minlength=len(counts))[judged])
    told = expected * len(rows) / 2 >= EXPECTED
    by_chance = np.full(len(counts), np.mean(told) > 0.5)
    by_chance[judged] = told
    return np.asarray((by_chance & (counts > 1))[groups])


def _expected(rows: NDArray[np.generic], known: Index, judged: Index, own: Index) -> NDArray[np.float64]:
    """Return how many rows equal to each judged one are expected by chance, (R,), if columns were independent.

    A row and its equals do not count for the frequencies of their own cells.

    Args:
        rows: (N,) structured array.
        known: Rows that frequencies are counted on.
        judged: (R,) rows.
        own: (R,) how many of the known rows are equal to each.
    """
    share = np.ones(len(judged))
    left = np.maximum(len(known) - own, 1)
    kept: list[Index] = []
    cells: Any = rows  # a structured type, whose fields numpy cannot type
    for name in rows.dtype.names or ():
        values = np.concatenate([cells[name][known], cells[name][judged]])
        codes = np.unique(values, return_inverse=True)[1]  # a missing number equals a missing number
        if _follows(codes[: len(known)], kept):
            continue
        counts = np.bincount(codes[: len(known)], minlength=int(codes.max()) + 1)
        if len(known) >= PER_VALUE * np.count_nonzero(counts):
            kept.append(codes[: len(known)])
        others = np.maximum(counts[codes[len(known) :]] - own, UNSEEN)
        share *= np.minimum(others / left, 1.0)
    return share * (len(rows) - 1)


def _follows(codes: Index, kept: list[Index]) -> bool:
    """Return whether a column is a function of an earlier one of categories, as a name is of its code."""
    for other in kept:
        pairs = np.unique(other * (int(codes.max()) + 1) + codes)
        if len(pairs) == len(np.unique(other)):
            return True
    return False
