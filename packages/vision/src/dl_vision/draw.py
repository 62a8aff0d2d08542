"""Drawing an image in the terminal: two pixels a character, in colour where there is colour, in shades where not."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from rich.color import Color
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.measure import Measurement
from rich.segment import Segment
from rich.style import Style

UPPER_HALF = "▀"
SHADES = " ░▒▓█"
ASCII_SHADES = " .:-=+*#%@"
LARGEST_SKETCH = 64  # columns
LUMA = (0.299, 0.587, 0.114)  # of red, green and blue; Source: ITU-R BT.601


def draw(image: NDArray[np.uint8], columns: int) -> RenderableType:
    """Draw one image (H, W, C), one column a pixel, shrunk where it is wider than ``columns``; never enlarged."""
    return Drawing(_shrunk(_as_rgb(image), max(1, columns)))


def sketch(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Shrink one image (H, W, C) to at most 64 columns, to be kept with a run and shown in its report."""
    return _shrunk(_as_rgb(image) if image.shape[2] > 1 else image, LARGEST_SKETCH)


@dataclass(frozen=True)
class Drawing:
    """An image (H, W, 3) of an even number of rows, which shows itself as the terminal allows."""

    pixels: NDArray[np.uint8]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        colour = console.color_system is not None and not console.no_color and not options.ascii_only
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


def _half_blocks(upper: list[int], lower: list[int]) -> Segment:
    return Segment(UPPER_HALF, Style(color=Color.from_rgb(*upper), bgcolor=Color.from_rgb(*lower)))


def _as_rgb(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Repeat one channel three times; of more than three show the first three, of two the first."""
    channels = image.shape[2]
    return image[..., :3] if channels >= 3 else np.repeat(image[..., :1], 3, axis=2)


def _shrunk(image: NDArray[np.uint8], columns: int) -> NDArray[np.uint8]:
    """Return at most so many columns and an even number of rows; an odd last row gets a black one below."""
    height, width = image.shape[:2]
    if width > columns:
        size = (columns, max(1, round(height * columns / width)))
        pixels = np.ascontiguousarray(image[..., 0] if image.shape[2] == 1 else image)
        image = np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BOX)).reshape(*size[::-1], -1)
    return np.pad(image, ((0, image.shape[0] % 2), (0, 0), (0, 0)))
