"""Handle Ctrl-C, SIGTERM and SIGHUP by a flag, so that a fit stops at a step boundary with its scores and its report.

A second signal stops at once. These handlers replace Lightning's, which would end the process. Outside of a fit every
one of them is raised, as Python does with Ctrl-C, so that whoever cleans up after one cleans up after all.
"""

import os
import signal
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import TextIO

from dl.exit_codes import FAILED, of_signal

HANG_UP = getattr(signal, "SIGHUP", None)  # the terminal was closed; Windows has no such signal
CAUGHT = (signal.SIGINT, signal.SIGTERM, *([] if HANG_UP is None else [HANG_UP]))
_OWN = os.getpid()
_raised_on: list[int] = []  # descriptors of terminals when `raise_all` was called


class SecondSignal(BaseException):
    """A second signal while the first is handled. Not an Exception, so that nothing swallows it.

    Args:
        number: Of the first signal.
    """

    def __init__(self, number: int = signal.SIGINT) -> None:
        super().__init__(number)
        self.number = number


class Interrupted(KeyboardInterrupt):
    """SIGTERM or SIGHUP outside of a fit; Ctrl-C is Python's own KeyboardInterrupt.

    Args:
        number: Of the signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


class StopFlag:
    """Remembers the first signal received."""

    def __init__(self) -> None:
        self.received: int | None = None
        self.terminals = _terminals()

    def __call__(self, number: int, _frame: FrameType | None) -> None:
        """Handle a signal: remember the first, raise at the second."""
        if number == HANG_UP:
            _leave_terminals(self.terminals)
        if self.received is not None:
            raise SecondSignal(self.received)
        self.received = number

    @contextmanager
    def catching(self) -> Iterator[None]:
        """Handle the signals inside this context, if this is the main thread.

        What another flag has received before, around this one, counts as received here.
        """
        before = {number: signal.getsignal(number) for number in CAUGHT}
        self.take_over()
        for outer in (one for one in before.values() if isinstance(one, StopFlag)):
            self.received = self.received or outer.received
        try:
            yield
        finally:
            if in_main_thread():
                for number, handler in before.items():
                    signal.signal(number, handler)

    def take_over(self) -> None:
        """Install this handler for all signals, replacing any other; an ignored hang-up, as by nohup, stays ignored."""
        if in_main_thread():
            for number in CAUGHT:
                if number != HANG_UP or signal.getsignal(number) != signal.SIG_IGN:
                    signal.signal(number, self)


def _terminals() -> list[int]:
    """Return the descriptors of stdout and stderr that are terminals."""
    return [one.fileno() for one in (sys.__stdout__, sys.__stderr__) if one and _is_terminal(one)]


def _leave_terminals(terminals: Iterable[int]) -> None:
    """Send output that went to a terminal nowhere: it was closed, and every write to it would fail."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for terminal in terminals:
        os.dup2(nowhere, terminal)
    os.close(nowhere)


def _is_terminal(stream: TextIO) -> bool:
    with suppress(OSError, ValueError):  # closed, or no file
        return stream.isatty() and stream.fileno() >= 0
    return False


def in_main_thread() -> bool:
    """Return whether this is the main thread, the only one that may install handlers."""
    return threading.current_thread() is threading.main_thread()


def interrupt(number: int, _frame: FrameType | None = None) -> None:
    """Handle a signal by raising it; a process that was forked from this one ends by it, as it would have.

    Raises:
        KeyboardInterrupt: For Ctrl-C.
        Interrupted: For the others.
    """
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    if os.getpid() != _OWN:
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
        return
    if number == HANG_UP:
        _leave_terminals(_raised_on)
    raise Interrupted(number)


def raise_all() -> None:
    """Raise each signal that would end this process; Ctrl-C, and what is ignored, stays as it is."""
    _raised_on[:] = _terminals()
    for number in CAUGHT:
        if signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, interrupt)


def signal_of(error: BaseException | None) -> int:
    """Return the number of the signal that an error, or one behind it, was raised for; 0 for none."""
    while error is not None:
        if isinstance(error, (Interrupted, SecondSignal)):
            return error.number
        if isinstance(error, KeyboardInterrupt):
            return int(signal.SIGINT)
        error = error.__cause__ or error.__context__
    return 0


@contextmanager
def ignored() -> Iterator[None]:
    """Ignore the signals inside this context, where the end of a command is told."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in CAUGHT} if in_main_thread() else {}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def exit_with(code: int) -> None:
    """Exit with this code at a signal: the command has ended, and only Python has to."""
    for number in CAUGHT:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, lambda *_: os._exit(code))


@contextmanager
def held_back() -> Iterator[None]:
    """Hold the signals back inside this context, also in a process that is started there, until it lets them through.

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
    """Let the signals through that `held_back` holds back in this process."""
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, CAUGHT)


def exit_at_once() -> None:
    """Exit at a signal until a fit takes over: nothing is there yet that could be kept.

    No exception is raised, since modules are being imported, and one that is cut off may be half there.
    """

    def leave(number: int, _frame: FrameType | None) -> None:
        os._exit(of_signal(number))

    for number in CAUGHT:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, leave)


def end_with_parent() -> None:
    """End this process when the one that started it is killed: another may go on with its work, in the same folders."""
    threading.Thread(target=_wait_for_parent, daemon=True).start()


def end_with_stdin() -> None:
    """End this process when its standard input ends, a pipe that whoever started it holds open while it lives."""
    threading.Thread(target=_wait_for_stdin, daemon=True).start()


def _wait_for_parent() -> None:
    from multiprocessing import parent_process
    from multiprocessing.connection import wait

    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(FAILED)


def _wait_for_stdin() -> None:
    while os.read(0, 1):
        pass
    os._exit(FAILED)
