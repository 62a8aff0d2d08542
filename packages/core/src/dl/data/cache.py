"""The cache of decoded images, vocabularies and tokens, in the user's cache folder or in ``$DL_CACHE``.

An entry is a file named by a hash of its source, so it is never stale and may be deleted at any time: a
process that has it mapped keeps it, and the next one makes it again. All entries together take at most
``$DL_CACHE_SIZE`` (20 GB); the least recently used are deleted first, and entries in use stay. Only folders made by dl
are touched.
"""

import contextlib
import os
import re
import stat
import time
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import NamedTuple

from dl.errors import BadOption
from dl.files import make_folder, write_text

SIZE = "DL_CACHE_SIZE"
DEFAULT = 20 * 10**9  # bytes
UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
LEFT_BEHIND = 24 * 3600 * 10**9  # nanoseconds after which a temporary file is taken as abandoned
TAG = "CACHEDIR.TAG"  # Source: https://bford.info/cachedir; backup programs skip a folder with this file
_TAG_TEXT = "Signature: 8a477f597d28d172789f06886806bc55\n# Made by dl; may be removed at any time.\n"


class Entry(NamedTuple):
    """A file in the cache: time of last use in nanoseconds, size in bytes, path."""

    used: int
    size: int
    path: Path


def cache_root() -> Path:
    """Return the folder of the cache."""
    import platformdirs  # imported here to keep the start of other commands fast

    return Path(os.environ.get("DL_CACHE") or platformdirs.user_cache_dir("dl"))


def cache_folder(kind: str) -> Path:
    """Create and return the folder for one kind of entries.

    Raises:
        CannotWrite: If it cannot be created or written.
    """
    folder = cache_root() / kind
    make_folder(folder)
    if not any(folder.iterdir()):
        write_text(folder / TAG, _TAG_TEXT)
    return folder


def size_limit() -> int:
    """Return the limit on the size of all entries, in bytes.

    Raises:
        BadOption: If ``$DL_CACHE_SIZE`` is not a size.
    """
    given = os.environ.get(SIZE, "")
    if not given:
        return DEFAULT
    match = re.fullmatch(r"(\d{1,9}(?:\.\d{1,9})?)\s*([kmgt]?)b?", given.strip().lower())
    if match is None:
        raise BadOption(f"{SIZE}={given!r}: expected a size, like 500MB or 20GB")
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
            with contextlib.suppress(OSError):
                entry.path.unlink()
            total -= entry.size


def _is_being_written(entry: Entry) -> bool:
    """Return whether an entry still has its temporary name (`dl.files.write_with`) and is not abandoned."""
    return entry.path.suffix == ".tmp" and entry.used > time.time_ns() - LEFT_BEHIND
