"""Loggers that hang, fail, are slow or on a full disk, in real fits; one line tells what is lost."""

import errno
import os
import sys
import threading
import warnings
from pathlib import Path

import pytest
from lightning.pytorch.loggers import CSVLogger

from dl.background import MOST
from dl.hookspecs import hookimpl
from dl.plugins.states import PluginWarning
from dl.specs import LoggerSpec
from dl.training.trackers import SWITCH, Tracker, Trackers


class Troubled(CSVLogger):
    """Does at a call what a test asks for."""

    def __init__(self, folder, trouble):
        super().__init__(folder, name="troubled", version="")
        self.trouble, self.calls = trouble, []

    def _call(self, name):
        self.calls.append(name)
        self.trouble(name, len(self.calls))

    def log_hyperparams(self, params=None):
        self._call("choices")

    def log_metrics(self, metrics, step=None):
        self._call("row")

    def finalize(self, status):
        self._call(status)


class TroublePlugin:
    """Registers one logger that makes trouble."""

    def __init__(self, trouble, conclude=None):
        self.trouble, self.conclude, self.built = trouble, conclude, []

    def build(self, folder, options):
        self.trouble("build", 0)
        self.built.append(Troubled(folder, self.trouble))
        return self.built[-1]

    @hookimpl
    def register_loggers(self):
        return [LoggerSpec("troubled", "makes trouble", self.build, conclude=self.conclude)]


@pytest.fixture
def hanging(monkeypatch):
    """A function that makes a logger which hangs at a call for as long as the test runs; the end waits for a moment."""
    monkeypatch.setattr("dl.training.trackers.AT_START", 0.05)
    monkeypatch.setattr("dl.training.trackers.AT_END", 0.05)
    monkeypatch.setattr("dl.training.trackers.SHORT", 0.05)
    monkeypatch.setattr("dl.background._abandoned", [])
    freed = threading.Event()
    yield lambda at: TroublePlugin(lambda name, _number: freed.wait() if name == at else None)
    freed.set()


@pytest.mark.parametrize(("at", "logged"), [("build", 0), ("choices", 0), ("row", 0), ("success", 3)])
def test_a_logger_that_hangs_stops_no_fit_and_is_named_with_what_it_has(fit, blobs, hanging, at, logged):
    with pytest.warns(
        PluginWarning, match=f"'troubled' did not answer for [0-9]+ s and is given up: {logged} of 3 epochs"
    ):
        run = fit(blobs(), epochs=3, loggers={"troubled": {}}, more=[hanging(at)])
    assert run.manifest.status == "finished" and len(run.history) == 3


def test_a_full_disk_is_told_once_and_the_fit_goes_on(fit, blobs):
    def full(name, _number):
        if name == "row":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.warns(PluginWarning, match="failed and is no longer called: OSError: .* No space left") as told:
        run = fit(blobs(), epochs=3, loggers={"troubled": {}}, more=[TroublePlugin(full)])
    assert len(told) == 1 and run.manifest.status == "finished"


def test_the_error_of_the_system_behind_that_of_a_logger_is_told(fit, blobs):
    def hides(name, _number):
        if name == "row":
            try:
                Path("/nowhere/row").read_text()
            except OSError as error:
                raise ValueError("you tried to log 0.5, try a scalar") from error

    with pytest.warns(PluginWarning, match="no longer called: FileNotFoundError: .*'/nowhere/row'"):
        run = fit(blobs(), epochs=2, loggers={"troubled": {}}, more=[TroublePlugin(hides)])
    assert run.manifest.status == "finished"


def test_a_slow_logger_loses_rows_but_not_the_end(tmp_path, plugins_with):
    begun, freed = threading.Event(), threading.Event()

    def slow(name, _number):
        if name == "choices":
            begun.set()
            freed.wait(60)

    plugin = TroublePlugin(slow)
    plugins = plugins_with([plugin])
    trackers = Trackers([Tracker(plugins.logger("troubled"), tmp_path, {}, plugins)])
    trackers.until = 0.0  # the start is over
    trackers.choose({})
    assert begun.wait(5)
    for step in range(MOST + 44):
        trackers.log({"loss": 1.0}, step)
    freed.set()
    with pytest.warns(PluginWarning, match=f"'troubled' is too slow for this fit: {MOST} of {MOST + 44:,} epochs were"):
        trackers.end("finished")
    assert plugin.built[0].calls == ["choices", *["row"] * MOST, "success"]


def test_a_logger_of_several_rows_gets_those_that_wait_at_once(tmp_path, plugins_with):
    taken, begun, freed = [], threading.Event(), threading.Event()

    class Several(Troubled):
        def log_rows(self, rows):
            taken.append([step for _, step in rows])

    def wait(name, _number):
        if name == "choices":
            begun.set()
            freed.wait(60)

    plugin = TroublePlugin(wait)
    plugin.build = lambda folder, options: Several(folder, wait)
    plugins = plugins_with([plugin])
    trackers = Trackers([Tracker(plugins.logger("troubled"), tmp_path, {}, plugins)])
    trackers.until = 0.0  # the start is over
    trackers.choose({})
    assert begun.wait(5)
    for step in range(7):
        trackers.log({"loss": 1.0}, step)
    freed.set()
    trackers.end("finished")
    assert taken == [[*range(7)]]


def test_a_training_thread_waits_less_for_the_interpreter_while_a_logger_is_there(fit, blobs):
    before, seen = sys.getswitchinterval(), []
    plugin = TroublePlugin(lambda name, _number: seen.append((name, sys.getswitchinterval())))
    fit(blobs(), epochs=1, loggers={"troubled": {}}, more=[plugin])
    assert ("row", pytest.approx(SWITCH)) in seen and sys.getswitchinterval() == before


def test_the_report_is_concluded_before_the_end(fit, blobs):
    kept = []
    plugin = TroublePlugin(lambda *_: None, conclude=lambda logger, report: kept.append((list(logger.calls), report)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run = fit(blobs(), epochs=2, loggers={"troubled": {}}, more=[plugin])
    ((calls, report),) = kept
    assert calls == ["choices", "row", "row"] and plugin.built[0].calls == [*calls, "success"]
    assert report.verdict == run.report().verdict
