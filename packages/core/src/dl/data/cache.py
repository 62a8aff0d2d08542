"""The cache of decoded images, vocabularies and tokens, in the user's cache folder or in ``$DL_CACHE``.

An entry is a file named by a hash of its source, so it is never stale and may be deleted at any time: a
process that has it mapped keeps it, and the next one makes it again. All entries together take at most
``$DL_CACHE_SIZE`` (20 GB); the least recently used are deleted first, and entries in use stay. Only folders made by dl
are touched. An entry ends with a checksum: one that has changed on the disk is not used, and is made again.
"""

import contextlib
import os
import re
import stat
import time
import warnings
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import IO, NamedTuple

from dl import regular
from dl.errors import BadOption
from dl.files import make_folder, remove, write_text, write_with

SIZE = "DL_CACHE_SIZE"
DEFAULT = 20 * 10**9  # bytes
UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
LEFT_BEHIND = 24 * 3600 * 10**9  # nanoseconds after which a temporary file is taken as abandoned
TAG = "CACHEDIR.TAG"  # Source: https://bford.info/cachedir; backup programs skip a folder with this file
_TAG_TEXT = "Signature: 8a477f597d28d172789f06886806bc55\n# Made by dl; may be removed at any time.\n"


MARK = b"\ndl dot "  # before the checksum at the end of an entry; another one in entries of an earlier dl
DIGITS = 16  # of the checksum
CHUNK = 1 << 24  # bytes summed at once
VERIFIED = 4 << 30  # bytes of an entry up to which it is verified before it is used: seconds
UNSUMMED = b"0" * DIGITS  # in place of the checksum of a larger one


class DamagedEntry(UserWarning):
    """An entry of the cache has changed on the disk; it is made again."""


class Entry(NamedTuple):
    """A file in the cache: time of last use in nanoseconds, size in bytes, path."""

    used: int
    size: int
    path: Path


def cache_root() -> Path:
    """Return the folder of the cache."""
    if given := os.environ.get("DL_CACHE"):
        return Path(given)
    import platformdirs  # imported here to keep the start of other commands fast

    return Path(platformdirs.user_cache_dir("dl"))


def cache_folder(kind: str) -> Path:
    """Create and return the folder for one kind of entries.

    Raises:
        CannotWrite: If it cannot be created or written.
    """
    folder = cache_root() / kind
    make_folder(folder)
    with os.scandir(folder) as found:  # of thousands of entries only the first one is asked for
        is_empty = next(found, None) is None
    if is_empty:
        write_text(folder / TAG, _TAG_TEXT)
    return folder


def size_limit() -> int:
    """Return the limit on the size of all entries, in bytes.

    Raises:
        BadOption: If ``$DL_CACHE_SIZE`` is not a size.
    """
    given = size_given(SIZE)
    return DEFAULT if given is None else given


def size_given(variable: str) -> int | None:
    """Return the size in an environment variable, in bytes; None if it is not set.

    Raises:
        BadOption: If it is not a size.
    """
    given = os.environ.get(variable, "")
    if not given:
        return None
    match = re.fullmatch(r"(\d{1,9}(?:\.\d{1,9})?)\s*([kmgt]?)b?", given.strip().lower())
    if match is None:
        raise BadOption(f"{variable}={given!r}: expected a size, like 500MB or 20GB")
    return int(float(match[1]) * UNITS[match[2]])


def entries() -> list[Entry]:
    """Return every file in the cache folders made by dl, least recently used first."""
    return sorted(_entries())


def _entries() -> Iterator[Entry]:
    with contextlib.suppress(OSError):  # another process may delete files meanwhile
        for folder in cache_root().iterdir():
            if not (folder / TAG).is_file():
                continue
            for path in folder.iterdir():
                with contextlib.suppress(OSError):
                    status = path.lstat()
                    if path.name != TAG and not stat.S_ISDIR(status.st_mode):
                        yield Entry(status.st_mtime_ns, status.st_size, path)


def write_entry(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    """Write an entry atomically, as `dl.files.write_with`, and end it with a checksum."""

    def write_all(stream: IO[bytes]) -> None:
        write(stream)
        stream.flush()
        size = stream.seek(0, os.SEEK_END)
        found = _sum(stream.fileno(), size) if size <= VERIFIED else UNSUMMED
        stream.seek(size)
        stream.write(MARK + found)

    write_with(path, write_all)


def is_whole(path: Path) -> bool:
    """Return whether an entry is there as it was written; warn of one that has changed since.

    An entry without a checksum is of an earlier dl, and one above `VERIFIED` is verified by its size alone.
    """
    try:
        with regular.open_regular(path) as stream:
            size = stream.seek(0, os.SEEK_END) - len(MARK) - DIGITS
            if size < 0:
                return False
            stream.seek(size)
            end = stream.read()
            if not end.startswith(MARK):
                return False
            if size > VERIFIED or _sum(stream.fileno(), size) == end[len(MARK) :]:
                return True
    except OSError:
        return False
    warnings.warn(f"{str(path)!r} in the cache has changed on the disk; it is made again", DamagedEntry, stacklevel=3)
    return False


def read_entry(path: Path) -> bytes | None:
    """Return the content of an entry; None if it is not there as it was written."""
    try:
        return regular.read_bytes(path)[: -len(MARK) - DIGITS] if is_whole(path) else None
    except OSError:
        return None


def _sum(descriptor: int, size: int) -> bytes:
    """Return a checksum of the first bytes of an open file, in hexadecimal digits.

    A changed bit always changes it. Each word counts by its place, so that blocks in another order change it as well.
    """
    import numpy as np  # imported here to keep the start of other commands fast

    os.lseek(descriptor, 0, os.SEEK_SET)
    total, left = size, size
    weights = np.arange(1, 2 * (min(size, CHUNK) // 8 + 1), 2, dtype=np.uint64)  # odd: no bit is multiplied away
    while left:
        chunk = os.read(descriptor, min(CHUNK, left))
        if not chunk:
            break
        left -= len(chunk)
        words = np.frombuffer(chunk + b"\0" * (-len(chunk) % 8), np.uint64)
        total = (31 * total + int(np.dot(words, weights[: len(words)]))) % 2**64
    return f"{total:0{DIGITS}x}".encode()


def mark_used(*paths: Path) -> None:
    """Set the time of last use of entries to now; do nothing where the cache cannot be written."""
    for path in paths:
        with contextlib.suppress(OSError):
            os.utime(path)


def trim(in_use: Collection[Path]) -> None:
    """Delete the least recently used entries until the cache is within its limit; safe with several processes.

    Args:
        in_use: Entries to keep whatever their size.

    Raises:
        BadOption: If ``$DL_CACHE_SIZE`` is not a size.
    """
    limit, found = size_limit(), entries()
    total = sum(entry.size for entry in found)
    for entry in found:
        if total <= limit:
            return
        if entry.path not in in_use and not _is_being_written(entry):
            remove(entry.path)
            total -= entry.size


def _is_being_written(entry: Entry) -> bool:
    """Return whether an entry still has its temporary name (`dl.files.write_with`) and is not abandoned."""
    return entry.path.suffix == ".tmp" and entry.used > time.time_ns() - LEFT_BEHIND
