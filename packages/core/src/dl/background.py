"""Call functions in a thread of their own, one after the other; the caller waits for none of them.

A tracker may block in a call for ever. Its calls wait in a queue of bounded length, and what finds it full is dropped.
Python runs one thread at a time, so what a tracker computes holds up the rest: with a pace, its calls get a share of
the time.
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress

MOST = 4096  # calls that wait
SHORT = 1.0  # seconds for a call that has had its time already
LEAVING = 5.0  # seconds that what a tracker left behind may hold up the end of the program
_abandoned: list[str] = []
_begun: list[str] = []


class Background:
    """A thread that calls functions, oldest first, until one fails.

    Args:
        name: Of the thread.
        most: Calls that may wait; further ones are dropped.
    """

    def __init__(self, name: str, most: int = MOST) -> None:
        self.name, self.most = name, most
        self.error: BaseException | None = None
        self.dropped = 0
        self._waiting: deque[Callable[[], object]] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._began: float | None = None  # of the call that runs
        self._share, self._paced_since = 1.0, 0.0
        self._used = self._last = 0.0  # processor seconds since then, and of the last call
        _begun.append(name)
        threading.Thread(target=self._work, name=f"dl {name}", daemon=True).start()

    def call(self, function: Callable[[], object], *, always: bool = False) -> bool:
        """Let a function be called when those before it have returned; always, though the queue be full.

        Returns:
            Whether it is in the queue.
        """
        with self._changed:
            if self.error is not None or self._closed or (len(self._waiting) >= self.most and not always):
                self.dropped += 1
                return False
            self._waiting.append(function)
            self._changed.notify_all()
            return True

    def pace(self, share: float) -> None:
        """Begin a call only where the thread then uses at most this share of the time, until it is waited for."""
        with self._changed:
            self._share, self._paced_since, self._used = share, time.monotonic(), 0.0

    def settle(self, seconds: float) -> bool:
        """Wait until nothing is left to call, at most so many seconds; return whether that is so."""
        with self._changed:
            self._share = 1.0
            self._changed.notify_all()
            return self._changed.wait_for(self._is_idle, seconds)

    def close(self, seconds: float) -> bool:
        """Wait at most so many seconds for the calls that are left, then end the thread, or leave it behind in a call.

        Returns:
            Whether all calls have returned, or one has failed.
        """
        done = self.settle(seconds)
        with self._changed:
            self._closed = True
            self._waiting.clear()
            self._changed.notify_all()
        if not done:
            _abandoned.append(self.name)
        return done

    def blocked_for(self) -> float:
        """Return for how many seconds the call that runs has been running; 0 if none runs."""
        began = self._began
        return 0.0 if began is None else time.monotonic() - began

    def _is_idle(self) -> bool:
        return self.error is not None or (not self._waiting and self._began is None)

    def _work(self) -> None:
        while (function := self._next()) is not None:
            before = time.thread_time()
            try:
                function()
            except BaseException as error:  # a tracker may call sys.exit
                self.error = error
            with self._changed:
                self._began = None
                self._last = time.thread_time() - before
                self._used += self._last
                self._changed.notify_all()
            if self.error is not None:
                return

    def _next(self) -> Callable[[], object] | None:
        """Wait for the next function, and for its time; None at the end."""
        with self._changed:
            self._changed.wait_for(lambda: bool(self._waiting) or self._closed)
            while not self._closed and (seconds := self._too_early()) > 0:
                self._changed.wait(seconds)
            if not self._waiting:
                return None
            self._began = time.monotonic()
            return self._waiting.popleft()

    def _too_early(self) -> float:
        """Return in how many seconds a call like the last one keeps the pace; 0 or less for now."""
        if self._share >= 1.0:
            return 0.0
        return (self._used + self._last) / self._share - (time.monotonic() - self._paced_since)


def leave_soon(code: int) -> None:
    """Let the program end with this code though something that a tracker left behind, as a thread or at exit, hangs.

    Nothing happens while the program goes on, as one does that calls the command line as a function.
    """
    if _begun:
        threading.Thread(target=_leave, args=(code,), name="dl leaves", daemon=True).start()


def _leave(code: int) -> None:
    threading.main_thread().join()  # until Python begins to end
    time.sleep(LEAVING)
    with suppress(OSError):
        os.write(
            2, f"dl: what {' or '.join(dict.fromkeys(_begun))} left behind is given up after {LEAVING:.0f} s\n".encode()
        )
    os._exit(code)


def is_abandoned() -> bool:
    """Return whether a thread was left behind in a call, for which the end of the program must not wait."""
    return bool(_abandoned)
