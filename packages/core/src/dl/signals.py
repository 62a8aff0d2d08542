"""Handle Ctrl-C and SIGTERM by a flag, so that a fit stops at a step boundary with its scores and its report.

A second signal stops at once. These handlers replace Lightning's, which would end the process.
"""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

CAUGHT = (signal.SIGINT, signal.SIGTERM)


class SecondSignal(BaseException):
    """A second signal while the first is handled. Not an Exception, so that nothing swallows it."""


class StopFlag:
    """Remembers the first signal received."""

    def __init__(self) -> None:
        self.received: int | None = None

    def __call__(self, number: int, _frame: FrameType | None) -> None:
        """Handle a signal: remember the first, raise at the second."""
        if self.received is not None:
            raise SecondSignal
        self.received = number

    @contextmanager
    def catching(self) -> Iterator[None]:
        """Handle SIGINT and SIGTERM inside this context, if this is the main thread."""
        before = {number: signal.getsignal(number) for number in CAUGHT}
        self.take_over()
        try:
            yield
        finally:
            if _in_main_thread():
                for number, handler in before.items():
                    signal.signal(number, handler)

    def take_over(self) -> None:
        """Install this handler for both signals, replacing any other."""
        if _in_main_thread():
            for number in CAUGHT:
                signal.signal(number, self)


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


@contextmanager
def held_back() -> Iterator[None]:
    """Hold both signals back inside this context, also in a process that is started there, until it lets them through.

    A process that hears of a signal before it can handle it would end with a traceback.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, CAUGHT)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def let_through() -> None:
    """Let both signals through that `held_back` holds back in this process."""
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, CAUGHT)


def end_with_parent() -> None:
    """End this process when the one that started it is killed: another may go on with its work, in the same folders."""
    threading.Thread(target=_wait_for_parent, daemon=True).start()


def _wait_for_parent() -> None:
    from multiprocessing import parent_process
    from multiprocessing.connection import wait

    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
