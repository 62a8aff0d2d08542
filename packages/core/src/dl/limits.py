"""A limit of time, ``--max-time``: long work ends at it as at Ctrl-C, with its report, and can be continued."""

from __future__ import annotations

import re
import signal
import threading
from _thread import interrupt_main
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from dl.errors import BadOption
from dl.signals import in_main_thread
from dl.terminal import console, plain, safe_text

LONGEST = 40  # characters of a time that are shown
_TIME = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?", re.ASCII)
_CLOCK = re.compile(r"(\d+):(\d\d):(\d\d):(\d\d)", re.ASCII)


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


@contextmanager
def ending_after(limit: str) -> Iterator[None]:
    """While this context lasts, send the process what Ctrl-C sends when a time is over.

    Args:
        limit: As `parse_time` takes it; empty for none.

    Raises:
        BadOption: If it is no time.
    """
    if not limit:
        yield
        return
    over = threading.Event()
    timer = threading.Timer(parse_time(limit), _end, (limit, over))
    timer.daemon = True
    with _heard(over):
        timer.start()
        try:
            yield
        finally:
            timer.cancel()


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


def _end(limit: str, over: threading.Event) -> None:
    over.set()
    console(stderr=True).print(plain(f"  --max-time {limit} is over", "yellow"))
    if hasattr(signal, "pthread_kill"):  # wakes the main thread where it waits
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
    else:
        interrupt_main()
