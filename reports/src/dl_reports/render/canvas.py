"""A canvas of braille dots: each character holds two dots across and four up, for smooth curves.

Dots count from the lower left corner. Lines cover marks, marks cover bands.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from rich.text import Text

BLANK = 0x2800
# Bit of each dot in a braille character, [row from above, column]. Source: Unicode 15, block Braille Patterns.
BITS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]], np.uint8)
DOTS_ACROSS, DOTS_UP = 2, 4
Layers = list[tuple[list[list[int]], str]]  # bits of each character, row by row, and their style


@dataclass
class Canvas:
    """A rectangle of characters to draw on.

    Args:
        columns: Characters across.
        rows: Characters down.
    """

    columns: int
    rows: int
    _lines: list[tuple[NDArray[np.bool_], str]] = field(default_factory=list)
    _bands: list[tuple[NDArray[np.bool_], str]] = field(default_factory=list)
    _characters: dict[tuple[int, int], tuple[str, str]] = field(default_factory=dict)

    @property
    def across(self) -> int:
        """Dots across."""
        return self.columns * DOTS_ACROSS

    @property
    def up(self) -> int:
        """Dots up."""
        return self.rows * DOTS_UP

    def dots(self, dots: NDArray[np.bool_], style: str) -> None:
        """Draw dots (up, across) over all earlier ones, row 0 at the bottom."""
        self._lines.append((dots, style))

    def under(self, dots: NDArray[np.bool_], style: str) -> None:
        """Draw dots under all lines and characters."""
        self._bands.append((dots, style))

    def put(self, column: int, row: int, character: str, style: str) -> None:
        """Put a character where no dots are, counting rows from above."""
        self._characters[row, column] = (character, style)

    def lines(self) -> list[Text]:
        """Return the drawing, the upper row first."""
        lines, bands = ([(_braille(dots), style) for dots, style in layers] for layers in (self._lines, self._bands))
        size = range(self.columns)
        return [Text.assemble(*(self._cell(lines, bands, row, k) for k in size)) for row in range(self.rows)]

    def _cell(self, lines: Layers, bands: Layers, row: int, column: int) -> tuple[str, str]:
        return (
            _uppermost(lines, row, column)
            or self._characters.get((row, column))
            or _uppermost(bands, row, column)
            or (" ", "")
        )


def _uppermost(layers: Layers, row: int, column: int) -> tuple[str, str] | None:
    for bits, style in reversed(layers):
        if bits[row][column]:
            return chr(BLANK + bits[row][column]), style
    return None


def _braille(dots: NDArray[np.bool_]) -> list[list[int]]:
    """Return the bits of each character, row by row, from dots (up, across)."""
    rows, columns = dots.shape[0] // DOTS_UP, dots.shape[1] // DOTS_ACROSS
    blocks = dots[::-1].reshape(rows, DOTS_UP, columns, DOTS_ACROSS)
    bits: list[list[int]] = (blocks * BITS[None, :, None, :]).sum(axis=(1, 3)).tolist()
    return bits


def along(canvas: Canvas, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the height of a line in dots above each dot across; NaN where the line has none.

    Args:
        canvas: Its size counts.
        x: (T,) shares of the width, rising.
        y: (T,) shares of the height, NaN where there is no point.
    """
    heights = np.full(canvas.across, np.nan)
    places = np.linspace(0, 1, canvas.across)
    for start in range(len(x) - 1):
        if np.isfinite(y[start : start + 2]).all():
            here = (places >= x[start] - 1e-9) & (places <= x[start + 1] + 1e-9)
            heights[here] = np.interp(places[here], x[start : start + 2], y[start : start + 2])
    return heights * (canvas.up - 1)


def stroke(canvas: Canvas, heights: NDArray[np.float64], on: int, off: int) -> NDArray[np.bool_]:
    """Return the dots of a line; ``on`` dots drawn and ``off`` left out in turn, counted along the line."""
    dots = np.zeros((canvas.up, canvas.across), bool)
    travelled, before = 0, None
    for across, height in enumerate(heights):
        if np.isnan(height):
            before = None
            continue
        level = round(float(height))
        for dot in _climb(before, level):
            dots[dot, across] = off == 0 or travelled % (on + off) < on
            travelled += 1
        before = level
    return dots


def shade(canvas: Canvas, low: NDArray[np.float64], high: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return every fourth dot of each row between two lines, rows shifted against each other."""
    up, across = np.mgrid[: canvas.up, : canvas.across]
    with np.errstate(invalid="ignore"):
        inside = (up >= np.rint(low)[None, :]) & (up <= np.rint(high)[None, :])
    return np.asarray(inside & ((across + 2 * up) % 4 == 0))


def _climb(before: int | None, level: int) -> range:
    """List the dots of one column: the level, and all that join it to the column before."""
    if before is None or abs(before - level) <= 1:
        return range(level, level + 1)
    return range(before + 1, level + 1) if level > before else range(before - 1, level - 1, -1)
