"""Read IDX files, the format MNIST is published in: a header of big-endian numbers, then the bytes of an array.

A file is decompressed into its array and verified by the hash of the decompressed bytes.
"""

import gzip
import struct
import zlib
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dl.errors import BadFile
from dl.version import PROJECT

UNSIGNED_BYTE = 0x08  # the type code of uint8 in the header
BLOCK = 1 << 20  # bytes decompressed at once


@dataclass(frozen=True)
class IdxFile:
    """A published file: its name, the shape of its array, and the sha256 of its decompressed bytes."""

    name: str
    shape: tuple[int, ...]
    sha256: str


def read_idx(folder: Path, known: IdxFile) -> NDArray[np.uint8]:
    """Read one gzip-compressed IDX file of unsigned bytes and verify it.

    Raises:
        BadFile: If it is missing, not gzip, truncated, or differs from the published file.
    """
    path = folder / known.name
    array = np.empty(known.shape, np.uint8)
    try:
        with gzip.open(path) as stream:
            header = _read_header(stream, path, known.shape)
            _fill(stream, array, path)
    except (OSError, EOFError, zlib.error) as error:
        raise BadFile(f"{str(path)!r} cannot be decompressed: {error}  reinstall {PROJECT}-mnist") from error
    digest = sha256(header)
    digest.update(array.data)
    if digest.hexdigest() != known.sha256:
        raise _mismatch(path, f"sha256 {known.sha256}", digest.hexdigest())
    return array


def _read_header(stream: gzip.GzipFile, path: Path, shape: tuple[int, ...]) -> bytes:
    expected = struct.pack(f">BBBB{len(shape)}I", 0, 0, UNSIGNED_BYTE, len(shape), *shape)
    header = stream.read(len(expected))
    if header != expected:
        raise _mismatch(path, f"the IDX header {expected.hex()}", header.hex() or "an empty file")
    return header


def _fill(stream: gzip.GzipFile, array: NDArray[np.uint8], path: Path) -> None:
    """Decompress block by block into the array, which must be filled exactly."""
    rest = array.reshape(-1)
    while len(rest) and (block := stream.read(min(BLOCK, len(rest)))):
        rest[: len(block)] = np.frombuffer(block, np.uint8)
        rest = rest[len(block) :]
    if len(rest) or stream.read(1):
        found = f"{array.size - len(rest):,} bytes" if len(rest) else "more"
        raise _mismatch(path, f"{array.size:,} bytes after the header", found)


def _mismatch(path: Path, expected: str, found: str) -> BadFile:
    return BadFile(f"{str(path)!r}: expected {expected}, found {found}  reinstall {PROJECT}-mnist")
