"""Capture the output of a plugin while it is loaded, and distinguish Ctrl-C from a KeyboardInterrupt it raises."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from io import TextIOWrapper
from types import FrameType
from typing import IO, TextIO

from dl.signals import CAUGHT, in_main_thread, interrupt

STDOUT = 1


class OutputCapture:
    """Captures Python's stdout and stderr, and everything else written to file descriptor 1.

    Args:
        stderr: The real one, for messages of dl.
    """

    def __init__(self, stderr: TextIO | None) -> None:
        self.stderr = stderr
        self._kept = _temporary_file()
        self._read = 0
        self._text = self._open()

    @property
    def descriptor(self) -> int:
        """The file descriptor of the captured output."""
        return self._kept.fileno()

    def install(self) -> None:
        """Replace `sys.stdout` and `sys.stderr`, whatever a plugin has done to them."""
        if self._text.closed:
            self._text = self._open()
        sys.stdout = sys.stderr = self._text

    def read_new(self) -> str:
        """Return the output since the last call."""
        size = os.fstat(self.descriptor).st_size
        new = _read_at(self.descriptor, size - self._read, self._read)
        self._read = size
        return new.decode("utf-8", errors="replace")

    def close(self) -> None:
        """Discard the captured output."""
        self._text.close()
        self._kept.close()

    def _open(self) -> TextIOWrapper:
        raw = os.fdopen(os.dup(self.descriptor), "ab", buffering=0)
        return TextIOWrapper(raw, "utf-8", "replace", write_through=True)


@contextlib.contextmanager
def capture_output() -> Iterator[OutputCapture]:
    """Capture the output inside this context."""
    before = sys.stdout, sys.stderr
    capture = OutputCapture(before[1])
    for stream in before:
        with contextlib.suppress(AttributeError, ValueError, OSError):
            stream.flush()
    with contextlib.ExitStack() as stack:
        stack.callback(capture.close)
        with contextlib.suppress(OSError):  # stdout may be closed
            real = os.dup(STDOUT)
            os.dup2(capture.descriptor, STDOUT)
            stack.callback(os.close, real)
            stack.callback(os.dup2, real, STDOUT)
        capture.install()
        try:
            yield capture
        finally:
            sys.stdout, sys.stderr = before


def _read_at(descriptor: int, count: int, start: int) -> bytes:
    """Read ``count`` bytes at a position of a file that is open for appending."""
    if hasattr(os, "pread"):
        return os.pread(descriptor, count, start)
    os.lseek(descriptor, start, os.SEEK_SET)  # Windows
    try:
        return os.read(descriptor, count)
    finally:
        os.lseek(descriptor, 0, os.SEEK_END)


def _temporary_file() -> IO[bytes]:
    """Open an unnamed file, in memory where the system supports it, so that a full disk does not matter."""
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("dl"), "w+b")
    try:
        return tempfile.TemporaryFile()
    except OSError:
        return open(os.devnull, "w+b")  # noqa: PTH123 - the output is discarded


class Interrupts:
    """A handler that remembers a real Ctrl-C, SIGTERM or SIGHUP, so that a plugin cannot swallow it.

    Args:
        assume_real: Whether another handler has Ctrl-C; every interrupt then counts as real.
    """

    def __init__(self, *, assume_real: bool) -> None:
        self.assume_real, self.seen = assume_real, 0

    @property
    def real(self) -> bool:
        """Whether the KeyboardInterrupt just caught is the user's."""
        return bool(self.seen) or self.assume_real

    def __call__(self, number: int, _frame: FrameType | None = None) -> None:
        """Handle the signal."""
        self.seen = number
        interrupt(number)

    def check(self) -> None:
        """Raise again an interrupt that a plugin has swallowed."""
        if self.seen:
            interrupt(self.seen)


@contextlib.contextmanager
def tracking_interrupts() -> Iterator[Interrupts]:
    """Handle the signals that are raised inside this context, if this is the main thread."""
    handlers = {number: signal.getsignal(number) for number in CAUGHT}
    raised = [number for number, one in handlers.items() if one in (signal.default_int_handler, interrupt)]
    raised = raised if in_main_thread() else []
    elsewhere = signal.SIGINT not in raised and handlers[signal.SIGINT] is not signal.SIG_IGN
    interrupts = Interrupts(assume_real=elsewhere)  # under nohup none is real
    for number in raised:
        signal.signal(number, interrupts)
    try:
        yield interrupts
    finally:
        for number in raised:
            signal.signal(number, handlers[number])
