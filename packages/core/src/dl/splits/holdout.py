"""Splits: which examples are learnt from and which are looked at.

A split is a pair of index arrays into the training examples; it depends on the targets and the seed alone, or, where
examples have times, on these: what comes later is then predicted from what was before.
Examples of one group (exact duplicates, the photographs of one patient) always stay on one side.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dl.data.examples import Index
from dl.errors import BadData
from dl.words import many


@dataclass(frozen=True)
class Split:
    """Positions of the training and of the validation part; disjoint, and together all examples.

    Args:
        train: Sorted positions.
        val: Sorted positions.
        rule: How it was made, in words.
    """

    train: Index
    val: Index
    rule: str


def holdout(groups: Index, strata: Index | None, size: float, seed: int) -> Split:
    """Hold out a part of the examples, keeping the shares of the strata and never cutting a group.

    Groups are shuffled; within each stratum whole groups are taken until its share is reached.

    Args:
        groups: (N,) group numbers; all different where there are no groups.
        strata: (N,) class numbers whose shares both parts keep, or None for a plain random draw.
        size: Number of examples to hold out, or their share if below 1.
        seed: Of the shuffle.

    Raises:
        BadData: If either part would be empty.
    """
    wanted = _count(size, len(groups))
    n = len(groups)
    strata = np.zeros(n, np.int64) if strata is None else strata
    rng = np.random.default_rng([seed, 0x5B117])
    first, of_group = np.unique(groups, return_index=True)[1], np.unique(groups, return_inverse=True)[1]
    sizes = np.bincount(of_group)
    order = rng.permutation(len(first))
    held = np.zeros(len(first), bool)
    quotas = _quotas(np.bincount(strata), wanted)
    for stratum, quota in enumerate(quotas):
        members = order[strata[first[order]] == stratum]
        held[_fill(members, sizes, int(quota))] = True
    in_val = held[of_group]
    if not in_val.any() or in_val.all():
        count = f"{many(len(first), 'different group')} of {many(n, 'example')}"
        raise BadData(
            f"{count} (exact copies are one) leave one part of the split empty, for none is cut; use another val=, "
            "more data, or for copies duplicates=ignore"
        )
    kind = "hold-out" if len(quotas) == 1 else "stratified hold-out"
    return Split(np.flatnonzero(~in_val), np.flatnonzero(in_val), f"{kind}, seed {seed}")


def newest(groups: Index, times: NDArray[np.generic], size: float, otherwise: str = "") -> Split:
    """Hold out the newest examples, never cutting a group.

    Groups are taken by the time of their newest example, the newest first, and with a group all that end at the same
    time, until the part is as large as was asked for.

    Args:
        groups: (N,) group numbers; all different where there are no groups.
        times: (N,) when each example was, as numbers that sort.
        size: Number of examples to hold out, or their share if below 1.
        otherwise: What else could be done where all are of one time, as ``, or split without time_on=``.

    Raises:
        BadData: If either part would be empty.
    """
    wanted = _count(size, len(groups))
    _, of_group = np.unique(groups, return_inverse=True)
    of_time = np.unique(times, return_inverse=True)[1]
    ends = np.zeros(int(of_group.max()) + 1, np.int64)
    np.maximum.at(ends, of_group, of_time)
    by_end = np.bincount(ends[of_group])  # how many examples are in groups that end then
    cut = len(by_end) - 1 - int(np.searchsorted(np.cumsum(by_end[::-1]), wanted))
    in_val = ends[of_group] >= cut
    if in_val.all():
        raise BadData(
            "holding out the newest examples leaves none to learn from: too many are of one time or one group, exact "
            f"copies among them; use a smaller val={otherwise}"
        )
    return Split(np.flatnonzero(~in_val), np.flatnonzero(in_val), f"newest {100 * in_val.mean():.3g} % by time")


def join_groups(*groupings: Index) -> Index:
    """Return the groups that hold together whatever any of these holds together, (N,).

    Two examples are of one group if a chain of examples leads from one to the other in which neighbours agree in one
    of the groupings.

    Args:
        *groupings: (N,) group numbers each.
    """
    from scipy.sparse import coo_array  # here, for most splits have one grouping
    from scipy.sparse.csgraph import connected_components

    numbered = [np.unique(grouping, return_inverse=True)[1] for grouping in groupings]
    sizes = [int(numbers.max(initial=-1)) + 1 for numbers in numbered]
    first, *others = (numbers + start for numbers, start in zip(numbered, np.cumsum([0, *sizes]), strict=False))
    if not others or not len(first):
        return np.asarray(first)
    # A node for each group of each grouping; an example links its groups, and what is linked holds together.
    links = np.tile(first, len(others)), np.concatenate(others)
    graph = coo_array((np.ones(len(links[0]), bool), links), shape=(sum(sizes), sum(sizes)))
    return np.asarray(connected_components(graph, directed=False)[1][first], np.int64)


def probe(train: Index, size: int, seed: int) -> Index:
    """Choose the fixed part of the training examples that is scored in eval mode after each epoch, sorted."""
    rng = np.random.default_rng([seed, 0x9B0BE])
    return np.sort(rng.choice(train, size=min(size, len(train)), replace=False))


def _count(size: float, n: int) -> int:
    """Return how many examples are held out.

    Raises:
        BadData: If that would leave a part empty.
    """
    if size >= 1 and size != int(size):
        raise BadData(f"a validation part of {size:g} examples: expected a whole number, or a share below 1")
    wanted = round(size * n) if size < 1 else int(size)
    if not 0 < wanted < n:
        raise BadData(
            f"a validation part of {wanted} from {many(n, 'example')} leaves an empty part; "
            f"use val= between 1 and {n - 1}"
        )
    return wanted


def _fill(members: Index, sizes: Index, quota: int) -> Index:
    """Take groups in this order until the quota is filled, passing over those that are too large for what is left."""
    taken = [members[:0]]
    while len(members := members[sizes[members] <= quota]):
        fits = np.cumsum(sizes[members]) <= quota
        taken.append(members[fits])
        quota -= int(sizes[members[fits]].sum())
        members = members[~fits]
    return np.concatenate(taken)


def _quotas(counts: NDArray[np.int64], wanted: int) -> NDArray[np.int64]:
    """Share ``wanted`` places among strata in proportion to their counts (largest remainders).

    A stratum keeps at least one example for training.
    """
    exact = counts * (wanted / counts.sum())
    quotas = np.floor(exact).astype(np.int64)
    quotas[np.argsort(quotas - exact, kind="stable")[: wanted - quotas.sum()]] += 1
    return np.asarray(np.minimum(quotas, np.maximum(counts - 1, 0)))
