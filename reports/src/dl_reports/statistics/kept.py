"""Searches that take long and follow from their arguments alone, so that a caller may keep what one has found.

A search returns whole numbers; the bits of a number that is not whole stand among them, by `bits` and `from_bits`.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Found = NDArray[np.int64]
Search = Callable[[], Found]
Keep = Callable[[Search], Found]  # returns what a search finds, or found on the same arguments before


def at_once(search: Search) -> Found:
    """Keep nothing: search."""
    return search()


def bits(values: NDArray[np.float64] | float) -> Found:
    """Return the bits of numbers, of the same shape."""
    return np.asarray(values, np.float64).view(np.int64)


def from_bits(found: Found) -> NDArray[np.float64]:
    """Return the numbers that `bits` was given."""
    return np.ascontiguousarray(found).view(np.float64)
