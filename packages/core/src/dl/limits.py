"""A limit of time, ``--max-time``: long work ends at it as at Ctrl-C, with its report, and can be continued."""

from __future__ import annotations

import re
import signal
import threading
from _thread import interrupt_main
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

from dl.errors import BadOption
from dl.exit_codes import DONE, of_signal
from dl.signals import in_main_thread
from dl.terminal import console, plain, safe_text

LONGEST = 40  # characters of a time that are shown
TIME_UP = "the time was up"  # how the message of a run begins that --max-time ended
_TIME = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?", re.ASCII)
_CLOCK = re.compile(r"(\d+):(\d\d):(\d\d):(\d\d)", re.ASCII)
_limits: list[threading.Event] = []  # that last, the innermost last; one is set once its time is over


def parse_time(text: str) -> float:
    """Return the seconds of a time such as ``20m``, ``1h30m``, ``90s`` or ``DD:HH:MM:SS``.

    Raises:
        BadOption: If it is none, or no time at all.
    """
    if clock := _CLOCK.fullmatch(text.strip()):
        days, hours, minutes, seconds = map(int, clock.groups())
        hours += 24 * days
    else:
        found = _TIME.fullmatch(text.strip())
        hours, minutes, seconds = (int(part or 0) for part in found.groups()) if found else (0, 0, 0)
    total = 3600 * hours + 60 * minutes + seconds
    if not total:
        shown = safe_text(text, LONGEST)
        raise BadOption(f"--max-time {shown!r}: expected a time such as 20m, 1h30m or 90s")
    return float(total)


def as_clock(seconds: float) -> str:
    """Return a time as Lightning takes it: ``DD:HH:MM:SS``, at least a second."""
    minutes, rest = divmod(max(1, round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    return f"{days:02d}:{hours:02d}:{minutes:02d}:{rest:02d}"


@dataclass(frozen=True)
class Limit:
    """A limit of time.

    Args:
        over: Set once its time is over.
    """

    over: threading.Event

    def code_of(self, number: int) -> int:
        """Return the exit code of work that a signal has ended, 0 for none: what the limit ended counts as done."""
        return DONE if self.over.is_set() else of_signal(number)


@contextmanager
def ending_after(limit: str) -> Iterator[Limit]:
    """While this context lasts, send the process what Ctrl-C sends when a time is over.

    Args:
        limit: As `parse_time` takes it; empty for none.

    Yields:
        The limit, which knows whether its time is over.

    Raises:
        BadOption: If it is no time, or was over before the work could show anything.
    """
    clock = _Clock(limit)
    if not limit:
        yield Limit(clock.over)
        return
    timer = threading.Timer(parse_time(limit), clock.end)
    timer.daemon = True
    _limits.append(clock.over)
    with _heard(clock.over):
        timer.start()
        done = False
        try:
            try:
                yield Limit(clock.over)
                done = True
            finally:
                clock.stop()
                timer.cancel()
                _limits.remove(clock.over)
        except KeyboardInterrupt:
            if not clock.over.is_set():
                raise
            if not done:
                why = f"{TIME_UP} before there was anything to show; give it more"
                raise BadOption(f"--max-time {limit}: {why}") from None


class _Clock:
    """Interrupts the main thread at the end of a time, but never once the work has ended.

    Args:
        limit: As typed.
    """

    def __init__(self, limit: str) -> None:
        self.limit, self.over = limit, threading.Event()
        self._lock, self._stopped = threading.Lock(), False

    def stop(self) -> None:
        """Interrupt nothing from now on."""
        with self._lock:
            self._stopped = True

    def end(self) -> None:
        """Tell that the time is over, and interrupt the main thread."""
        with self._lock:
            if self._stopped:
                return
            self.over.set()
            console(stderr=True).print(plain(f"  --max-time {self.limit} is over", "yellow"))
            if hasattr(signal, "pthread_kill"):  # wakes the main thread where it waits
                signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
            else:
                interrupt_main()


def is_time_up() -> bool:
    """Return whether work goes on under a limit whose time is over."""
    return any(over.is_set() for over in _limits)


def why_stopped() -> str:
    """Return what stopped work that a signal has stopped: its limit of time, or a signal from outside."""
    return TIME_UP if is_time_up() else "stopped by a signal"


@contextmanager
def cut_short() -> Iterator[None]:
    """Leave this context where the time is over, and go on behind it with what there is; Ctrl-C passes through."""
    try:
        yield
    except KeyboardInterrupt:
        if not is_time_up():
            raise


@contextmanager
def _heard(over: threading.Event) -> Iterator[None]:
    """Where Ctrl-C is ignored, as in the background of a script, hear it in this context once the time is over."""
    if not in_main_thread() or signal.getsignal(signal.SIGINT) != signal.SIG_IGN:
        yield
        return

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        if over.is_set():
            raise KeyboardInterrupt

    signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
