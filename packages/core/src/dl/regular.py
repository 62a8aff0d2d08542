"""Open regular files only: opening a FIFO blocks for ever, and a device may do anything.

Every file of a run and of data is opened here. What is no regular file is an OSError, like a file that is missing.
"""

import errno
import os
import stat
from pathlib import Path
from typing import IO


class NotRegular(OSError):
    """A path that is no regular file; its text is the reason alone, as messages name the path."""

    def __str__(self) -> str:
        return str(self.strerror)


Stamp = tuple[int, int, int]
KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a FIFO",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
}


def check_regular(path: str | Path) -> None:
    """Check that a path is a regular file, or a link to one, without opening it.

    Raises:
        FileNotFoundError: If it does not exist.
        NotRegular: If it is something else.
        OSError: If it cannot be reached.
    """
    try:
        mode = os.stat(path).st_mode  # noqa: PTH116 - a million times, and the path may be text
    except ValueError as error:  # a null byte
        raise FileNotFoundError(errno.ENOENT, str(error), str(path)) from error
    if not stat.S_ISREG(mode):
        kind = KINDS.get(stat.S_IFMT(mode), "no file")
        number = errno.EISDIR if stat.S_ISDIR(mode) else errno.EINVAL
        raise NotRegular(number, f"it is {kind}, not a regular file", str(path))


def stamp_of(path: str | Path) -> Stamp:
    """Return what differs after any change of a file: its number, its time and its size in bytes.

    Raises:
        OSError: If it cannot be reached.
    """
    status = os.stat(path)  # noqa: PTH116 - as above
    return status.st_ino, status.st_mtime_ns, status.st_size


def open_regular(path: str | Path) -> IO[bytes]:
    """Open a regular file to read its bytes.

    Raises:
        OSError: If it is no regular file, or cannot be opened.
    """
    check_regular(path)
    return open(path, "rb")  # noqa: PTH123 - as above


def read_bytes(path: str | Path) -> bytes:
    """Read a regular file whole."""
    with open_regular(path) as stream:
        return stream.read()


def read_text(path: str | Path) -> str:
    """Read a regular file in UTF-8 whole, with line ends as newlines.

    Raises:
        UnicodeDecodeError: If it is not UTF-8.
        OSError: If it is no regular file, or cannot be read.
    """
    return read_bytes(path).decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")
