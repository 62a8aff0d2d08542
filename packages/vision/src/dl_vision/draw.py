"""Draw images in the terminal, and shrink them to the thumbnails stored in a run."""

import numpy as np
from numpy.typing import NDArray

from dl.data.pictures import Picture, as_rgb, draw, shrink

__all__ = ["Picture", "draw", "sketch"]

LARGEST_SKETCH = 64  # columns


def sketch(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Shrink one image (H, W, C) to at most 64 columns, the thumbnail shown in a report."""
    return shrink(as_rgb(image) if image.shape[2] > 1 else image, LARGEST_SKETCH)
