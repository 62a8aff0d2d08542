"""The shape of a prepared series, with what a network may know of it."""

from __future__ import annotations

from typing import Self


class SeriesShape(tuple[int, ...]):
    """The shape (longest, C) of prepared series of C numbers a step; to a network that reads no more it is a tuple.

    Attributes:
        history: The column whose next values are forecast; -1 where nothing is.
        season: Steps back to the values that a forecast begins with; 1 for the last one.
    """

    history: int = -1
    season: int = 1

    @classmethod
    def of(cls, longest: int, columns: int, history: int = -1, season: int = 1) -> Self:
        """Return the shape of series of at most so many steps."""
        shape = cls((longest, columns))
        shape.history, shape.season = history, season
        return shape
