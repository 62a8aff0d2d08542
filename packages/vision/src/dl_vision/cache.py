"""The cache of decoded images (`dl.data.cache`), so that a folder is decoded once.

It holds two kinds of files. *Facts* are the content hashes and header data of a folder's files; their key is the paths,
sizes, times of change and inodes of the files, which is quick to compute. *Pixels* are decoded images; their key is the
content hashes, the size and the colour, so that touching, moving or renaming a file decodes nothing again, and a
changed file is never mistaken for the old one. Facts are not stored while a file is so recent that it could change
within the clock's resolution, or while a file could not be read.
Both are written atomically; two processes that decode the same images write equal files.
"""

import json
import os
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import IO

import numpy as np
import PIL
from numpy.lib import format as npy
from numpy.typing import NDArray

from dl import regular
from dl.data.cache import cache_folder, is_whole, mark_used, read_entry, trim, write_entry
from dl.data.folders import FoundFile
from dl.errors import BadData, BadFile, CannotWrite
from dl.stored import parse_json
from dl.terminal import safe_text
from dl_vision.decode import UNREAD, ImageFacts, decode_file, for_each, inspect
from dl_vision.decoders import Decoders, decoders, keep_at

VERSION = f"1 pillow {PIL.__version__}"
SETTLED = 2_000_000_000  # nanoseconds after which a file's time of change is trusted: the coarsest clock in use
MOVED_AT_ONCE = 256  # images

Shape = tuple[int, int, int]  # height, width, channels


class CacheWarning(UserWarning):
    """The cache cannot be used; images are decoded to memory, again in each run."""


@dataclass(frozen=True)
class Pixels:
    """Decoded images (n, H, W, C) uint8, the positions (n) of their files, and the errors of the others by position."""

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


def read_facts(files: Sequence[FoundFile], cache: Path | None) -> list[ImageFacts]:
    """Return the facts of each file, from the cache if no file has changed."""
    stored = cache / f"{_stamp_key(files)}.facts" if cache else None
    if stored and (known := _load_facts(stored)) is not None:
        return known
    facts: list[ImageFacts] = [ImageFacts(b"")] * len(files)

    def look(position: int) -> None:
        facts[position] = inspect(files[position].path)

    mean_bytes = sum(file.stamp[0] for file in files) / max(1, len(files))
    for_each(look, len(files), mean_bytes)
    newest = max((file.stamp[2] for file in files), default=0)
    if stored and newest < time.time_ns() - SETTLED and all(fact.digest != UNREAD for fact in facts):
        _store(stored, _facts_to_bytes(facts))
    return facts


def read_pixels(
    files: Sequence[FoundFile], facts: Sequence[ImageFacts], shape: Shape, cache: Path | None, *, as_lines: bool = False
) -> Pixels:
    """Decode the files to this shape, as lines in proportion, or take them from the cache."""
    if cache is not None:
        stored = cache / f"{_content_key(facts, shape, as_lines=as_lines)}.npy"
        if (known := _load_pixels(stored, len(files), shape)) is not None:
            return known
        try:
            write_entry(stored, lambda stream: _fill(stream, stored, files, facts, shape, as_lines=as_lines))
        except CannotWrite as error:
            _warn(error)
        if (known := _load_pixels(stored, len(files), shape, written=True)) is not None:
            trim((stored, stored.with_suffix(".bad")))
            return known
    images = np.empty((len(files), *shape), np.uint8)
    bad = decode_all(images, [file.path for file in files], facts, as_lines=as_lines)
    kept = _pack(images, bad)
    return Pixels(images[: len(kept)], kept, bad)


def decode_all(
    images: NDArray[np.uint8],
    paths: Sequence[str],
    facts: Sequence[ImageFacts],
    *,
    as_lines: bool = False,
    keep: Callable[[int, NDArray[np.uint8]], object] | None = None,
    beside: Decoders | None = None,
) -> dict[int, str]:
    """Decode each file into its row of ``images`` (N, H, W, C); return the errors by position.

    Args:
        images: As they are decoded.
        paths: Of the files.
        facts: Of the files.
        as_lines: Whether to keep proportions.
        keep: Keeps an image at its position in another way, as in the file that the images are mapped from.
        beside: Processes that decode into that file.

    Raises:
        BadData: If a file was removed or changed since its facts were read, or memory is exhausted.
    """
    bad = {position: fact.error for position, fact in enumerate(facts) if fact.error}
    height, width, channels = images.shape[1:]
    keep = keep or images.__setitem__

    def put(position: int) -> None:
        if facts[position].error:
            return
        try:
            digest = facts[position].digest
            keep(position, decode_file(paths[position], digest, (height, width, channels), as_line=as_lines))
        except BadFile as error:
            bad[position] = str(error)
        except (OSError, MemoryError) as error:
            reason = getattr(error, "strerror", None) or "the memory is full"
            raise BadData(f"{safe_text(paths[position])!r} can no longer be read: {reason}") from error

    def put_beside(block: range) -> bool:
        if beside is None:
            return False
        found = beside.decode([(at, paths[at], facts[at].digest) for at in block if not facts[at].error])
        if found is None:
            return False
        bad.update(found)
        return True

    sizes = float(np.mean([fact.height * fact.width for fact in facts]))
    for_each(put, len(paths), sizes, "decoding", put_beside if beside else None)
    return dict(sorted(bad.items()))


def _fill(
    stream: IO[bytes],
    stored: Path,
    files: Sequence[FoundFile],
    facts: Sequence[ImageFacts],
    shape: Shape,
    *,
    as_lines: bool,
) -> None:
    """Decode into a mapped .npy file, reserving its space first: a full disk is then an error, not a crash."""
    _write_header(stream, (len(files), *shape))
    start, size = stream.tell(), len(files) * int(np.prod(shape))
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(stream.fileno(), 0, start + size)
    images = np.memmap(stream, np.uint8, "r+", start, (len(files), *shape))
    keep = keep_at(stream.fileno(), start, int(np.prod(shape))) if hasattr(os, "pwrite") else None  # not on Windows
    pixels = sum(fact.height * fact.width for fact in facts)
    with decoders(stream, start, shape, len(files), pixels, as_lines=as_lines) as beside:
        paths = [file.path for file in files]
        bad = decode_all(images, paths, facts, as_lines=as_lines, keep=keep, beside=beside)
    if bad:
        kept = _pack(images, bad)
        described = json.dumps(bad).encode()
        write_entry(stored.with_suffix(".bad"), lambda beside: beside.write(described))
        _write_header(stream, (len(kept), *shape))
        images.flush()
        stream.truncate(start + len(kept) * int(np.prod(shape)))
    images.flush()


def _write_header(stream: IO[bytes], shape: tuple[int, ...]) -> None:
    """Write the header of a .npy file; numpy pads it, so that its length does not depend on the number of images."""
    stream.seek(0)
    npy.write_array_header_1_0(stream, {"descr": "|u1", "fortran_order": False, "shape": shape})
    stream.flush()


def _pack(images: NDArray[np.uint8], bad: dict[int, str]) -> list[int]:
    """Move the decoded rows to the front, in order; return their positions."""
    kept = [position for position in range(len(images)) if position not in bad]
    if bad:
        for at in range(0, len(kept), MOVED_AT_ONCE):
            some = kept[at : at + MOVED_AT_ONCE]
            images[at : at + len(some)] = images[some]
    return kept


def _load_pixels(stored: Path, count: int, shape: Shape, *, written: bool = False) -> Pixels | None:
    """Map the stored pixels, or return None if they are missing or incomplete; just written, they are not verified."""
    if not written and not is_whole(stored):
        return None
    try:
        regular.check_regular(stored)
        images = np.load(stored, mmap_mode="r", allow_pickle=False)
        bad: dict[int, str] = {}
        if len(images) < count:
            bad = {int(at): str(why) for at, why in parse_json(read_entry(stored.with_suffix(".bad")) or b"").items()}
    except (OSError, ValueError, EOFError, AttributeError):
        return None
    kept = [position for position in range(count) if position not in bad]
    if images.dtype != np.uint8 or images.shape != (len(kept), *shape):
        return None
    mark_used(stored, stored.with_suffix(".bad"))
    return Pixels(images, kept, bad)


def _stamp_key(files: Sequence[FoundFile]) -> str:
    digest = blake2b(VERSION.encode(), digest_size=16)
    for file in files:
        digest.update(os.fsencode(os.path.abspath(file.path)) + b"\0" + repr(file.stamp).encode() + b"\0")  # noqa: PTH100
    return digest.hexdigest()


def _content_key(facts: Sequence[ImageFacts], shape: Shape, *, as_lines: bool) -> str:
    kind = " lines" if as_lines else ""
    digest = blake2b(f"{VERSION} {shape}{kind}".encode(), digest_size=16)
    for fact in facts:
        digest.update(fact.digest)
    return digest.hexdigest()


def _facts_to_bytes(facts: Sequence[ImageFacts]) -> bytes:
    rows = [[fact.digest.hex(), fact.height, fact.width, fact.grey, fact.error] for fact in facts]
    return json.dumps(rows, separators=(",", ":")).encode()


def _load_facts(stored: Path) -> list[ImageFacts] | None:
    try:
        rows = parse_json(read_entry(stored) or b"")
        facts = [
            ImageFacts(bytes.fromhex(digest), int(h), int(w), bool(grey), str(why)) for digest, h, w, grey, why in rows
        ]
    except (OSError, ValueError, TypeError):
        return None
    mark_used(stored)
    return facts


def _store(stored: Path, content: bytes) -> None:
    try:
        write_entry(stored, lambda stream: stream.write(content))
    except CannotWrite as error:
        _warn(error)


def _warn(error: CannotWrite) -> None:
    message = f"{error}; images are decoded to memory  choose a cache folder with DL_CACHE="
    warnings.warn(message, CacheWarning, stacklevel=4)
