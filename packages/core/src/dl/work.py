"""How far long work is: what is done of a total, at which rate, and the time left. Every long loop reports here.

    for file in over(files, "decoding"):    a loop, one line
    with doing("reading", size) as work:    work.advance(len(block))

Nothing is shown unless a display listens (`dl.work_display`), and reporting costs less than a microsecond.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

POINTS = 64  # of a meter that are kept
SKIPPED = 0.25  # of what is done: warming up
STALL = 4.0  # times the usual duration of a piece of work, above which it counts as that much
EVERY = 0.05  # seconds between two points

Item = TypeVar("Item")


@dataclass(frozen=True)
class Progress:
    """How far long work is.

    Args:
        name: Of the work: ``decoding``.
        done: Units that are done.
        total: Units in all; 0 where it is not known.
        rate: Units in a second; 0 where it is not known yet.
        left: Seconds that are left; None where it is not known yet.
    """

    name: str
    done: float
    total: float
    rate: float
    left: float | None


class Meter:
    """Estimates the time that work takes for each unit: the mean over the last three quarters of what is done.

    The first quarter is left out, as work may start slowly; a single stall is cut to `STALL` times what is usual.

    Args:
        now: When the work begins, in seconds.
        done: Units that are done already.
    """

    def __init__(self, now: float, done: float = 0.0) -> None:
        self._points = [(done, now)]

    def add(self, done: float, now: float) -> None:
        """Note that so many units are done now."""
        if done > self._points[-1][0]:
            self._points.append((done, now))
        if len(self._points) > POINTS:
            self._points = [*self._points[:-1:2], self._points[-1]]

    def pace(self) -> float:
        """Return the seconds that a unit takes; 0 while none is done."""
        began, done = self._points[0][0], self._points[-1][0]
        from_ = began + SKIPPED * (done - began)
        first = next((k for k, (at, _) in enumerate(self._points) if at >= from_), 0)
        used = self._points[min(first, max(len(self._points) - 2, 0)) :]
        pieces = [(b[0] - a[0], (b[1] - a[1]) / (b[0] - a[0])) for a, b in pairwise(used)]
        if not pieces:
            return 0.0
        most = STALL * _median(pieces)
        return sum(units * min(each, most) for units, each in pieces) / sum(units for units, _ in pieces)

    def left(self, total: float, now: float) -> float | None:
        """Return the seconds until so many units are done; None while no unit is.

        A unit that is under way has used some of its own time.
        """
        pace, (done, at) = self.pace(), self._points[-1]
        rest = max(total - done, 0.0)
        if not rest:
            return 0.0
        return pace * rest - min(now - at, pace * min(rest, 1.0)) if pace else None


def _median(pieces: Sequence[tuple[float, float]]) -> float:
    """Return the median of the second numbers, weighted by the first."""
    half, passed = sum(units for units, _ in pieces) / 2, 0.0
    for units, each in sorted(pieces, key=lambda piece: piece[1]):
        passed += units
        if passed >= half:
            return each
    return pieces[-1][1]


class Work:
    """Work that is under way.

    Args:
        name: For whoever looks on: ``decoding``.
        total: Units in all; 0 where it is not known.
        done: Units that are done already, as of work that goes on.
    """

    def __init__(self, name: str, total: float = 0.0, done: float = 0.0) -> None:
        self.name, self.total, self.done = name, total, done
        self.began = self._noted = time.monotonic()
        self._meter = Meter(self.began, done)

    def advance(self, units: float = 1.0) -> None:
        """Note that more units are done."""
        self.reach(self.done + units)

    def reach(self, done: float) -> None:
        """Note that so many units are done."""
        self.done = done
        now = time.monotonic()
        if now - self._noted >= EVERY:
            self._meter.add(done, now)
            self._noted = now
            _tell()

    def end(self) -> None:
        """Report it no longer."""
        if self in _under_way:
            _under_way.remove(self)
            _tell()

    def progress(self) -> Progress:
        """Return how far it is."""
        pace = self._meter.pace()
        left = self._meter.left(self.total, time.monotonic()) if self.total else None
        return Progress(self.name, self.done, self.total, 1 / pace if pace else 0.0, left)


_under_way: list[Work] = []  # the outermost first
_listeners: list[Callable[[Sequence[Work]], None]] = []


def begin(name: str, total: float = 0.0, done: float = 0.0) -> Work:
    """Report work until its `Work.end`."""
    work = Work(name, total, done)
    _under_way.append(work)
    return work


@contextmanager
def doing(name: str, total: float = 0.0, done: float = 0.0) -> Iterator[Work]:
    """Report work while this context lasts; what has no units, as one call of a library, is shown by its name alone.

    Args:
        name: As `Work`.
        total: As `Work`.
        done: As `Work`.
    """
    work = begin(name, total, done)
    if not total:
        _tell()  # nobody may advance it
    try:
        yield work
    finally:
        work.end()


def over(items: Sequence[Item], name: str) -> Iterator[Item]:
    """Yield each of the items, and report how many the caller has done."""
    with doing(name, len(items)) as work:
        for item in items:
            yield item
            work.advance()


def reported(results: Iterable[Item], name: str, total: float) -> Iterator[Item]:
    """Yield each result as it is made, and report how many there are of the total."""
    with doing(name, total) as work:
        for result in results:
            work.advance()
            yield result


@contextmanager
def listening(listener: Callable[[Sequence[Work]], None]) -> Iterator[None]:
    """While this context lasts, call a function with the work that is under way, the outermost first, as it goes on."""
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)


def _tell() -> None:
    if _listeners:
        _listeners[-1](_under_way)
