"""Call functions in a thread of their own, one after the other; the caller waits for none of them.

A tracker may block in a call for ever. Its calls wait in a queue of bounded length, and what finds it full is dropped.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

MOST = 256  # calls that wait
SHORT = 1.0  # seconds for a call that has had its time already
_abandoned: list[str] = []


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
        threading.Thread(target=self._work, name=f"dl {name}", daemon=True).start()

    def call(self, function: Callable[[], object], *, always: bool = False) -> None:
        """Let a function be called when those before it have returned; always, though the queue be full."""
        with self._changed:
            if self.error is not None or self._closed or (len(self._waiting) >= self.most and not always):
                self.dropped += 1
                return
            self._waiting.append(function)
            self._changed.notify_all()

    def settle(self, seconds: float) -> bool:
        """Wait until nothing is left to call, at most so many seconds; return whether that is so."""
        with self._changed:
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
            try:
                function()
            except BaseException as error:  # a tracker may call sys.exit
                self.error = error
            with self._changed:
                self._began = None
                self._changed.notify_all()
            if self.error is not None:
                return

    def _next(self) -> Callable[[], object] | None:
        """Wait for the next function; None at the end."""
        with self._changed:
            self._changed.wait_for(lambda: bool(self._waiting) or self._closed)
            if not self._waiting:
                return None
            self._began = time.monotonic()
            return self._waiting.popleft()


def is_abandoned() -> bool:
    """Return whether a thread was left behind in a call, for which the end of the program must not wait."""
    return bool(_abandoned)
