"""Draw a digit that no data set holds, as a file that a network can be asked about."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

from dl import files

DIGIT = "seven.pgm"
SIDE, STROKE = 28, 2
CORNERS = ((6, 6), (21, 6), (12, 23))  # across and down, of the line of a seven
WHITE = 255


def draw_digit(folder: Path) -> None:
    """Write a seven of 28 x 28 pixels, white on black as in MNIST, in the format PGM."""
    rows = [bytearray(SIDE) for _ in range(SIDE)]
    for (left, top), (right, bottom) in pairwise(CORNERS):
        steps = max(abs(right - left), abs(bottom - top))
        for k in range(steps + 1):
            across, down = left + (right - left) * k // steps, top + (bottom - top) * k // steps
            for row in rows[down : down + STROKE]:
                row[across : across + STROKE] = bytes([WHITE] * STROKE)
    files.write_bytes(folder / DIGIT, f"P5 {SIDE} {SIDE} {WHITE}\n".encode() + b"".join(rows))
