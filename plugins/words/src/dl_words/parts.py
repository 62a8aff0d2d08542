"""Groups of texts that belong together, and the fixed test part: whole groups, chosen by what they are called."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dl.data.examples import Examples, Index, content_number
from dl.data.ragged import texts

TEST_SHARE = 10  # one group in so many is the test part


@dataclass(frozen=True)
class Labelled:
    """One text with its target, and the keys of what it belongs to: texts that share a key are of one group."""

    text: str
    target: int | tuple[int, ...] | tuple[float, ...]
    keys: tuple[str, ...]


def group_numbers(keys: Sequence[Sequence[str]]) -> Index:
    """Number the groups, (N,), from the keys of each example.

    Two examples are of one group if they share a key, or are joined by others that do. A group's number depends on its
    least key alone, so it holds whatever the order of the examples.
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
    """Return the training part, and the function that returns the test part, both in the order of their ids.

    That order has nothing to do with what the texts say; whoever takes the first of a group takes any of it.

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
