"""A command in a session of its own, and its log."""

import os
import subprocess
import sys
import time

import pytest

from dl.detached import VARIABLE, _end, detach, take_log
from dl.processes import is_running
from dl.runs.run import Run


def test_a_log_is_moved_into_the_run_once_and_an_older_one_stays(tmp_path, monkeypatch):
    run = tmp_path / "0001-wine-dense"
    run.mkdir()
    for name in ("fit.log", "fit-2.log"):
        log = tmp_path / ".detached-7.log"
        log.write_text(name)
        monkeypatch.setenv(VARIABLE, str(log))
        take_log(run)
        assert (run / name).read_text() == name and VARIABLE not in os.environ and not log.exists()
    take_log(run)
    assert sorted(path.name for path in run.iterdir()) == ["fit-2.log", "fit.log"]


DROPS_THE_FIRST = """
import signal, sys, time
dropped = []
def heed(*_):
    if dropped:
        sys.exit(3)
    dropped.append(1)
signal.signal(signal.SIGTERM, heed)
print("ready", flush=True)
while True:
    time.sleep(60)
"""


def test_a_process_that_has_dropped_a_signal_is_asked_once_more(monkeypatch):
    monkeypatch.setattr("dl.detached.AGAIN", 0.2)
    with subprocess.Popen([sys.executable, "-c", DROPS_THE_FIRST], stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"ready\n"
        _end(process)
    assert process.returncode == 3


@pytest.mark.check
def test_a_mistake_comes_back_with_its_code(tmp_path):
    ended = detach(["fit", "tabular", "wien"], tmp_path)
    assert (ended.run, ended.code) == (None, 2)
    assert ended.output.startswith("dl: no tabular data set named 'wien'; did you mean 'wine'?")
    assert list(tmp_path.iterdir()) == []


REFUSES = """
from dl.errors import BadOption
from dl.hookspecs import hookimpl
from dl.specs import LoggerSpec

def build(folder, options):
    raise BadOption("no account")

@hookimpl
def register_loggers():
    return [LoggerSpec("refuses", "of a test", build)]
"""


@pytest.mark.check
def test_why_a_logger_refuses_comes_back_as_well(tmp_path, site):
    site.add("refuses", REFUSES)
    runs = tmp_path / "runs"
    ended = detach(["fit", "tabular", "wine", "epochs=1", "--logger", "refuses", "--runs", str(runs)], runs)
    assert (ended.run, ended.code) == (None, 2) and ended.output.rstrip().endswith("dl: no account")
    assert list(runs.iterdir()) == []


@pytest.mark.check
def test_a_detached_fit_is_watched_and_stopped_with_its_report(tmp_path, dl_run, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    begun = detach(["fit", "tabular", "wine", "epochs=100000", "--no-rivals", "--runs", str(tmp_path)], tmp_path)
    until = time.monotonic() + 60
    while Run(begun.run).manifest.epochs < 3 and time.monotonic() < until:
        time.sleep(0.1)
    seen = dl_run("status", "--runs", str(tmp_path))
    assert "0001-wine-dense: fit, running" in seen.out and f"process {begun.pid}, about" in seen.out
    assert os.getsid(begun.pid) == begun.pid
    stopped = dl_run("stop", "last", "--runs", str(tmp_path))
    assert stopped.code == 0 and "0001-wine-dense: interrupted" in stopped.out
    assert not is_running(begun.pid, os.uname().nodename)
    assert "dl fit --resume 0001" in (begun.run / "fit.log").read_text()
    again = dl_run("stop", "last", "--runs", str(tmp_path))
    assert again.code == 2 and "0001-wine-dense does not run; nothing is stopped  see: dl status 0001" in again.err
