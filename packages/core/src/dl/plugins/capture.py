"""Silence: what a stranger's code prints while it is imported is kept, and a real Ctrl-C is told from its own."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from io import TextIOWrapper
from types import FrameType
from typing import IO, TextIO

STDOUT = 1


class OutputCapture:
    """Keeps what is printed: by Python to stdout and stderr, by anything else to stdout.

    Args:
        stderr: The real one, for lines of our own.
    """

    def __init__(self, stderr: TextIO | None) -> None:
        self.stderr = stderr
        self._kept = _nameless_file()
        self._read = 0
        self._text = self._open()

    @property
    def descriptor(self) -> int:
        """Of the file that keeps it."""
        return self._kept.fileno()

    def listen(self) -> None:
        """Become stdout and stderr of Python, whatever a plugin has done to them."""
        if self._text.closed:
            self._text = self._open()
        sys.stdout = sys.stderr = self._text

    def taken(self) -> str:
        """Return what was printed since the last call."""
        size = os.fstat(self.descriptor).st_size
        new = _read_at(self.descriptor, size - self._read, self._read)
        self._read = size
        return new.decode("utf-8", errors="replace")

    def close(self) -> None:
        """Forget it."""
        self._text.close()
        self._kept.close()

    def _open(self) -> TextIOWrapper:
        raw = os.fdopen(os.dup(self.descriptor), "ab", buffering=0)
        return TextIOWrapper(raw, "utf-8", "replace", write_through=True)


@contextlib.contextmanager
def capture_output() -> Iterator[OutputCapture]:
    """Keep what is printed inside."""
    before = sys.stdout, sys.stderr
    silence = OutputCapture(before[1])
    for stream in before:
        with contextlib.suppress(AttributeError, ValueError, OSError):
            stream.flush()
    with contextlib.ExitStack() as stack:
        stack.callback(silence.close)
        with contextlib.suppress(OSError):  # a closed stdout needs no keeping
            real = os.dup(STDOUT)
            os.dup2(silence.descriptor, STDOUT)
            stack.callback(os.close, real)
            stack.callback(os.dup2, real, STDOUT)
        silence.listen()
        try:
            yield silence
        finally:
            sys.stdout, sys.stderr = before


def _read_at(descriptor: int, count: int, start: int) -> bytes:
    """Read from a place of a file that goes on being written at its end."""
    if hasattr(os, "pread"):
        return os.pread(descriptor, count, start)
    os.lseek(descriptor, start, os.SEEK_SET)  # Windows
    try:
        return os.read(descriptor, count)
    finally:
        os.lseek(descriptor, 0, os.SEEK_END)


def _nameless_file() -> IO[bytes]:
    """Open a file that is in memory where the system can, so that a full disk does not matter."""
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("dl"), "w+b")
    try:
        return tempfile.TemporaryFile()
    except OSError:
        return open(os.devnull, "w+b")  # noqa: PTH123 - silent, though nothing is kept


class Interrupts:
    """Remembers a real Ctrl-C, which ends the program whatever a plugin makes of it.

    Args:
        blind: Whether the signal goes elsewhere; every interrupt then counts as real.
    """

    def __init__(self, *, blind: bool) -> None:
        self.blind, self.seen = blind, False

    @property
    def real(self) -> bool:
        """Whether a KeyboardInterrupt that was just caught is the user's."""
        return self.seen or self.blind

    def __call__(self, _number: int, _frame: FrameType | None) -> None:
        """Take the signal."""
        self.seen = True
        raise KeyboardInterrupt

    def check(self) -> None:
        """Go on with an interrupt that a plugin has swallowed."""
        if self.seen:
            raise KeyboardInterrupt


@contextlib.contextmanager
def tracking_interrupts() -> Iterator[Interrupts]:
    """Take Ctrl-C inside, where nobody else does and Python allows it."""
    taken_by = signal.getsignal(signal.SIGINT)
    ours = threading.current_thread() is threading.main_thread() and taken_by is signal.default_int_handler
    interrupts = Interrupts(blind=not ours and taken_by is not signal.SIG_IGN)  # ignored, as behind nohup, none is real
    if ours:
        signal.signal(signal.SIGINT, interrupts)
    try:
        yield interrupts
    finally:
        if ours:
            signal.signal(signal.SIGINT, signal.default_int_handler)
