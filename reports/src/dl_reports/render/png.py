"""Small images as PNG inside a page.

Source: Portable Network Graphics specification, third edition, W3C 2025, sections 5 and 11.
"""

from __future__ import annotations

import struct
import zlib
from base64 import b64encode

import numpy as np
from numpy.typing import NDArray

SIGNATURE = b"\x89PNG\r\n\x1a\n"
GREY, RGB = 0, 2  # colour types


def data_uri(image: NDArray[np.uint8]) -> str:
    """Return an image (h, w, c) as an address that holds it; of two channels the first, of four the first three."""
    return "data:image/png;base64," + b64encode(png(image)).decode()


def png(image: NDArray[np.uint8]) -> bytes:
    """Return an image (h, w, c) as a PNG file of eight bits a channel."""
    pixels = image[..., :3] if image.shape[2] >= 3 else image[..., :1]
    height, width, channels = pixels.shape
    rows = np.zeros((height, 1 + width * channels), np.uint8)  # each row begins with its filter, 0 for none
    rows[:, 1:] = pixels.reshape(height, -1)
    head = struct.pack(">IIBBBBB", width, height, 8, RGB if channels == 3 else GREY, 0, 0, 0)
    body = zlib.compress(rows.tobytes(), 9)
    return SIGNATURE + _chunk(b"IHDR", head) + _chunk(b"IDAT", body) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
