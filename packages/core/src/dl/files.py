"""Every write of the package: to a temporary file beside the target, flushed to the disk, then renamed.

A reader never sees half a file, and a failed write leaves the old file unchanged. Every operation is counted by
`dl.faults`, which can end the process or fail at each. What a killed process left half written in a folder is removed
by the next one that writes there.
"""

import contextlib
import errno
import os
import platform
import re
import secrets
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from hashlib import blake2b
from pathlib import Path
from typing import IO

from dl.errors import CannotWrite
from dl.faults import FAULTS

LOCK = ".dl.lock"  # name of the file in a folder that is locked
_HOST = blake2b(platform.node().encode(), digest_size=4).hexdigest()  # in the names of temporary files
_TEMPORARY = re.compile(rf"\..*\.{_HOST}-(\d+)-[0-9a-f]+\.tmp", re.DOTALL)
_STARTED = time.time()
_swept: set[Path] = set()  # folders in which this process has removed what others left
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
        _sweep(path.parent)
        temporary = _beside(path)
        FAULTS.before()
        try:
            with temporary.open("x+b") as stream:
                FAULTS.before()
                write(stream)
                stream.flush()
                FAULTS.before()
                os.fsync(stream.fileno())
            FAULTS.before()
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
    """Add one line under the lock of its folder, so that lines of several processes never mix.

    A line that an earlier process left torn is ended first, and one that this process cannot finish is taken back.
    """
    with locked(path.parent), explain_write_errors(path):
        FAULTS.before()
        with path.open("a+b", buffering=0) as stream:
            size = stream.seek(0, os.SEEK_END)
            torn = size > 0 and _last_byte(stream) != b"\n"
            try:
                _append(stream, b"\n" * torn + line.encode("utf-8") + b"\n")
            except OSError:
                with contextlib.suppress(OSError):
                    stream.truncate(size)
                raise


def _last_byte(stream: IO[bytes]) -> bytes:
    stream.seek(-1, os.SEEK_END)
    return stream.read(1)


def _append(stream: IO[bytes], content: bytes) -> None:
    """Write content at the end of a file without a buffer, and flush it to the disk."""
    FAULTS.before(lambda: stream.write(content[: len(content) // 2]))
    while content:
        content = content[stream.write(content) :]
    FAULTS.before()
    os.fsync(stream.fileno())


def cut_torn_line(path: Path) -> None:
    """Remove a last line that a process left torn, as far as the file can be written."""
    with explain_write_errors(path):
        FAULTS.before()
        with path.open("r+b") as stream:
            content = stream.read()
            if content and not content.endswith(b"\n"):
                FAULTS.before()
                stream.truncate(content.rfind(b"\n") + 1)


def make_folder(path: Path) -> None:
    """Create the folder and its parents, and check that it is writable.

    Raises:
        CannotWrite: If it cannot be created or written.
    """
    with explain_write_errors(path):
        FAULTS.before()
        path.mkdir(parents=True, exist_ok=True)
        _sweep(path)
        FAULTS.before()
        with tempfile.TemporaryFile(dir=path):
            pass


def make_inner(path: Path) -> None:
    """Create a folder in one that exists; one that was removed meanwhile is not made again.

    Raises:
        CannotWrite: If it cannot be created.
    """
    if not path.is_dir():
        with explain_write_errors(path):
            FAULTS.before()
            path.mkdir(exist_ok=True)


def move(source: Path, target: Path) -> None:
    """Move a file or a folder on the same disk, in place of a file that is there.

    Raises:
        CannotWrite: If it cannot be moved.
    """
    with explain_write_errors(target):
        FAULTS.before()
        os.replace(source, target)  # noqa: PTH105


def open_log(path: Path) -> IO[bytes]:
    """Open an empty file for what another process prints.

    Raises:
        CannotWrite: If it cannot be made.
    """
    with explain_write_errors(path):
        FAULTS.before()
        return path.open("wb")


def remove(path: Path) -> None:
    """Remove a file, if it is there and can be."""
    with contextlib.suppress(OSError):  # an open file on Windows may stay
        FAULTS.before()
        path.unlink()


def remove_folder(path: Path) -> None:
    """Remove a folder with all that is in it, as far as it can be."""
    with contextlib.suppress(OSError):
        FAULTS.before()
        shutil.rmtree(path, ignore_errors=True)


def remove_whole(path: Path) -> None:
    """Remove a folder at once: it is renamed to a hidden name first, so that a kill leaves all of it or nothing.

    What a kill leaves of the hidden folder is removed by the next process that writes beside it.

    Raises:
        CannotWrite: If it cannot be renamed; it is unchanged.
    """
    with explain_write_errors(path):
        _sweep(path.parent)
        hidden = _beside(path)
        FAULTS.before()
        os.replace(path, hidden)  # noqa: PTH105
        _sync_folder(path.parent)
    remove_folder(hidden)


def _beside(path: Path) -> Path:
    """Return a new hidden path beside another, with the host and the process in its name, by which it is swept."""
    return path.parent / f".{path.name[:80]}.{_HOST}-{os.getpid()}-{secrets.token_hex(4)}.tmp"


def _sweep(folder: Path) -> None:
    """Remove what processes of this machine that have ended left half written or half removed, once for each folder."""
    if folder in _swept or os.name != "posix":
        return
    _swept.add(folder)
    with contextlib.suppress(OSError):
        for path in folder.iterdir():
            match = _TEMPORARY.fullmatch(path.name)
            if match and _is_abandoned(path, int(match[1])):
                (remove_folder if path.is_dir() and not path.is_symlink() else remove)(path)


def _is_abandoned(path: Path, pid: int) -> bool:
    """Return whether the process that wrote a temporary file has ended."""
    try:
        if pid == os.getpid():  # of an earlier process with the same number
            return path.stat().st_mtime < _STARTED
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return True
    except OSError:
        return False
    return False


@contextlib.contextmanager
def locked(folder: Path, name: str = LOCK) -> Iterator[None]:
    """Hold the lock of a folder in this context; a folder that cannot be locked is used without one.

    The lock is a file in the folder; its holder removes it at the end; a process that acquires a removed file
    creates a new one.

    Args:
        folder: In which the lock lies.
        name: Of the file, where it is not the lock of the whole folder.
    """
    from filelock import FileLock  # imported here, since reading needs no lock

    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError, NotImplementedError):  # no permission, or a file system without locks
            lock = FileLock(folder / name, mode=0o666 & ~_umask())
            stack.enter_context(lock.acquire(poll_interval=0.01))
            stack.callback(_unlock, folder / name)
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
                stack.callback(_unlock, folder / LOCK)
            except Timeout:
                alone = False
        yield alone


def _unlock(path: Path) -> None:
    with contextlib.suppress(OSError):  # an open file on Windows may stay
        path.unlink()


def claim_folder(root: Path, name: Callable[[int], str], number: int) -> Path:
    """Create the first folder ``root / name(k)``, k >= number, that does not exist.

    ``mkdir`` is atomic, so two processes never claim the same one.
    """
    with explain_write_errors(root):
        while True:
            FAULTS.before()
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
    FAULTS.before()
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
