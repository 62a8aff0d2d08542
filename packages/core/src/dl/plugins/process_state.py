"""Snapshot process-wide state (cwd, env, signals, logging) around plugin code and restore what it changed.

A plugin that changes the working directory, turns warnings into errors or handles a signal would affect everything
after it, and the failure would look like another's. Additions - a variable, a folder on the search path - are allowed.
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

from dl.signals import in_main_thread

OURS = "DL_"  # prefix of the variables that dl reads
SIGNALS = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGPIPE", "SIGALRM") if hasattr(signal, name)
]
# The state of the root logger while logging is not imported, which takes 5 ms.
UNTOUCHED: tuple[list[Any], int, int] = ([], 30, 0)


@dataclass(frozen=True)
class GlobalState:
    """A piece of process-wide state.

    Args:
        name: For messages.
        read: Returns its value.
        restore: Sets it to an earlier value.
        changed: Whether the difference between an earlier value and the current one matters.
    """

    name: str
    read: Callable[[], Any]  # Any: a value of any type
    restore: Callable[[Any], object]
    changed: Callable[[Any, Any], bool] = operator.ne


class ProcessSnapshot:
    """A snapshot of the process-wide state and the running threads."""

    def __init__(self) -> None:
        self._before = [(one, one.read()) for one in GLOBAL_STATES]
        self._threads = set(threading.enumerate())

    def restore(self) -> list[str]:
        """Restore the state, and return the names of what was changed."""
        changed = []
        for one, before in self._before:
            if one.changed(before, one.read()):
                changed.append(one.name)
                one.restore(before)
        return changed

    def new_threads(self) -> list[str]:
        """Return the names of threads started since the snapshot."""
        return [thread.name for thread in threading.enumerate() if thread not in self._threads]


@contextmanager
def no_exit() -> Iterator[None]:
    """Inside this context turn `os._exit` into SystemExit, and end a forked child at the end of the context.

    Raises:
        SystemExit: If `os._exit` is called.
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
        if os.getpid() != process:  # a fork, which would continue as a second dl
            leave(0)


def _folder() -> str:
    with suppress(OSError):
        return os.getcwd()  # noqa: PTH109 - a Path costs more
    return ""


def _enter(folder: str) -> None:
    with suppress(OSError):
        os.chdir(folder)


def _environment_changed(before: dict[str, str], now: dict[str, str]) -> bool:
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
    return {number: signal.getsignal(number) for number in SIGNALS}


def _take(before: dict[int, Any]) -> None:
    if in_main_thread():
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


GLOBAL_STATES = (
    GlobalState("the working directory", _folder, _enter),
    GlobalState("variables of the environment", lambda: dict(os.environ), _set_variables, _environment_changed),
    GlobalState("the search path", lambda: list(sys.path), _search, lambda before, now: not set(before) <= set(now)),
    GlobalState("the mask of new files", _mask, os.umask),
    GlobalState("handlers of signals", _handlers, _take),
    GlobalState("the timer", _timer, _set_timer, lambda before, now: any(now) and not any(before)),
    GlobalState("the root of logging", _root, _log),
    GlobalState("hooks of sys", _hooks, _hook),
    GlobalState("the limit of recursion", sys.getrecursionlimit, sys.setrecursionlimit),
)
