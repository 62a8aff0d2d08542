"""The progress of a fit on stderr: live on a terminal, one plain line per epoch elsewhere.

epoch   loss    probe          validation               gap
1/2     0.1063  97.97 %        97.70 % [97.39, 97.98]   +0.27 % [-0.13, +0.67]
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from dl.runs.estimates import ScoreEstimates
from dl.runs.manifest import MetricInfo
from dl.runs.wording import show_estimate, show_value
from dl.words import show_seconds
from dl.work import EVERY, Meter

MOST_LINES = 10  # of epochs, beside the first
BETWEEN = 2  # blanks between columns
DROPPED = (1, 2, 4)  # columns that give way on a narrow screen, in this order: loss, probe, gap


class ProgressDisplay:
    """Shows a fit while it runs.

    Args:
        console: The console; without a terminal it gets plain lines.
        metric: The headline metric.
        epochs: Planned number of epochs.
        steps: Optimizer steps per epoch.
        scoring: What scoring after an epoch takes, in steps, until it is known better.
    """

    def __init__(self, console: Console, metric: MetricInfo, epochs: int, steps: int, scoring: float = 0.0) -> None:
        self.console, self.metric, self.epochs, self.steps = console, metric, epochs, steps
        self.per_epoch = steps + scoring
        self.meter = Meter(time.monotonic())
        self.rows: list[tuple[str, ...]] = []
        self.begun, self.noted = False, 0.0  # whether a step was noted, and when
        self.before = 0  # epochs that a fit had when it was resumed
        self.now = Text()
        self.bar = ProgressBar(total=max(steps, 1), width=24)
        self._live = Live(self._table(), console=console, refresh_per_second=8, transient=False)

    def __enter__(self) -> ProgressDisplay:
        if self.console.is_terminal:
            self._live.start()
        else:
            self._line(("epoch", "loss", "probe", "validation", "gap"))
        return self

    def __exit__(self, *_: object) -> None:
        self.now = Text()
        self.bar.completed = 0
        if self.console.is_terminal:
            self.rows = self._thinned()
            self._live.update(self._table(), refresh=True)
            self._live.stop()
        elif self.rows and not self._is_shown(self.before + len(self.rows)):
            self._line(self.rows[-1])

    def resumed(self, epochs: int, place: str) -> None:
        """Show where a fit is resumed.

        Args:
            epochs: That it had.
            place: In words.
        """
        self.before = epochs
        self.console.print(f"resumed {place}", style="dim")

    def training(self, epoch: int, step: int) -> None:
        """Show the number of finished optimizer steps of an epoch."""
        self.bar.completed = step
        self._note((epoch - 1) * self.per_epoch + step)
        self._show(f"epoch {epoch}/{self.epochs}  step {step}/{self.steps}{self._left()}")

    def _note(self, done: float) -> None:
        """Note what is done, in steps; the first call tells where a resumed fit begins."""
        now = time.monotonic()
        if not self.begun:
            self.begun, self.meter = True, Meter(now, done)
        elif now - self.noted >= EVERY:
            self.meter.add(done, now)
            self.noted = now

    def _left(self) -> str:
        left = self.meter.left(self.epochs * self.per_epoch, time.monotonic())
        return "" if left is None else f"  {show_seconds(left)} left"

    def scoring(self, epoch: int) -> None:
        """Show that the epoch is being scored."""
        self._show(f"epoch {epoch}/{self.epochs}  scoring probe and validation{self._left()}")

    def epoch(self, row: dict[str, float], scores: ScoreEstimates) -> None:
        """Show a finished epoch."""
        self._note(row["epoch"] * self.per_epoch)
        cells = (
            f"{row['epoch']:.0f}/{self.epochs}",
            _loss(row["train_loss"]),
            show_value(self.metric, scores.probe.value),
            show_estimate(self.metric, scores.val),
            show_estimate(self.metric, scores.gap, signed=True),
        )
        self.rows.append(cells)
        if self.console.is_terminal:
            self._live.update(self._table())
        elif self._is_shown(self.before + len(self.rows)):
            self._line(cells)

    def _is_shown(self, epoch: int) -> bool:
        """Whether an epoch has a line: all of few, else the first and about ten more, evenly spaced."""
        return epoch in (1, self.epochs) or epoch % -(-self.epochs // MOST_LINES) == 0

    def _thinned(self) -> list[tuple[str, ...]]:
        last, numbered = self.before + len(self.rows), enumerate(self.rows, self.before + 1)
        return [cells for epoch, cells in numbered if epoch == last or self._is_shown(epoch)]

    def _show(self, text: str) -> None:
        self.now = Text(text, style="dim")
        if self.console.is_terminal:
            self._live.update(self._table())

    def _line(self, cells: Sequence[str]) -> None:
        widths = (7, 8, 10, 26, 0)
        padded = (f"{cell} ".ljust(width) for cell, width in zip(cells, widths, strict=True))
        self.console.print("".join(padded).rstrip())

    def _table(self) -> Table:
        """The newest epochs that fit the screen, and a line for the current one."""
        table = Table(box=None, pad_edge=False, show_edge=False, header_style="dim")
        names = ("epoch", "loss", "probe", f"validation {self.metric.name}", "gap")
        rows = self.rows[-max(self.console.height - 6, 3) :]
        shown = columns_that_fit([names, *rows], self.console.width)
        for k in shown:
            table.add_column(names[k], no_wrap=True)
        for cells in rows:
            table.add_row(*(cells[k] for k in shown))
        grid = Table.grid(padding=(0, 2))
        grid.add_row(table)
        if self.now:
            line = Table.grid(padding=(0, 2))
            line.add_row(self.bar, self.now)
            grid.add_row(line)
        return grid


def columns_that_fit(rows: Sequence[Sequence[str]], width: int) -> list[int]:
    """Return which columns are shown in this width: all, or without those that matter least."""
    widest = [max(map(len, column)) for column in zip(*rows, strict=True)]
    shown = list(range(len(widest)))
    for column in DROPPED:
        if sum(widest[k] for k in shown) + BETWEEN * (len(shown) - 1) <= width:
            break
        shown.remove(column)
    return shown


def _loss(value: float) -> str:
    """Format a loss in about eight characters."""
    return f"{value:.4f}" if abs(value) < 100 else f"{value:.5g}"
