"""The cache of decoded images (`dl.data.cache`), so that a folder is decoded once.

Two kinds of file. *Facts* say which contents the files of a folder have; they are found by the paths, sizes, times of
change and inodes of the files, which is quick. *Pixels* are found by those contents, the size and the colour, which is
right: touching, moving or renaming a file decodes nothing again, and a changed file is never taken for the old one.
Facts are not kept while a file is so young that it could be written again without its time of change moving on, or
while one could not be read.
Both are written whole or not at all; of two processes that decode the same images, the later replaces equal with equal.
"""

import json
import os
import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import IO

import numpy as np
import PIL
from numpy.lib import format as npy
from numpy.typing import NDArray

from dl.data.cache import cache_folder, trim, used
from dl.data.folders import FoundFile
from dl.errors import BadData, BadFile, CannotWrite
from dl.files import write_bytes, write_with
from dl.terminal import safe_text
from dl_vision.decode import UNREAD, Facts, decode, digest_of, for_each, inspect, read_content

VERSION = f"1 pillow {PIL.__version__}"
SETTLED = 2_000_000_000  # nanoseconds after which a file's time of change is trusted: the coarsest clock there is
MOVED_AT_ONCE = 256  # images

Shape = tuple[int, int, int]  # height, width, channels


class CacheWarning(UserWarning):
    """The cache cannot be used; images are decoded to memory, again in each run."""


@dataclass(frozen=True)
class Pixels:
    """The images that could be decoded, (n, H, W, C) uint8, which files they are, and why the others are not here."""

    images: NDArray[np.uint8]
    kept: list[int]
    bad: dict[int, str]


def open_cache() -> Path | None:
    """Return the cache folder, or None, with a warning, if it cannot be written."""
    try:
        return cache_folder("images")
    except CannotWrite as error:
        _warn(error)
        return None


def facts_of(files: Sequence[FoundFile], cache: Path | None) -> list[Facts]:
    """Return the facts of each file, from the cache if no file has changed since."""
    stored = cache / f"{_stamp_key(files)}.facts" if cache else None
    if stored and (known := _read_facts(stored)) is not None:
        return known
    facts: list[Facts] = [Facts(b"")] * len(files)

    def look(position: int) -> None:
        facts[position] = inspect(files[position].path)

    mean_bytes = sum(file.stamp[0] for file in files) / max(1, len(files))
    for_each(look, len(files), mean_bytes)
    newest = max((file.stamp[2] for file in files), default=0)
    if stored and newest < time.time_ns() - SETTLED and all(fact.digest != UNREAD for fact in facts):
        _keep(stored, _facts_to_bytes(facts))
    return facts


def pixels_of(files: Sequence[FoundFile], facts: Sequence[Facts], shape: Shape, cache: Path | None) -> Pixels:
    """Return the pixels of the files in this shape, decoded now or before."""
    if cache is not None:
        stored = cache / f"{_content_key(facts, shape)}.npy"
        if (known := _read_pixels(stored, len(files), shape)) is not None:
            return known
        try:
            write_with(stored, lambda stream: _fill(stream, stored, files, facts, shape))
        except CannotWrite as error:
            _warn(error)
        if (known := _read_pixels(stored, len(files), shape)) is not None:
            trim((stored, stored.with_suffix(".bad")))
            return known
    images = np.empty((len(files), *shape), np.uint8)
    bad = decode_all(images, [file.path for file in files], facts)
    kept = _pack(images, bad)
    return Pixels(images[: len(kept)], kept, bad)


def decode_all(images: NDArray[np.uint8], paths: Sequence[str], facts: Sequence[Facts]) -> dict[int, str]:
    """Decode each file into its row of ``images`` (N, H, W, C); return why some could not be, by position.

    Raises:
        BadData: If a file is gone or has changed since its facts were read, or the memory is full.
    """
    bad: dict[int, str] = {}
    height, width, channels = images.shape[1:]

    def put(position: int) -> None:
        if facts[position].error:
            bad[position] = facts[position].error
            return
        try:
            content = read_content(paths[position])
            if digest_of(content) != facts[position].digest:
                raise BadData(f"{safe_text(paths[position])!r} was written while it was read; try again")
            images[position] = decode(content, height, width, channels)
        except BadFile as error:
            bad[position] = str(error)
        except (OSError, MemoryError) as error:
            reason = getattr(error, "strerror", None) or "the memory is full"
            raise BadData(f"{safe_text(paths[position])!r} cannot be read any more: {reason}") from error

    for_each(put, len(paths), float(np.mean([fact.height * fact.width for fact in facts])))
    return dict(sorted(bad.items()))


def _fill(stream: IO[bytes], stored: Path, files: Sequence[FoundFile], facts: Sequence[Facts], shape: Shape) -> None:
    """Decode into a mapped .npy file whose space is reserved first: a full disk is an error, not a crash."""
    _write_header(stream, (len(files), *shape))
    start, size = stream.tell(), len(files) * int(np.prod(shape))
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(stream.fileno(), 0, start + size)
    images = np.memmap(stream, np.uint8, "r+", start, (len(files), *shape))
    bad = decode_all(images, [file.path for file in files], facts)
    if bad:
        kept = _pack(images, bad)
        write_bytes(stored.with_suffix(".bad"), json.dumps(bad).encode())
        _write_header(stream, (len(kept), *shape))
        images.flush()
        stream.truncate(start + len(kept) * int(np.prod(shape)))
    images.flush()


def _write_header(stream: IO[bytes], shape: tuple[int, ...]) -> None:
    """Write the head of a .npy file; numpy keeps room in it, so that its length is the same for any number."""
    stream.seek(0)
    npy.write_array_header_1_0(stream, {"descr": "|u1", "fortran_order": False, "shape": shape})
    stream.flush()


def _pack(images: NDArray[np.uint8], bad: dict[int, str]) -> list[int]:
    """Move the rows that could be decoded to the front, in order; return which they were."""
    kept = [position for position in range(len(images)) if position not in bad]
    if bad:
        for at in range(0, len(kept), MOVED_AT_ONCE):
            some = kept[at : at + MOVED_AT_ONCE]
            images[at : at + len(some)] = images[some]
    return kept


def _read_pixels(stored: Path, count: int, shape: Shape) -> Pixels | None:
    """Map the stored pixels, or return None if they are not there or not whole."""
    try:
        # Copy on write: torch wants writable arrays, and what is written stays in this process.
        images = np.load(stored, mmap_mode="c", allow_pickle=False)
        bad: dict[int, str] = {}
        if len(images) < count:
            bad = {int(at): str(why) for at, why in json.loads(stored.with_suffix(".bad").read_bytes()).items()}
    except (OSError, ValueError, EOFError, AttributeError):
        return None
    kept = [position for position in range(count) if position not in bad]
    if images.dtype != np.uint8 or images.shape != (len(kept), *shape):
        return None
    used(stored, stored.with_suffix(".bad"))
    return Pixels(images, kept, bad)


def _stamp_key(files: Sequence[FoundFile]) -> str:
    digest = blake2b(VERSION.encode(), digest_size=16)
    for file in files:
        digest.update(os.fsencode(os.path.abspath(file.path)) + b"\0" + repr(file.stamp).encode() + b"\0")  # noqa: PTH100
    return digest.hexdigest()


def _content_key(facts: Sequence[Facts], shape: Shape) -> str:
    digest = blake2b(f"{VERSION} {shape}".encode(), digest_size=16)
    for fact in facts:
        digest.update(fact.digest)
    return digest.hexdigest()


def _facts_to_bytes(facts: Sequence[Facts]) -> bytes:
    rows = [[fact.digest.hex(), fact.height, fact.width, fact.grey, fact.error] for fact in facts]
    return json.dumps(rows, separators=(",", ":")).encode()


def _read_facts(stored: Path) -> list[Facts] | None:
    try:
        rows = json.loads(stored.read_bytes())
        facts = [Facts(bytes.fromhex(digest), int(h), int(w), bool(grey), str(why)) for digest, h, w, grey, why in rows]
    except (OSError, ValueError, TypeError):
        return None
    used(stored)
    return facts


def _keep(stored: Path, content: bytes) -> None:
    try:
        write_bytes(stored, content)
    except CannotWrite as error:
        _warn(error)


def _warn(error: CannotWrite) -> None:
    message = f"{error}; images are decoded to memory  choose a cache folder with DL_CACHE="
    warnings.warn(message, CacheWarning, stacklevel=4)
