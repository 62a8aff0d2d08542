"""Show long work: a line that updates itself on a terminal, elsewhere a few plain lines, ever more seldom.

decoding    12,300 of 60,000, 40 s left
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from dl import work
from dl.terminal import plain, sharing_progress
from dl.words import show_seconds

if TYPE_CHECKING:
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

SOON = 0.5  # seconds of work before it is shown on a terminal
FIRST, LATER = 10.0, 1.5  # seconds before the first plain line; times that before the next
NAMES = 12  # columns of the name of the work
MEBIBYTE = 2**20


class WorkDisplay:
    """Shows the work that is under way.

    Args:
        console: For progress.
        clock: Returns the time in seconds.
    """

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self.console, self.clock = console, clock
        self._live: Live | None = None
        self._shown: tuple[work.Work, ...] = ()
        self._due: dict[work.Work, float] = {}  # when the next line of each is due

    def update(self, under_way: Sequence[work.Work]) -> None:
        """Show how far the work is."""
        if not under_way:
            self.hide()
        self._shown = tuple(under_way)
        if not self.console.is_terminal:
            self._print(self._shown)
        elif not self._shown:
            return
        elif self._live is None and (_is_one_call(self._shown[-1]) or self.clock() - self._shown[-1].began > SOON):
            from rich.live import Live

            self._live = Live(get_renderable=self._lines, console=self.console, refresh_per_second=4, transient=True)
            self._live.start(refresh=True)

    def hide(self) -> None:
        """Remove the line from the terminal."""
        if self._live is not None:
            self._live.stop()
        self._live = None

    def _lines(self) -> Text:
        from rich.text import Text

        width = self.console.width - 1
        return Text("\n").join(plain(describe(one.progress())[:width], "dim") for one in self._shown)

    def _print(self, under_way: Sequence[work.Work]) -> None:
        """Print the lines that are due."""
        now = self.clock()
        self._due = {one: self._due.get(one, one.began + FIRST) for one in under_way}
        for one in under_way:
            if now >= self._due[one]:
                self.console.print(plain(describe(one.progress())), soft_wrap=True)
                self._due[one] = one.began + LATER * (now - one.began)


def _is_one_call(one: work.Work) -> bool:
    """Return whether work tells nothing until its end."""
    return not (one.total or one.done)


def describe(progress: work.Progress) -> str:
    """Describe how far work is, in one line."""
    if not (progress.total or progress.done):
        return f"  {progress.name}"
    done, total = f"{progress.done:,.0f}", f"{progress.total:,.0f}"
    if progress.name == "reading" and progress.total:
        done, total = f"{progress.done / MEBIBYTE:,.0f}", f"{progress.total / MEBIBYTE:,.0f} MiB"
    of = f"{done} of {total}" if progress.total else done
    left = f", {show_seconds(progress.left)} left" if progress.left is not None else ""
    return f"  {progress.name:<{NAMES}}{of}{left}"


@contextmanager
def showing() -> Iterator[None]:
    """While this context lasts, show long work on stderr; whatever is printed there meanwhile stands above it."""
    with sharing_progress() as console:
        display = WorkDisplay(console)
        try:
            with work.listening(display.update):
                yield
        finally:
            display.hide()
