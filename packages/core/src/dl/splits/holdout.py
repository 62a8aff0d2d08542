"""Split examples into a training and a validation set.

A split is a pair of index arrays; it depends on the targets and the seed alone, or on the times of examples: then the
newest are held out. Examples of one group (exact duplicates, the photographs of one patient) stay on one side.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dl.data.examples import Examples, Index
from dl.errors import BadData
from dl.words import many


@dataclass(frozen=True)
class Split:
    """Positions of the training and of the validation set; disjoint, and together all examples that do not overlap.

    Args:
        train: Sorted positions.
        val: Sorted positions.
        rule: Description of how the split was made.
    """

    train: Index
    val: Index
    rule: str


def holdout(groups: Index, strata: Index | None, size: float, seed: int) -> Split:
    """Hold out a random validation set, stratified and without cutting a group.

    Groups are shuffled; within each stratum whole groups are taken until its share is reached.

    Args:
        groups: (N,) group numbers; all different without groups.
        strata: (N,) class numbers for stratification, or None for a plain random draw.
        size: Number of examples to hold out, or their share if below 1.
        seed: Of the shuffle.

    Raises:
        BadData: If either part would be empty.
    """
    wanted = _val_count(size, len(groups))
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
        held[_fill_quota(members, sizes, int(quota))] = True
    in_val = held[of_group]
    if not in_val.any() or in_val.all():
        count = f"{many(len(first), 'different group')} of {many(n, 'example')}"
        raise BadData(
            f"{count} (exact copies are one) leave one side of the split empty, since none is cut; use another val=, "
            "more data, or for copies duplicates=ignore"
        )
    kind = "hold-out" if len(quotas) == 1 else "stratified hold-out"
    return Split(np.flatnonzero(~in_val), np.flatnonzero(in_val), f"{kind}, seed {seed}")


def holdout_newest(groups: Index, times: NDArray[np.generic], size: float, otherwise: str = "") -> Split:
    """Hold out the newest examples as validation set, without cutting a group.

    Groups are taken by the time of their newest example, newest first, and together with all groups of the same time,
    until the set has the requested size.

    Args:
        groups: (N,) group numbers; all different without groups.
        times: (N,) sortable times.
        size: Number of examples to hold out, or their share if below 1.
        otherwise: Another remedy for the error message, as ``, or split without time_on=``.

    Raises:
        BadData: If either part would be empty.
    """
    wanted = _val_count(size, len(groups))
    ends = last_times(groups, times)
    by_end = np.bincount(ends)  # number of examples in groups that end at each time
    cut = len(by_end) - 1 - int(np.searchsorted(np.cumsum(by_end[::-1]), wanted))
    in_val = ends >= cut
    if in_val.all():
        raise BadData(
            "holding out the newest examples leaves none for training: too many are of one time or one group, exact "
            f"copies among them; use a smaller val={otherwise}"
        )
    return Split(np.flatnonzero(~in_val), np.flatnonzero(in_val), f"newest {100 * in_val.mean():.3g} % by time")


def without_overlap(split: Split, examples: Examples) -> Split:
    """Return a split in time without the training windows that reach into what is held out.

    Those that stay lie wholly before the windows of their series that are held out, and end before the first forecast
    of any: no target that is scored stands in what was learnt from.

    Args:
        split: Of the examples.
        examples: Windows of series, or others, of which none is left out.

    Raises:
        BadData: If none is left.
    """
    found, ends = examples.windows, examples.times
    if found is None or ends is None:
        return split
    series = np.unique(found.series, return_inverse=True)[1]
    begins = np.full(int(series.max()) + 1, np.inf)
    np.minimum.at(begins, series[split.val], found.begins[split.val].astype(np.float64))
    before = ends[split.train] < begins[series[split.train]]
    kept = split.train[before & (ends[split.train] < found.forecasts[split.val].min())]
    gone = len(split.train) - len(kept)
    if not len(kept):
        raise BadData(
            f"all {many(gone, 'training window')} reach into those held out; use a smaller val=, window= or "
            "horizon=, or longer series"
        )
    return Split(kept, split.val, f"{split.rule}; {many(gone, 'window')} between both left out" if gone else split.rule)


def last_times(groups: Index, times: NDArray[np.generic]) -> Index:
    """Return for each example the rank of the time of the newest example in its group, (N,), without gaps.

    Args:
        groups: (N,) group numbers; all different without groups.
        times: (N,) sortable times.
    """
    of_group = np.unique(groups, return_inverse=True)[1]
    of_time = np.unique(times, return_inverse=True)[1]
    ends = np.zeros(int(of_group.max()) + 1, np.int64)
    np.maximum.at(ends, of_group, of_time)
    return np.unique(ends[of_group], return_inverse=True)[1]


def join_groups(*groupings: Index) -> Index:
    """Merge several groupings into one, (N,): connected components of "same group in one of them".

    Args:
        *groupings: (N,) group numbers each.
    """
    numbered = [np.unique(grouping, return_inverse=True)[1] for grouping in groupings]
    sizes = [int(numbers.max(initial=-1)) + 1 for numbers in numbered]
    first, *others = (numbers + start for numbers, start in zip(numbered, np.cumsum([0, *sizes]), strict=False))
    if not others or not len(first):
        return np.asarray(first)
    # A node for each group of each grouping; an example links its groups, and what is linked holds together.
    found = components(np.tile(first, len(others)), np.concatenate(others), sum(sizes))
    return np.asarray(found[first])


def components(first: Index, second: Index, count: int) -> Index:
    """Number what is linked, directly or through others, (count,), by the ends of each link, (P,) and (P,)."""
    from scipy.sparse import coo_array  # here, for most splits have one grouping
    from scipy.sparse.csgraph import connected_components

    graph = coo_array((np.ones(len(first), bool), (first, second)), shape=(count, count))
    return np.asarray(connected_components(graph, directed=False)[1], np.int64)


def choose_probe(train: Index, size: int, seed: int) -> Index:
    """Choose the probe, the fixed training examples scored in eval mode after each epoch; sorted positions."""
    rng = np.random.default_rng([seed, 0x9B0BE])
    return np.sort(rng.choice(train, size=min(size, len(train)), replace=False))


def _val_count(size: float, n: int) -> int:
    """Return the size of the validation set.

    Raises:
        BadData: If one side of the split would be empty.
    """
    if size >= 1 and size != int(size):
        raise BadData(f"a validation set of {size:g} examples: expected a whole number, or a share below 1")
    wanted = round(size * n) if size < 1 else int(size)
    if not 0 < wanted < n:
        raise BadData(
            f"a validation set of {wanted:,} from {many(n, 'example')} leaves one side of the split empty; "
            f"use val= between 1 and {n - 1}, or a share as 0.2"
        )
    return wanted


def _fill_quota(members: Index, sizes: Index, quota: int) -> Index:
    """Take groups in this order until the quota is filled, skipping those that are too large for the rest."""
    taken = [members[:0]]
    while len(members := members[sizes[members] <= quota]):
        fits = np.cumsum(sizes[members]) <= quota
        taken.append(members[fits])
        quota -= int(sizes[members[fits]].sum())
        members = members[~fits]
    return np.concatenate(taken)


def _quotas(counts: NDArray[np.int64], wanted: int) -> NDArray[np.int64]:
    """Distribute ``wanted`` places over strata in proportion to their counts (largest remainders).

    A stratum keeps at least one example for training.
    """
    exact = counts * (wanted / counts.sum())
    quotas = np.floor(exact).astype(np.int64)
    quotas[np.argsort(quotas - exact, kind="stable")[: wanted - quotas.sum()]] += 1
    return np.asarray(np.minimum(quotas, np.maximum(counts - 1, 0)))
