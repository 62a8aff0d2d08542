"""The cache: what was decoded or learnt once, kept between fits in the user's cache folder, or in ``$DL_CACHE``.

An entry is a file that is found by what it was made from, so it is never out of date and may go at any time: who has it
mapped keeps it, who needs it makes it again. All kinds together are at most ``$DL_CACHE_SIZE`` (20 GB); what was not
used for longest goes first, and what is in use stays. Nothing is removed from a folder that dl did not make.
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
USUAL = 20 * 10**9  # bytes
UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
LEFT_BEHIND = 24 * 3600 * 10**9  # nanoseconds after which nobody writes a file any more
TAG = "CACHEDIR.TAG"  # Source: https://bford.info/cachedir; programs that make backups leave such a folder out
_TAG_TEXT = "Signature: 8a477f597d28d172789f06886806bc55\n# Made by dl; may be removed at any time.\n"


class Entry(NamedTuple):
    """A file of the cache: when it was last used, in nanoseconds, and its size in bytes."""

    used: int
    size: int
    path: Path


def cache_root() -> Path:
    """Return where the cache lies."""
    import platformdirs  # here, so that what needs no cache does not wait for it

    return Path(os.environ.get("DL_CACHE") or platformdirs.user_cache_dir("dl"))


def cache_folder(kind: str) -> Path:
    """Make the folder for one kind of entries.

    Raises:
        CannotWrite: If it cannot be made or written.
    """
    folder = cache_root() / kind
    make_folder(folder)
    if not any(folder.iterdir()):
        write_text(folder / TAG, _TAG_TEXT)
    return folder


def most_bytes() -> int:
    """Return how many bytes all entries may have.

    Raises:
        BadOption: If ``$DL_CACHE_SIZE`` is no size.
    """
    said = os.environ.get(SIZE, "")
    if not said:
        return USUAL
    match = re.fullmatch(r"(\d{1,9}(?:\.\d{1,9})?)\s*([kmgt]?)b?", said.strip().lower())
    if match is None:
        raise BadOption(f"{SIZE}={said!r}: expected a size, like 500MB or 20GB")
    return int(float(match[1]) * UNITS[match[2]])


def entries() -> list[Entry]:
    """Return every file in the folders of the cache that dl made, what was used longest ago first."""
    return sorted(_entries())


def _entries() -> Iterator[Entry]:
    with contextlib.suppress(OSError):  # another process may remove what is looked at
        for folder in cache_root().iterdir():
            if not (folder / TAG).is_file():
                continue
            for path in folder.iterdir():
                with contextlib.suppress(OSError):
                    status = path.lstat()
                    if path.name != TAG and not stat.S_ISDIR(status.st_mode):
                        yield Entry(status.st_mtime_ns, status.st_size, path)


def used(*paths: Path) -> None:
    """Note that entries are in use; where the cache cannot be written, nothing."""
    for path in paths:
        with contextlib.suppress(OSError):
            os.utime(path)


def trim(in_use: Collection[Path]) -> None:
    """Remove what was not used for longest until all entries are few enough bytes; two processes remove the same.

    Args:
        in_use: What stays, however large it is.

    Raises:
        BadOption: If ``$DL_CACHE_SIZE`` is no size.
    """
    most, found = most_bytes(), entries()
    total = sum(entry.size for entry in found)
    for entry in found:
        if total <= most:
            return
        if entry.path not in in_use and not _is_being_written(entry):
            with contextlib.suppress(OSError):
                entry.path.unlink()
            total -= entry.size


def _is_being_written(entry: Entry) -> bool:
    """Whether an entry has its temporary name (`dl.files.write_with`), unless it was left behind long ago."""
    return entry.path.suffix == ".tmp" and entry.used > time.time_ns() - LEFT_BEHIND
