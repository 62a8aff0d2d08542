"""Standard streams that never end in a traceback: stdout holds results, stderr progress.

A result that cannot be written is an error of the command; progress that cannot be written is dropped. Imports the
standard library alone, since it is used before anything else is imported.
"""

from __future__ import annotations

import codecs
import io
import os
import sys
from typing import TextIO

from dl.errors import CannotWrite

STDIN, STDOUT, STDERR = 0, 1, 2
NAMES = "dl-names"  # error handler of the text encoding


class ResultFile(io.FileIO):
    """A file of results.

    Raises:
        CannotWrite: If it cannot be written; a DLError, so that it is not attributed to the plugin that prints.
        BrokenPipeError: If its reader has exited.
    """

    def write(self, data: object) -> int | None:  # type: ignore[override]  # as the base class, for any buffer
        """Write bytes; after a failure the rest is discarded, so that the end of the program does not fail again."""
        try:
            return super().write(data)  # type: ignore[arg-type]  # as above
        except OSError as error:
            _discard(self.fileno())
            if isinstance(error, BrokenPipeError):
                raise
            raise CannotWrite(f"cannot write to stdout: {error.strerror}") from error


class ProgressFile(io.FileIO):
    """A file of progress, whose failures are ignored: no fit ends because its screen is gone or its log is full."""

    def write(self, data: object) -> int | None:  # type: ignore[override]  # as the base class, for any buffer
        """Write bytes, or drop them."""
        try:
            return super().write(data)  # type: ignore[arg-type]  # as above
        except OSError:
            return len(memoryview(data))  # type: ignore[arg-type]  # as above


def guard_streams() -> None:
    """Open closed standard streams as the null device; make failures of stdout errors, and drop those of stderr."""
    for number in (STDIN, STDOUT, STDERR):  # in this order: a new file takes the lowest free number
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    if sys.stdin is None:
        sys.stdin = open(STDIN, encoding="utf-8", closefd=False)  # noqa: SIM115 - a descriptor, open to the end
    sys.stdout = guarded(ResultFile(STDOUT, "wb", closefd=False), sys.stdout)
    sys.stderr = guarded(ProgressFile(STDERR, "wb", closefd=False), sys.stderr)


def guarded(file: io.FileIO, like: TextIO | None) -> io.TextIOWrapper:
    """Return a text stream on a file.

    Args:
        file: Where bytes are written.
        like: The stream that it replaces, whose encoding and buffering it has; None for UTF-8.
    """
    codecs.register_error(NAMES, _encode_name)
    buffered = io.BufferedWriter(file)
    if not isinstance(like, io.TextIOWrapper):
        return io.TextIOWrapper(buffered, "utf-8", NAMES)
    like.flush()
    return io.TextIOWrapper(
        buffered, like.encoding, NAMES, line_buffering=like.line_buffering, write_through=like.write_through
    )


def _encode_name(error: UnicodeError) -> tuple[bytes, int]:
    """Encode what an encoding lacks: bytes of a file name as they are, other characters as escapes."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    part = error.object[error.start : error.end]
    escaped = [
        bytes([ord(c) - 0xDC00]) if "\udc80" <= c <= "\udcff" else c.encode("ascii", "backslashreplace") for c in part
    ]
    return b"".join(escaped), error.end


def _discard(number: int) -> None:
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, number)
    os.close(null)
