"""Several targets of different kinds: a class, labels and numbers for one example, side by side as numbers.

Targets are stored in one array (N, W) float64: the number of a class, 0 or 1 for each label, and values, head by head.
Letters: ``N`` examples, ``W`` columns of all heads.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from dl.words import show_number

CLASSES, LABELS, NUMBERS = "classes", "labels", "numbers"


@dataclass(frozen=True)
class Head:
    """One of several targets.

    Args:
        name: Of its column.
        kind: ``classes``, ``labels`` or ``numbers``.
        names: Of the classes or labels; of numbers that of the column.
        width: Columns that it takes.
    """

    name: str
    kind: str
    names: tuple[str, ...]
    width: int = 1

    def own(self, columns: NDArray[Any]) -> NDArray[Any]:  # Any: numbers of any kind
        """Return the columns of this head, (N, width), as a target that stands alone."""
        if self.kind == LABELS:
            return np.asarray(columns).astype(np.uint8)
        return np.asarray(columns[:, 0]).astype(np.int64 if self.kind == CLASSES else np.float64)

    def words(self, cells: NDArray[Any]) -> str:  # Any: likewise
        """Write one target of this head, (width,), in words."""
        if self.kind == CLASSES:
            return self.names[int(cells[0])]
        if self.kind == LABELS:
            return ", ".join(name for name, on in zip(self.names, cells, strict=True) if on) or "none"
        return show_number(float(cells[0]))


class HeadNames(tuple[str, ...]):
    """The names of several targets, as those of an `Examples`; to who reads no more it is a tuple of their columns.

    Attributes:
        heads: The targets, in the order of their columns.
    """

    heads: tuple[Head, ...] = ()

    @classmethod
    def of(cls, heads: Sequence[Head]) -> Self:
        """Return the names of these targets."""
        names = cls(head.name for head in heads for _ in range(head.width))
        names.heads = tuple(heads)
        return names

    def split(self, targets: NDArray[Any]) -> list[NDArray[Any]]:  # Any: as `Head.own`
        """Return the target of each head from those of all, (N, W)."""
        ends = np.cumsum([head.width for head in self.heads])
        return [head.own(targets[:, end - head.width : end]) for head, end in zip(self.heads, ends, strict=True)]


def heads_of(names: Sequence[str]) -> tuple[Head, ...]:
    """Return the heads that names of targets stand for; empty for a single target."""
    return names.heads if isinstance(names, HeadNames) else ()


def in_words(heads: Sequence[Head], row: NDArray[Any]) -> str:  # Any: numbers of any kind
    """Write the targets of one example, (W,), in words."""
    ends = np.cumsum([head.width for head in heads])
    each = (f"{head.name} {head.words(row[end - head.width : end])}" for head, end in zip(heads, ends, strict=True))
    return ", ".join(each)


def join(columns: Sequence[NDArray[Any]]) -> NDArray[np.float64]:  # Any: targets of any kind
    """Return targets side by side, (N, W)."""
    return np.concatenate([np.asarray(one, np.float64).reshape(len(one), -1) for one in columns], axis=1)
