"""Small images as PNG inside a page."""

from __future__ import annotations

import io
from base64 import b64encode

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def data_uri(image: NDArray[np.uint8]) -> str:
    """Return an image (h, w, c) as a data URL."""
    return "data:image/png;base64," + b64encode(png(image)).decode()


def png(image: NDArray[np.uint8]) -> bytes:
    """Return an image (h, w, c) as a PNG file: of two channels the first, of four the first three."""
    pixels = image[..., :3] if image.shape[2] >= 3 else image[..., 0]
    stream = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(stream, "PNG", optimize=True)
    return stream.getvalue()
