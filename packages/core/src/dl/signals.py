"""Signals: Ctrl-C and SIGTERM set a flag, so that a fit ends at a step boundary with its scores and its report.

A second signal stops at once. Lightning would end the process by itself; these handlers are in place while it trains.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class StoppedAtOnce(BaseException):
    """A second signal came while the first was being obeyed. Not an Exception, so that nothing swallows it."""


class StopFlag:
    """Remembers the first signal that asked to stop."""

    def __init__(self) -> None:
        self.received: int | None = None

    def __call__(self, number: int, _frame: FrameType | None) -> None:
        """Take a signal: remember the first, raise at the second."""
        if self.received is not None:
            raise StoppedAtOnce
        self.received = number

    @contextmanager
    def catching(self) -> Iterator[None]:
        """Catch the signals inside, where Python allows it (the main thread)."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
