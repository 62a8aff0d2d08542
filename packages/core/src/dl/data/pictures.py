"""Pictures in the terminal: half blocks, two pixels a character, with 256 colours or more; shade characters otherwise.

A picture is uint8 (H, W, C) with C of 1 (grey) or 3 (red, green, blue).
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rich.color import Color
from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.segment import Segment
from rich.style import Style

UPPER_HALF = "▀"
SHADES = " ░▒▓█"
ASCII_SHADES = " .:-=+*#%@"
LUMA = (0.299, 0.587, 0.114)  # of red, green and blue; Source: ITU-R BT.601
ENOUGH = ("256", "truecolor")  # sixteen colours hold four greys, which is less than the shades give


@dataclass(frozen=True)
class Picture:
    """A rich renderable of an image (H, W, 3) with an even number of rows."""

    pixels: NDArray[np.uint8]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        colour = console.color_system in ENOUGH and not console.no_color and not options.ascii_only
        lines = self._in_colour() if colour else self._in_shades(ASCII_SHADES if options.ascii_only else SHADES)
        for line in lines:
            yield from line
            yield Segment.line()

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement(self.pixels.shape[1], self.pixels.shape[1])

    def _in_colour(self) -> list[list[Segment]]:
        pairs = zip(self.pixels[0::2].tolist(), self.pixels[1::2].tolist(), strict=True)
        return [[_half_blocks(*two) for two in zip(upper, lower, strict=True)] for upper, lower in pairs]

    def _in_shades(self, shades: str) -> list[list[Segment]]:
        luma = self.pixels @ np.array(LUMA)
        level = (luma[0::2] + luma[1::2]) / 2 / 255  # 0 to 1
        steps = np.rint(level * (len(shades) - 1)).astype(int)
        return [[Segment("".join(shades[step] for step in row))] for row in steps]


def draw(image: NDArray[np.uint8], columns: int) -> Picture:
    """Draw one image (H, W, C), one pixel a column, shrunk to ``columns`` where it is wider; never enlarged.

    An odd last row is padded with black. Of two channels the first is shown, of more than three the first three.
    """
    pixels = shrink(as_rgb(image), max(1, columns))
    return Picture(np.pad(pixels, ((0, pixels.shape[0] % 2), (0, 0), (0, 0))))


def as_rgb(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return (H, W, 3): the first channel repeated, or the first three of more."""
    return image[..., :3] if image.shape[2] >= 3 else np.repeat(image[..., :1], 3, axis=2)


def shrink(image: NDArray[np.uint8], columns: int) -> NDArray[np.uint8]:
    """Shrink an image (H, W, C) to at most ``columns`` columns by area averaging, keeping its aspect ratio."""
    height, width = image.shape[:2]
    if width <= columns:
        return image
    rows = max(1, round(height * columns / width))
    mean = np.einsum("yh,hwc,xw->yxc", _cover(height, rows), image, _cover(width, columns), optimize=True)
    return np.asarray(np.rint(mean), np.uint8)


def png(image: NDArray[np.uint8]) -> bytes:
    """Return an image (H, W, C), grey or coloured, as PNG. Source: the PNG specification; 8 bits, no filter."""
    pixels = as_rgb(image) if image.shape[2] > 1 else image
    rows = b"".join(b"\0" + np.ascontiguousarray(row).tobytes() for row in pixels)
    colour = 2 if pixels.shape[2] == 3 else 0
    header = struct.pack(">2I5B", pixels.shape[1], pixels.shape[0], 8, colour, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    written = [
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(written)


def _cover(old: int, new: int) -> NDArray[np.float64]:
    """Return the share of each new pixel that every old one covers, (new, old); rows sum to one."""
    edges = np.arange(new + 1) * old / new
    starts = np.arange(old)
    overlap = np.minimum(edges[1:, None], starts + 1) - np.maximum(edges[:-1, None], starts)
    return np.asarray(np.clip(overlap, 0, None) * new / old)


def _half_blocks(upper: list[int], lower: list[int]) -> Segment:
    return Segment(UPPER_HALF, Style(color=Color.from_rgb(*upper), bgcolor=Color.from_rgb(*lower)))
