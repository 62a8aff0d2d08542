"""Group related texts, and split off a fixed test set of whole groups, chosen by a hash of their key."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dl.data.examples import Examples, Index, content_number
from dl.data.ragged import texts

TEST_SHARE = 10  # one group in ten is in the test set


@dataclass(frozen=True)
class Labelled:
    """One text with its target and its group keys: texts that share a key are in one group."""

    text: str
    target: int | tuple[int, ...] | tuple[float, ...]
    keys: tuple[str, ...]


def group_numbers(keys: Sequence[Sequence[str]]) -> Index:
    """Number the groups, (N,), from the keys of each example.

    Groups are the connected components of "shares a key". A group's number depends on its least key alone, not on the
    order of the examples.
    """
    above: dict[str, str] = {}

    def least(key: str) -> str:
        while (parent := above.setdefault(key, key)) != key:
            above[key] = key = above[parent]
        return key

    for own in keys:
        roots = sorted({least(key) for key in own})
        for root in roots:
            above[root] = roots[0]
    return np.array([content_number(least(own[0]).encode()) for own in keys], np.int64)


def split(
    rows: Sequence[Labelled], names: tuple[str, ...], dtype: type[np.generic]
) -> tuple[Examples, Callable[[], Examples]]:
    """Return the training set, and the function that returns the test set, both ordered by id.

    Ids are hashes, so that this order is independent of the meaning of the texts.

    Args:
        rows: All of them, each text once.
        names: Of the classes, labels or columns.
        dtype: Of the targets.
    """
    rows = sorted(rows, key=lambda row: content_number(row.text.encode()))
    groups = group_numbers([row.keys for row in rows])
    is_test = groups % TEST_SHARE == 0
    return _examples(rows, groups, ~is_test, names, dtype), lambda: _examples(rows, groups, is_test, names, dtype)


def _examples(
    rows: Sequence[Labelled],
    groups: Index,
    chosen: NDArray[np.bool_],
    names: tuple[str, ...],
    dtype: type[np.generic],
) -> Examples:
    kept = [row for row, keep in zip(rows, chosen, strict=True) if keep]
    ids = np.array([content_number(row.text.encode()) for row in kept], np.int64)
    targets = np.array([row.target for row in kept], dtype)
    return Examples(texts(row.text for row in kept), targets, ids, names, groups=groups[chosen])
