"""The shape of a prepared series, with what a network may know of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True)
class Beginning:
    """Where a forecast begins: at values of the window, in the scale in which the task learns its target.

    Args:
        column: The prepared column of the values.
        season: Steps back to the values; 1 for the last one.
        factors: (K,) by which a prepared value is multiplied, for each step to forecast.
        offsets: (K,) added to it.
        shares: Whether the target are numbers from 0 to 1, of which the log-odds are learnt.
    """

    column: int
    season: int
    factors: tuple[float, ...]
    offsets: tuple[float, ...]
    shares: bool = False


class SeriesShape(tuple[int, ...]):
    """The shape (longest, C) of prepared series of C numbers a step; to a network that reads no more it is a tuple.

    Attributes:
        begins: Where a forecast begins; None where nothing is forecast.
    """

    begins: Beginning | None = None

    @classmethod
    def of(cls, longest: int, columns: int, begins: Beginning | None = None) -> Self:
        """Return the shape of series of at most so many steps."""
        shape = cls((longest, columns))
        shape.begins = begins
        return shape
