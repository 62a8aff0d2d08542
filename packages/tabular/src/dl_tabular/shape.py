"""The shape of a prepared row, with what a network may know of its columns."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self


class RowShape(tuple[int, ...]):
    """The shape (D,) of a prepared row; to a network that reads no more it is a tuple.

    Attributes:
        embedded: Start and end of the columns of each category that has too many values for a one-hot input.
    """

    embedded: tuple[tuple[int, int], ...] = ()

    @classmethod
    def of(cls, width: int, embedded: Iterable[tuple[int, int]]) -> Self:
        """Return the shape of rows of a width."""
        shape = cls((width,))
        shape.embedded = tuple(embedded)
        return shape
