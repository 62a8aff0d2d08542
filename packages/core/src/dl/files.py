"""Atomic writes: to a temporary file beside the target, flushed to the disk, then renamed.

A reader never sees half a file, and a failed write leaves the old file unchanged.
"""

import contextlib
import errno
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from dl.errors import CannotWrite

LOCK = ".dl.lock"  # name of the file in a folder that is locked
_REASONS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EACCES: "no write permission",
    errno.EPERM: "no write permission",
    errno.EROFS: "the file system is read-only",
    errno.ENOTDIR: "a parent of the path is a file, not a folder",
    errno.EEXIST: "it is a file, not a folder",
    errno.EISDIR: "it is a folder, not a file",
    errno.ENOENT: "the folder does not exist (any more)",
}


@contextlib.contextmanager
def explain_write_errors(path: Path) -> Iterator[None]:
    """Inside this context turn OSErrors about ``path`` into a one-line message.

    Raises:
        CannotWrite: For every OSError inside.
    """
    try:
        yield
    except OSError as error:
        reason = _REASONS.get(error.errno or 0, error.strerror or str(error))
        raise CannotWrite(f"cannot write {str(path)!r}: {reason}") from error


def write_with(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    """Replace the file atomically with the bytes that ``write`` puts into its stream.

    Raises:
        CannotWrite: If it cannot be written; the old file is unchanged.
    """
    with explain_write_errors(path):
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
    """Replace the file with the content atomically."""
    write_with(path, lambda stream: stream.write(content))


def write_text(path: Path, text: str) -> None:
    """Replace the file with the text in UTF-8 atomically."""
    write_bytes(path, text.encode("utf-8", errors="surrogateescape"))


def append_line(path: Path, line: str) -> None:
    """Add one line under the lock of its folder, so that lines of several processes never mix."""
    with locked(path.parent), explain_write_errors(path), path.open("ab") as stream:
        stream.write(line.encode("utf-8") + b"\n")
        stream.flush()
        os.fsync(stream.fileno())


def make_folder(path: Path) -> None:
    """Create the folder and its parents, and check that it is writable.

    Raises:
        CannotWrite: If it cannot be created or written.
    """
    with explain_write_errors(path):
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder in this context; a folder that cannot be locked is used without one.

    The lock is a file in the folder; its holder removes it at the end; a process that acquires a removed file
    creates a new one.
    """
    from filelock import FileLock  # imported here, since reading needs no lock

    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError, NotImplementedError):  # no permission, or a file system without locks
            lock = FileLock(folder / LOCK, mode=0o666 & ~_umask())
            stack.enter_context(lock.acquire(poll_interval=0.01))
            stack.callback(_remove, folder / LOCK)
        yield


@contextlib.contextmanager
def held_alone(folder: Path) -> Iterator[bool]:
    """Hold the lock of a folder in this context, without waiting for it; yield whether no other process holds it."""
    from filelock import FileLock, Timeout

    with contextlib.ExitStack() as stack:
        alone = True
        with contextlib.suppress(OSError, NotImplementedError):  # no permission, or a file system without locks
            try:
                stack.enter_context(FileLock(folder / LOCK, mode=0o666 & ~_umask()).acquire(timeout=0))
                stack.callback(_remove, folder / LOCK)
            except Timeout:
                alone = False
        yield alone


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):  # an open file on Windows may stay
        path.unlink()


def claim_folder(root: Path, name: Callable[[int], str], number: int) -> Path:
    """Create the first folder ``root / name(k)``, k >= number, that does not exist.

    ``mkdir`` is atomic, so two processes never claim the same one.
    """
    with explain_write_errors(root):
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
    if os.name == "nt":  # Windows cannot open a folder
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
