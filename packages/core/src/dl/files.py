"""Every write of dl goes through here: to a temporary name beside the target, flushed to the disk, then renamed.

A reader never sees half a file, and a write that fails leaves the old file as it was.
"""

import contextlib
import errno
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from dl.errors import CannotWrite

LOCK = ".lock"  # name of the file in a folder that is locked
_SAID = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EACCES: "no write permission",
    errno.EPERM: "no write permission",
    errno.EROFS: "the file system is read-only",
    errno.ENOTDIR: "a part of the path is a file, not a folder",
    errno.EEXIST: "it is a file, not a folder",
    errno.EISDIR: "it is a folder, not a file",
    errno.ENOENT: "the folder is not there (any more)",
}


@contextlib.contextmanager
def saying_why(path: Path) -> Iterator[None]:
    """Turn the operating system's refusal to write ``path`` into one line.

    Raises:
        CannotWrite: For every OSError inside.
    """
    try:
        yield
    except OSError as error:
        reason = _SAID.get(error.errno or 0, error.strerror or str(error))
        raise CannotWrite(f"cannot write {str(path)!r}: {reason}") from error


def write_with(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    """Replace the file with what ``write`` puts into the stream it is given, whole or not at all.

    Raises:
        CannotWrite: If the place cannot be written; the file that was there is unchanged.
    """
    with saying_why(path):
        descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                write(stream)
                stream.flush()
                os.fsync(stream.fileno())
            os.chmod(temporary, 0o666 & ~_umask())  # noqa: PTH101 - mkstemp gives a name, not a Path
            os.replace(temporary, path)  # noqa: PTH105
            _sync_folder(path.parent)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary)  # noqa: PTH108
            raise


def write_bytes(path: Path, content: bytes) -> None:
    """Replace the file with the content, whole or not at all."""
    write_with(path, lambda stream: stream.write(content))


def write_text(path: Path, text: str) -> None:
    """Replace the file with the text in UTF-8, whole or not at all."""
    write_bytes(path, text.encode("utf-8", errors="surrogateescape"))


def append_line(path: Path, line: str) -> None:
    """Add one line under the lock of its folder, so that lines of several processes never mix."""
    with locked(path.parent), saying_why(path), path.open("ab") as stream:
        stream.write(line.encode("utf-8") + b"\n")
        stream.flush()
        os.fsync(stream.fileno())


def make_folder(path: Path) -> None:
    """Make the folder and its parents, and see that it can be written to.

    Raises:
        CannotWrite: If it cannot be made or written.
    """
    with saying_why(path):
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Be the only process inside for this folder; where it cannot be locked, one of several.

    The lock is a file in the folder, which stays there: one that is removed could be locked twice.
    """
    from filelock import FileLock  # here, so that what only reads does not wait for it

    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError, NotImplementedError):  # no permission, or a file system without locks
            lock = FileLock(folder / LOCK, mode=0o666 & ~_umask())
            stack.enter_context(lock.acquire(poll_interval=0.01))
        yield


def claim_folder(root: Path, name: Callable[[int], str], number: int) -> Path:
    """Make the first folder ``root / name(k)``, k >= number, that nobody else has made.

    ``mkdir`` either makes a folder or fails, so two processes never claim the same one.
    """
    with saying_why(root):
        while True:
            try:
                (root / name(number)).mkdir()
                return root / name(number)
            except FileExistsError:
                number += 1


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":  # where a folder cannot be opened
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
