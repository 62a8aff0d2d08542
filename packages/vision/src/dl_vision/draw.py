"""What an image looks like: in the terminal, and as the small picture that a run keeps for its report."""

import numpy as np
from numpy.typing import NDArray

from dl.data.pictures import Picture, as_rgb, draw, shrink

__all__ = ["Picture", "draw", "sketch"]

LARGEST_SKETCH = 64  # columns


def sketch(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Shrink one image (H, W, C) to at most 64 columns, to be kept with a run and shown in its report."""
    return shrink(as_rgb(image) if image.shape[2] > 1 else image, LARGEST_SKETCH)
