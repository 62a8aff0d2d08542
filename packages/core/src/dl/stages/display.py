"""The display of a workflow: a line for the stage that runs, then its result; plain lines without a terminal."""

from __future__ import annotations

import io
import time
from collections.abc import Callable

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from dl.runs.workflow import FINISHED, SKIPPED, StageRecord
from dl.terminal import plain
from dl.words import show_seconds

LABEL = 16  # columns before the words of a stage
LONG = 2_000  # characters of a line
WIDE = 200  # columns of what a stage prints, of which the last line is shown


class _LastLine(io.StringIO):
    """Keeps the last line that is written."""

    line = ""

    def write(self, text: str) -> int:
        """Remember the last line that is not empty."""
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        self.line = lines[-1] if lines else self.line
        return len(text)


class WorkflowDisplay:
    """Shows the stages of a workflow.

    Args:
        console: Of the progress.
        count: Number of stages.
    """

    def __init__(self, console: Console, count: int) -> None:
        self.console, self.count = console, count
        self._last = _LastLine()
        self.inner = Console(file=self._last, width=WIDE, force_terminal=False, force_jupyter=False, color_system=None)
        self._live: Live | None = None

    def say(self, words: str, style: str = "") -> None:
        """Print a line."""
        self.console.print(plain(words, style, LONG), soft_wrap=not self.console.is_terminal)

    def _row(self, head: str, words: str, style: str = "") -> None:
        """Print a line behind its head; on a terminal its further lines are indented."""
        if not self.console.is_terminal:
            self.say(f"{head:<{LABEL}}{words}", style)
            return
        grid = Table.grid()
        grid.add_column(width=LABEL, no_wrap=True)
        grid.add_column()
        grid.add_row(plain(head, style), plain(words, style, LONG))
        self.console.print(grid)

    def begin(self, number: int, record: StageRecord, left: Callable[[], float]) -> None:
        """Show that a stage runs: with the time so far, the time left and the last line of what it calls."""
        self._last.line, started = "", time.monotonic()
        head = f"{number}/{self.count} {record.name}"
        if record.entry or not self.console.is_terminal:
            self._row(head, f"{record.entry or 'begins'}{_about(left())}", "dim")

        def line() -> Text:
            passed = f"{head:<{LABEL}}{show_seconds(time.monotonic() - started)}{_about(left())}"
            return plain(f"{passed}  {self._last.line}"[: self.console.width - 1])

        if self.console.is_terminal:
            self._live = Live(get_renderable=line, console=self.console, refresh_per_second=4, transient=True)
            self._live.start()

    def pause(self) -> None:
        """Remove the line of the running stage."""
        if self._live:
            self._live.stop()
        self._live = None

    def end(self, number: int, record: StageRecord) -> None:
        """Print what a stage reached, and the condition at its end."""
        self.pause()
        head = f"{number}/{self.count} {record.name}"
        if record.status == SKIPPED:
            self._row(head, f"skipped: {record.entry}", "yellow")
            return
        if record.status != FINISHED:
            return
        self._row(head, f"{record.result}  {show_seconds(record.seconds)}", "bold")
        for note in record.notes:
            self._row("", note)
        mark = "ok" if record.passed else "!"
        self._row("", f"{mark} {record.exit}", "green" if record.passed else "red")
        if record.next and not record.passed:
            self._row("", record.next, "bold")


def _about(left: float) -> str:
    return f", about {show_seconds(left)} left" if left else ""
