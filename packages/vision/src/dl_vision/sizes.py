"""Choose one size for images that differ in size, and the sentence that says so."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dl.options import Options
from dl_vision.cache import Shape

PIXELS = 250_000_000  # of all images together: 5,000 of 224 x 224
LEAST, MOST = 8, 224  # of a side
ALWAYS = 64  # side that is not cut, however many images there are
WIDE = 2.0  # times wider than high, from where images may be lines of text


@dataclass(frozen=True)
class ChosenShape:
    """The shape that images are read in.

    Args:
        shape: Height, width and channels.
        note: That images were resized though nobody asked for it; empty otherwise.
    """

    shape: Shape
    note: str = ""

    @property
    def notes(self) -> tuple[str, ...]:
        """The note, if there is one."""
        return (self.note,) if self.note else ()

    @property
    def options(self) -> Options:
        """What was decided, so that the recipe holds it."""
        return {"size": self.shape[0]} if self.note else {}


def common_side(sizes: Sequence[tuple[int, int]]) -> int:
    """Return the side of the square that images of these heights and widths are resized to.

    It is the median of their shorter sides, less where so many large images would take long to train on.
    """
    median = round(statistics.median(min(size) for size in sizes))
    affordable = max(int(math.sqrt(PIXELS / len(sizes))), ALWAYS)
    return min(max(median, LEAST), MOST, affordable)


def are_wide(sizes: Sequence[tuple[int, int]]) -> bool:
    """Return whether images of these heights and widths may be lines of text, which no square holds."""
    return statistics.median(width / height for height, width in sizes) >= WIDE


def common_shape(
    sizes: Sequence[tuple[int, int]], channels: int, name_of: Callable[[int], str] = lambda _at: ""
) -> ChosenShape:
    """Return the shape of images of these heights and widths: what all have, or a square that all are resized to.

    Args:
        sizes: Of each image.
        channels: Of all.
        name_of: Returns the name of an image by its place; empty where it has none.
    """
    if len(set(sizes)) == 1:
        return ChosenShape((*sizes[0], channels))
    side = common_side(sizes)
    note = f"images of {sizes_in_words(sizes, name_of)}: all resized to {side}x{side}; size= takes another side"
    return ChosenShape((side, side, channels), note)


def sizes_in_words(sizes: Sequence[tuple[int, int]], name_of: Callable[[int], str] = lambda _at: "") -> str:
    """Count the sizes and show two, with the arguments of `common_shape`: ``2 sizes, as 6x8 and 40x50``."""
    first: dict[tuple[int, int], int] = {}
    for at, size in enumerate(sizes):
        first.setdefault(size, at)
    shown = [
        f"{height}x{width}" + (f" ({name})" if (name := name_of(at)) else "")
        for (height, width), at in list(first.items())[:2]
    ]
    return f"{len(first)} sizes, as {' and '.join(shown)}"
