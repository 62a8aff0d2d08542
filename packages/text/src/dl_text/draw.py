"""Shorten texts for the terminal and for the report of a run."""

import numpy as np
from numpy.typing import NDArray
from rich.text import Text

from dl.data.ragged import as_text
from dl.terminal import plain

LARGEST_SKETCH = 600  # characters
LINES = 6  # of a text on a card


def sketch(text: NDArray[np.uint8]) -> str:
    """Return the beginning of a text, at most 600 characters."""
    return shortened(text, LARGEST_SKETCH)


def draw(text: NDArray[np.uint8], width: int) -> Text:
    """Return the beginning of a text for the terminal, at most `LINES` lines of this width."""
    return plain(shortened(text, LINES * width), longest=LINES * width)


def shortened(text: NDArray[np.uint8], longest: int) -> str:
    """Return a text in one line, cut to at most ``longest`` characters."""
    words = " ".join(as_text(text[: 4 * longest + 4]).split())  # a character has at most four bytes
    return words if len(words) <= longest else words[: longest - 1] + "…"
