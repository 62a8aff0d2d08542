"""Trackers: the loggers of a fit, each in a thread of its own, so that one that hangs neither stops nor slows the fit.

A logger that fails, or is given up at the end, is named in one warning with what it has; the fit continues. While the
network trains, the thread of a logger computes for at most `PACE` of the time; what is left is logged at the end.
"""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from lightning.pytorch.loggers import Logger

from dl.background import SHORT, Background
from dl.errors import DLError
from dl.options import Options, Value
from dl.plugins.registry import Plugins
from dl.plugins.states import describe_error, warn_of_plugins
from dl.specs import LoggerSpec
from dl.words import many

if TYPE_CHECKING:
    from dl.hookspecs import RunReport

AT_START = 5.0  # seconds in which a logger that cannot be built is an error, and packages are imported
AT_END = 10.0  # seconds for what is left to log
SHARE = 0.02  # of the seconds of the fit, if that is longer
PACE = 0.01  # of the time of training, for what a logger computes
SWITCH = 1e-4  # seconds after which a computing thread gives way to the training, in place of 5 ms


@runtime_checkable
class LogsRows(Protocol):
    """A logger that logs several rows at once, in less time than one after the other."""

    def log_rows(self, rows: Sequence[tuple[Mapping[str, float], int]]) -> None:
        """Log rows of epochs, each with its step."""


class Tracker:
    """A logger and its thread.

    Args:
        spec: Of the logger.
        folder: Of the run.
        options: Of the logger, checked.
        plugins: The registered plugins, to name its own in a warning.
    """

    def __init__(self, spec: LoggerSpec, folder: Path, options: Options, plugins: Plugins) -> None:
        self.spec, self.plugins, self.epochs, self.told = spec, plugins, 0, False
        self.logger: Logger | None = None
        self.rows: deque[tuple[dict[str, float], int]] = deque()  # not logged yet
        self.thread = Background(f"logger {spec.name}")
        self.thread.call(lambda: self._build(folder, options))

    def _build(self, folder: Path, options: Options) -> None:
        self.logger = self.spec.build(folder, options)

    def call(self, call: Callable[[Logger], object], *, always: bool = False) -> bool:
        """Let the logger be called when it is built; always, though its queue be full. Return whether it will be."""

        def with_logger() -> None:
            assert self.logger is not None  # else its thread has ended
            call(self.logger)

        return self.thread.call(with_logger, always=always)

    def log(self, row: dict[str, float], step: int) -> None:
        """Log the row of an epoch."""
        self.rows.append((row, step))
        if not self.call(self._log):
            self.rows.pop()

    def _log(self, logger: Logger) -> None:
        """Log the oldest row, or all that wait if the logger takes several, and count them."""
        if not self.rows:
            return  # logged with those before
        if isinstance(logger, LogsRows):
            rows = [self.rows.popleft() for _ in range(len(self.rows))]
            logger.log_rows(rows)
        else:
            rows = [self.rows.popleft()]
            logger.log_metrics(rows[0][0], step=rows[0][1])
        self.epochs += len(rows)

    def warn(self, message: str) -> None:
        """Warn of what happened to the logger."""
        name = self.spec.name
        warn_of_plugins(self.plugins.line("loggers", name, f"the logger {name!r} {message}"))


class Trackers:
    """The loggers of a fit.

    Args:
        trackers: One for each.

    Raises:
        DLError: If one cannot be built, within a moment.
    """

    def __init__(self, trackers: Sequence[Tracker] = ()) -> None:
        self.trackers, self.epochs = list(trackers), 0
        self.switch = sys.getswitchinterval()
        self.until = time.monotonic() + AT_START
        for one in self.trackers:
            one.thread.settle(max(self.until - time.monotonic(), 0.0))
            if one.thread.error is not None:
                raise one.thread.error

    def choose(self, choices: Mapping[str, Value]) -> None:
        """Log the options as hyperparameters, within the moment of the start; then training goes before."""
        for one in self.trackers:
            one.call(lambda logger: logger.log_hyperparams(dict(choices)))
        for one in self.trackers:
            one.thread.settle(max(self.until - time.monotonic(), 0.0))
            one.thread.pace(PACE)
        if self.trackers:
            sys.setswitchinterval(SWITCH)
        self._tell_failures()

    def log(self, row: dict[str, float], step: int) -> None:
        """Log the row of an epoch."""
        self.epochs += 1
        for one in self.trackers:
            one.log(row, step)
        self._tell_failures()

    def end(self, status: str, seconds: float = 0.0, report: Callable[[], RunReport] | None = None) -> None:
        """Log the report and the status, wait for what is left, and tell what was lost.

        Args:
            status: ``finished``, ``interrupted`` or ``failed``.
            seconds: That the fit has taken.
            report: Computes the report; None where there is none.
        """
        self._conclude(report)
        for one in self.trackers:
            one.call(lambda logger: logger.finalize("success" if status == "finished" else status), always=True)
        most = max(AT_END, SHARE * seconds)
        until = time.monotonic() + most
        for one in self.trackers:
            blocked = one.thread.blocked_for()
            if not one.thread.close(SHORT if blocked >= most else max(until - time.monotonic(), SHORT)):
                one.warn(f"did not answer for {max(most, blocked):.0f} s and is given up: {self._kept(one)}")
            elif one.thread.dropped and one.thread.error is None:
                one.warn(f"is too slow for this fit: {self._kept(one)}")
        self._tell_failures()
        if self.trackers:
            sys.setswitchinterval(self.switch)
        self.trackers = []

    def _conclude(self, report: Callable[[], RunReport] | None) -> None:
        """Give the report to the loggers that take it; without one they keep the rest."""
        taking = [(one, one.spec.conclude) for one in self.trackers if one.spec.conclude and not one.thread.error]
        if report is None or not taking:
            return
        with suppress(DLError):  # whoever prints the report tells why there is none
            made = report()
            for one, conclude in taking:
                one.call(partial(_with_report, conclude, made), always=True)

    def _kept(self, one: Tracker) -> str:
        return f"{one.epochs} of {many(self.epochs, 'epoch')} were logged"

    def _tell_failures(self) -> None:
        for one in self.trackers:
            if one.thread.error is not None and not one.told:
                one.told = True
                one.warn(f"failed and is no longer called: {describe_error(_reason(one.thread.error))}")


def _reason(error: BaseException) -> BaseException:
    """Return the error of the system behind that of a logger, which often takes it for another; else the error."""
    step: BaseException | None = error
    while step is not None and not isinstance(step, OSError):
        step = step.__cause__ or step.__context__
    return error if step is None else step


def _with_report(conclude: Callable[[Logger, RunReport], None], report: RunReport, logger: Logger) -> None:
    conclude(logger, report)
