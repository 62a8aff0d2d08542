"""The sums (SHA-256) of exported files, by which a loader, or `sha256sum --check`, notices a changed byte."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

SUMS, SUFFIX = "SHA256SUMS", ".sha256"  # of a folder, and after the name of a single file without its own suffix
KEY = "sha256"  # of the sum that a file of safetensors holds of itself
BLANK = "0" * 64  # in its place while the sum is computed
MARK = f'"{KEY}":"%s"'


def sum_of(content: bytes) -> str:
    """Return the sum of a content, 64 digits."""
    return hashlib.sha256(content).hexdigest()


def listed(contents: Mapping[str, bytes]) -> bytes:
    """Return a line for each file with its sum and name, as `sha256sum` writes them."""
    return "".join(f"{sum_of(content)}  {name}\n" for name, content in contents.items()).encode()


def with_own_sum(content: bytes) -> bytes:
    """Return a file of safetensors whose header has `BLANK` under `KEY` with its own sum there."""
    blank, own = (MARK % BLANK).encode(), (MARK % sum_of(content)).encode()
    assert content.count(blank) == 1  # quotes in the other values of a header are escaped
    return content.replace(blank, own)
