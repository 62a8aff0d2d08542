"""Nested subsets of a training set: each holds the smaller ones, the shares of the classes, and groups as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from dl.data.examples import Index, Subset
from dl.groups import Groups
from dl.splits.partition import DataSplits, choose_scored


def nested_order(groups: Index, strata: NDArray[np.generic] | None, seed: int) -> Index:
    """Return an order of examples of which every beginning is a subset: groups one after the other, (n,) positions.

    Groups are shuffled, and those of each class spread over the order evenly; one of every class comes first.

    Args:
        groups: (n,) group numbers; all different without groups.
        strata: (n,) classes whose shares are kept; None for none.
        seed: Of the shuffle.
    """
    rng = np.random.default_rng([seed, 0x5AB5E7])
    first, of_group = np.unique(groups, return_index=True)[1], np.unique(groups, return_inverse=True)[1]
    shuffled = rng.permutation(len(first))
    kinds = np.zeros(len(first), np.int64) if strata is None else np.unique(strata[first], return_inverse=True)[1]
    place = np.empty(len(first))
    for kind in range(int(kinds.max()) + 1):
        members = shuffled[kinds[shuffled] == kind]
        place[members] = np.arange(len(members)) / len(members)
    rank = np.empty(len(first), np.int64)
    rank[shuffled[np.argsort(place[shuffled], kind="stable")]] = np.arange(len(first))
    return np.argsort(rank[of_group], kind="stable")


def beginning(order: Index, groups: Index, size: int) -> Index:
    """Return the first positions of an order, about so many: the last group is not cut.

    Args:
        order: Of `nested_order`.
        groups: (n,) group numbers of all examples.
        size: Examples wanted.
    """
    of_order = groups[order]
    ends = np.append(np.flatnonzero(of_order[1:] != of_order[:-1]) + 1, len(order))
    return order[: ends[np.argmin(np.abs(ends - size))]]


def subset_splits(splits: DataSplits, kept: Index, groups: Index, probe: int, seed: int) -> DataSplits:
    """Return splits with a part of the training set, and the same validation set.

    Args:
        splits: Of all training examples.
        kept: Positions in the training set.
        groups: (n,) group numbers of the training set.
        probe: Most examples of the probe.
        seed: Of the choice of the probe.
    """
    kept = np.sort(kept)
    index = splits.train.index[kept]
    probed = choose_scored(splits.train.examples, index, min(probe, len(index)), seed)
    at = np.searchsorted(index, probed)
    shared = {"train": Groups.of(groups[kept]), "val": splits.groups["val"], "probe": Groups.of(groups[kept][at])}
    examples = splits.train.examples
    return replace(splits, train=Subset(examples, index), probe=Subset(examples, probed), groups=shared)


def halvings(n: int, batch: int, most: int = 4) -> Sequence[int]:
    """Return sizes from n / 2**most to n, each twice the one before, without those smaller than a batch."""
    return [size for size in (round(n / 2**k) for k in range(most, -1, -1)) if size >= min(batch, n)]
