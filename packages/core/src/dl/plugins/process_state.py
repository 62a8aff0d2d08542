"""Steady: what belongs to the whole process is put back after a stranger's code has run, and it is said what it was.

A plugin that goes to another folder, turns warnings into errors or takes a signal would change what everything after it
does, and the failure would look like somebody else's. Adding to what is there - a variable, a folder to search - is
fine.
"""

from __future__ import annotations

import operator
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, NoReturn

OURS = "DL_"  # what variables that dl reads begin with
ASKING = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGPIPE", "SIGALRM") if hasattr(signal, name)
]
# What the root of logging is like where nobody has imported it, which takes 5 ms.
UNTOUCHED: tuple[list[Any], int, int] = ([], 30, 0)


@dataclass(frozen=True)
class GlobalState:
    """Something that there is once in a process.

    Args:
        name: For people.
        read: How it is now.
        put_back: Makes it as it was.
        changed: Whether the difference between before and now matters.
    """

    name: str
    read: Callable[[], Any]  # Any: whatever it is made of
    put_back: Callable[[Any], object]
    changed: Callable[[Any, Any], bool] = operator.ne


class ProcessSnapshot:
    """Remembers how the process is."""

    def __init__(self) -> None:
        self._before = [(one, one.read()) for one in BELONGINGS]
        self._threads = set(threading.enumerate())

    def put_back(self) -> list[str]:
        """Make it so again, and return what was changed."""
        changed = []
        for one, before in self._before:
            if one.changed(before, one.read()):
                changed.append(one.name)
                one.put_back(before)
        return changed

    def left_running(self) -> list[str]:
        """Return the names of threads that run and did not then."""
        return [thread.name for thread in threading.enumerate() if thread not in self._threads]


@contextmanager
def no_exit() -> Iterator[None]:
    """Let nothing inside end the process without a word, or come out of it twice.

    Raises:
        SystemExit: Where `os._exit` was called.
    """
    leave, process = os._exit, os.getpid()

    def refuse(status: int) -> NoReturn:
        if os.getpid() != process:
            leave(status)
        raise SystemExit(status)

    os._exit = refuse
    try:
        yield
    finally:
        os._exit = leave
        if os.getpid() != process:  # a fork, which would go on as a second dl
            leave(0)


def _folder() -> str:
    with suppress(OSError):
        return os.getcwd()  # noqa: PTH109 - a Path costs more
    return ""


def _enter(folder: str) -> None:
    with suppress(OSError):
        os.chdir(folder)


def _lacks(before: dict[str, str], now: dict[str, str]) -> bool:
    ours = any(name.startswith(OURS) for name in now.keys() - before.keys())
    return ours or any(now.get(name) != value for name, value in before.items())


def _set_variables(before: dict[str, str]) -> None:
    for name in os.environ.keys() - before.keys():
        if name.startswith(OURS):
            del os.environ[name]
    os.environ.update(before)


def _search(before: list[str]) -> None:
    sys.path[:] = [*before, *(path for path in sys.path if path not in before)]


def _mask() -> int:
    now = os.umask(0o22)
    os.umask(now)
    return now


def _handlers() -> dict[int, Any]:  # Any: as signal gives them
    return {number: signal.getsignal(number) for number in ASKING}


def _take(before: dict[int, Any]) -> None:
    if threading.current_thread() is threading.main_thread():
        for number, handler in before.items():
            if handler is not None and signal.getsignal(number) is not handler:
                signal.signal(number, handler)


def _timer() -> tuple[float, float]:
    return signal.getitimer(signal.ITIMER_REAL) if hasattr(signal, "getitimer") else (0.0, 0.0)


def _set_timer(before: tuple[float, float]) -> None:
    signal.setitimer(signal.ITIMER_REAL, *before)


def _root() -> tuple[list[Any], int, int]:  # Any: handlers of logging
    if "logging" not in sys.modules:
        return UNTOUCHED
    import logging

    return list(logging.root.handlers), logging.root.level, logging.root.manager.disable


def _log(before: tuple[list[Any], int, int]) -> None:  # Any: handlers of logging
    import logging

    logging.root.handlers[:], level, disabled = before
    logging.root.setLevel(level)
    logging.disable(disabled)


def _hooks() -> list[Any]:  # Any: functions and a stream
    return [sys.excepthook, sys.displayhook, sys.unraisablehook, sys.stdin, threading.excepthook]


def _hook(before: list[Any]) -> None:
    sys.excepthook, sys.displayhook, sys.unraisablehook, sys.stdin, threading.excepthook = before


BELONGINGS = (
    GlobalState("the working directory", _folder, _enter),
    GlobalState("variables of the environment", lambda: dict(os.environ), _set_variables, _lacks),
    GlobalState("the search path", lambda: list(sys.path), _search, lambda before, now: not set(before) <= set(now)),
    GlobalState("the mask of new files", _mask, os.umask),
    GlobalState("handlers of signals", _handlers, _take),
    GlobalState("the timer", _timer, _set_timer, lambda before, now: any(now) and not any(before)),
    GlobalState("the root of logging", _root, _log),
    GlobalState("hooks of sys", _hooks, _hook),
    GlobalState("the limit of recursion", sys.getrecursionlimit, sys.setrecursionlimit),
)
