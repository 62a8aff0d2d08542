"""Folds: which examples the fits of a protocol hold out, one after the other.

Random folds are scikit-learn's, stratified by class and without cutting a group; examples with times are never held out
before what was learnt: folds then go forward in time. Letters: ``N`` examples, ``K`` folds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dl.data.examples import Index
from dl.errors import BadData
from dl.recipes.protocol import KFOLD, REPEATED, Protocol
from dl.splits.holdout import Split, holdout, last_times
from dl.splits.strata import Strata
from dl.terminal import safe_text
from dl.words import many

MANY_GROUPS = 2_000  # from which on single groups weigh little, and are dealt like examples
SLIDING = "sliding"


@dataclass(frozen=True)
class Division:
    """What folds are made of.

    Args:
        groups: (N,) numbers of the groups that are not cut; all different without groups.
        strata: Classes, or values of a column, whose shares each fold keeps; None for none.
        names: Of the classes.
        times: (N,) sortable times; None where examples have no order.
        size: Number or share that one of several random hold-outs holds out.
        seed: Of every shuffle.
        window: With times, ``expanding`` learns from all that is older, ``sliding`` from the block before.
    """

    groups: Index
    strata: Strata | None
    names: tuple[str, ...]
    times: NDArray[np.generic] | None
    size: float
    seed: int
    window: str = "expanding"

    @property
    def numbers(self) -> Index | None:
        """(N,) numbers of the strata; None for none."""
        return None if self.strata is None else self.strata.numbers


def hold_out_fold(division: Division, protocol: Protocol, fold: int) -> Split:
    """Return the split of one fit of a protocol, numbered from 1.

    Raises:
        BadData: If there are too few groups, members of a class or times for so many folds.
    """
    turn, number = protocol.place(fold)
    if division.times is not None:
        held = _forward(division, protocol, number)
    elif protocol.kind == REPEATED:
        found = holdout(division.groups, division.numbers, division.size, _seed(division.seed, turn))
        held = found.train, found.val
    else:
        held = _random(division, protocol, turn, number)
    return Split(*held, f"fold {fold} of {protocol}, {describe_folds(division, protocol)}")


def hold_out_stratified(division: Division) -> Split:
    """Hold out a random validation set whose shares of the strata are those of all examples, without cutting a group.

    Where a group has rows of several strata, it is one of K folds that scikit-learn balances, as near to the size that
    is asked for as 1 / K can be.

    Raises:
        BadData: If either part would be empty.
    """
    assert division.strata is not None
    numbers, seed = division.strata.numbers, division.seed
    share = division.size if division.size < 1 else division.size / len(numbers)
    folds = max(2, round(1 / share)) if 0 < share < 1 else 2
    counts = members(numbers, division.groups)
    several = counts.sum() > len(np.unique(division.groups))  # a group stands in more than one stratum
    if several and counts[counts > 0].min() >= folds:
        held = _random(division, Protocol(KFOLD, folds), 0, 0)
    else:
        found = holdout(division.groups, numbers, division.size, seed)
        held = found.train, found.val
    return Split(*held, f"hold-out, {division.strata.rule}, seed {seed}")


def describe_folds(division: Division, protocol: Protocol) -> str:
    """Describe how the folds of a protocol are made, in words."""
    if division.times is not None:
        return f"forward in time, {division.window} window"
    kind = "random" if division.strata is None else division.strata.rule
    return f"{kind}, seed {division.seed}"


def _seed(seed: int, turn: int) -> int:
    """Return the seed of one round's shuffle, as scikit-learn takes it."""
    return int(np.random.SeedSequence([seed, 0xF01D, turn]).generate_state(1)[0])


def _random(division: Division, protocol: Protocol, turn: int, number: int) -> tuple[Index, Index]:
    """Return the training and the validation set of one of K random folds.

    Raises:
        BadData: If there are fewer groups, or fewer members of a class, than folds.
    """
    first, of_group = np.unique(division.groups, return_index=True, return_inverse=True)[1:]
    if len(first) < protocol.folds:
        of = many(len(first), "different group") + f" of {many(len(of_group), 'example')}"
        raise BadData(f"{protocol} has more folds than the data: {of} (exact copies are one)  {_instead(len(first))}")
    strata = np.zeros(len(of_group), np.int64) if division.numbers is None else division.numbers
    _need_members(members(strata, of_group), division, protocol)
    few = len(first) < len(of_group) and len(first) <= MANY_GROUPS
    counts = np.bincount(strata if few else strata[first])
    stratified = bool(strata.any()) and counts[counts > 0].min() >= protocol.folds  # a group of several classes has one
    splitter = _splitter(protocol.folds, _seed(division.seed, turn), stratified=bool(stratified), grouped=few)
    if few:
        val = list(splitter.split(of_group, strata, division.groups))[number][1]
        held = np.isin(np.arange(len(of_group)), val)
    else:
        held = np.isin(of_group, list(splitter.split(first, strata[first]))[number][1])
    if not held.any() or held.all():
        raise BadData(f"{protocol} leaves a fold empty: the groups are too unequal  use fewer folds")
    return np.flatnonzero(~held), np.flatnonzero(held)


def _splitter(folds: int, seed: int, *, stratified: bool, grouped: bool) -> Any:  # Any: scikit-learn has no types
    """Return the splitter of scikit-learn."""
    from sklearn import model_selection  # here, for it takes long to load

    name = ("Stratified" if stratified else "") + ("Group" if grouped else "") + "KFold"
    return getattr(model_selection, name)(folds, shuffle=True, random_state=seed)


def members(classes: Index, groups: Index) -> NDArray[np.int64]:
    """Count the groups in which each class stands, (C,), from the class and the group of each example, (N,) both."""
    pairs = np.unique(np.stack([classes, groups]), axis=1)
    return np.bincount(pairs[0])


def _need_members(counts: NDArray[np.int64], division: Division, protocol: Protocol) -> None:
    """Refuse more folds than the rarest class has examples, groups of them being one.

    Raises:
        BadData: Naming the class.
    """
    seen = np.where(counts > 0, counts, counts.max())
    rarest = int(seen.argmin())
    if counts[rarest] < protocol.folds:
        column = division.strata.column if division.strata is not None else ""
        names = division.strata.names if division.strata is not None and column else division.names
        name = names[rarest] if rarest < len(names) else str(rarest)
        what = f"value of {safe_text(column)}" if column else "class"
        grouped = len(np.unique(division.groups)) < len(division.groups)
        count, few = int(counts[rarest]), "different groups (copies are one)" if grouped else "examples"
        raise BadData(
            f"{protocol} has more folds than the rarest {what}, {safe_text(name)!r}, has {few}: {count}  "
            f"{_instead(count)}"
        )


def _instead(most: int) -> str:
    return f"use protocol={KFOLD}:{most}" if most >= 2 else f"use protocol={REPEATED}:5"


def _forward(division: Division, protocol: Protocol, number: int) -> tuple[Index, Index]:
    """Return the training and the validation set of one of K folds that go forward in time.

    The examples are cut by time into K + 1 blocks of about the same size; each but the first is held out once. A group
    belongs to the time of its newest example, and what is of one time is not cut.

    Raises:
        BadData: If rounds would differ by a shuffle, or there are too few times.
    """
    assert division.times is not None
    if protocol.shuffles:
        raise BadData(f"{protocol} shuffles, and these examples have an order in time  use protocol={KFOLD}:4")
    ends = last_times(division.groups, division.times)
    counts = np.bincount(ends)
    blocks = protocol.folds + 1
    if len(counts) < blocks:
        raise BadData(
            f"{protocol} forward in time needs {blocks} different times, and the data has {len(counts)}"
            f"  {_instead(len(counts) - 1) if len(counts) > 2 else 'leave --time-on out'}"
        )
    block = _cut(counts, blocks)[ends]
    train = block <= number if division.window != SLIDING else block == number
    return np.flatnonzero(train), np.flatnonzero(block == number + 1)


def _cut(counts: NDArray[np.int64], blocks: int) -> NDArray[np.int64]:
    """Deal times with these counts, (m,), into blocks in their order, none empty; return the block of each."""
    cuts = np.searchsorted(np.cumsum(counts), counts.sum() * np.arange(1, blocks) / blocks - 0.5) + 1
    for k in range(len(cuts)):  # a block has at least one time, and leaves one for each that follows
        cuts[k] = min(max(cuts[k], k + 1, cuts[k - 1] + 1 if k else 1), len(counts) - (blocks - 1 - k))
    return np.searchsorted(cuts, np.arange(len(counts)), side="right")
