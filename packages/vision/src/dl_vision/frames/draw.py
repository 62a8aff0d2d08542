"""Draw the last frames of a window side by side, the one to predict on the right."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dl.data.pictures import Picture, as_rgb, shrink
from dl.data.pictures import draw as draw_picture

SHOWN = 3  # frames
BETWEEN = 96  # grey of the line between two
LARGEST = 128  # columns of a sketch


def strip(window: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Lay the last frames of a window (T, H, W, C) side by side, (H, w, C)."""
    last = window[-SHOWN:]
    line = np.full((last.shape[1], max(1, last.shape[2] // 24), last.shape[3]), BETWEEN, np.uint8)
    pieces = [piece for frame in last for piece in (line, frame)]
    return np.concatenate(pieces[1:], axis=1)


def draw(window: NDArray[np.uint8], columns: int) -> Picture:
    """Draw a window in the terminal."""
    return draw_picture(strip(window), columns)


def sketch(window: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Shrink the last frames of a window to the thumbnail shown in a report."""
    image = strip(window)
    return shrink(as_rgb(image) if image.shape[2] > 1 else image, LARGEST)
