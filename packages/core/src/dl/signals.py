"""Signals: Ctrl-C and SIGTERM set a flag, so that a fit ends at a step boundary with its scores and its report.

A second signal stops at once. Lightning would end the process by itself; these handlers are in place while it trains.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

CAUGHT = (signal.SIGINT, signal.SIGTERM)


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
        """Catch SIGINT and SIGTERM inside, where Python allows it (the main thread)."""
        before = {number: signal.getsignal(number) for number in CAUGHT}
        self.take_over()
        try:
            yield
        finally:
            if _in_main_thread():
                for number, handler in before.items():
                    signal.signal(number, handler)

    def take_over(self) -> None:
        """Become the handler of both signals, whoever has them now."""
        if _in_main_thread():
            for number in CAUGHT:
                signal.signal(number, self)


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()
