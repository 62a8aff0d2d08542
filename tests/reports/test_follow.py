"""Watching a fit: to its end, and no longer where nobody writes it any more."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from dl import files
from dl.cli.main import run as dl
from dl.runs.run import Run
from dl_reports.follow import why_gone

DL = Path(sys.executable).with_name("dl")
NOBODY = 2**22 + 1  # above the largest process id of Linux
TWO = {"signal": [2.0, 3.0], "status": "running"}


def told(run, **changes):
    """Change the manifest of a run."""
    files.write_text(run.path / "run.json", replace(run.manifest, **changes).to_json())
    return Run(run.path)


@pytest.fixture
def fitting(tmp_path):
    """Start a real fit in a process of its own, and return it with its run once there is one."""
    started = []

    def start(epochs):
        words = ["fit", "vision", "mnist", "--model", "dense", f"epochs={epochs}", "val=1000", "width=16"]
        child = subprocess.Popen(
            [DL, *words], cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ
        )
        started.append(child)
        for _ in range(600):
            found = [path for path in tmp_path.glob("runs/*/run.json") if Run(path.parent).history.rows]
            if found:
                return child, Run(found[0].parent)
            time.sleep(0.1)
        raise AssertionError("no epoch in a minute")

    yield start
    for child in started:
        child.kill()
        child.wait()


def test_a_real_fit_is_followed_to_its_end(fitting, capsys):
    child, run = fitting(epochs=3)
    assert dl(["report", str(run.path), "--watch", "--md"]) == 0
    captured = capsys.readouterr()
    assert "finished, 3 epochs" in captured.out and "stopped watching" not in captured.err
    assert child.wait(60) == 0


def test_a_fit_that_was_killed_is_noticed(fitting, capsys):
    child, run = fitting(epochs=500)
    assert run.manifest.pid == child.pid and why_gone(run) == ""
    child.send_signal(signal.SIGKILL)
    child.wait(60)
    assert dl(["report", str(run.path), "--watch", "--md"]) == 0
    captured = capsys.readouterr()
    assert captured.err.splitlines()[-1] == (
        f"stopped watching: the status is 'running', but process {child.pid} ended without a word"
    )
    assert "killed, " in captured.out and "dl fit --resume 0001" in captured.out


def test_a_process_of_this_machine_is_asked_for(simulated):
    import platform

    run = simulated(**TWO)
    assert why_gone(told(run, pid=os.getpid(), host=platform.node())) == ""
    assert why_gone(told(run, pid=NOBODY, host=platform.node())) == f"process {NOBODY} ended without a word"


def test_a_process_elsewhere_is_gone_when_nothing_was_written_for_many_epochs(simulated):
    run = told(simulated(**TWO), pid=NOBODY, host="elsewhere")
    assert why_gone(run) == ""
    hour_ago = time.time() - 3600
    for path in (run.path / "run.json", run.path / "history.csv", run.path):
        os.utime(path, (hour_ago, hour_ago))
    assert why_gone(run) == "nothing was written for 60 minutes"
    slow = told(run, seconds=7200.0)  # an hour an epoch
    for path in (slow.path / "run.json", slow.path):
        os.utime(path, (hour_ago, hour_ago))
    assert why_gone(slow) == ""
