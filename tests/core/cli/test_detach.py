"""Stopping what runs: once, and not from here, where it runs on another machine."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from dl.cli.detach import ASKED, _ask_once, _interrupt, writer_of
from dl.errors import BadRun
from dl.processes import started
from dl.runs.commit import commit
from dl.runs.run import Run


def test_a_process_that_has_just_ended_needs_no_signal():
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    _interrupt(None, process.pid)


def test_a_fit_of_another_machine_is_not_stopped_from_here(fit, blobs):
    run = fit(blobs(), epochs=1)
    with pytest.raises(BadRun, match="0001-given-linear does not run; nothing is stopped  see: dl status 0001"):
        writer_of(run)
    commit(run.path, replace(run.manifest, status="running", pid=77, host="elsewhere"))
    with pytest.raises(BadRun, match="runs on 'elsewhere', as process 77; stop it there: dl stop 0001"):
        writer_of(Run(run.path))


COUNTS = """
import signal, sys
heard = []
signal.signal(signal.SIGINT, lambda *_: heard.append(1))
print("on", flush=True)
sys.stdin.read()
print(len(heard))
"""


@pytest.mark.parametrize("mark", [None, "a folder", "a FIFO", "of a process before"])
def test_however_often_a_process_is_asked_to_end_it_hears_of_it_once(tmp_path, mark):
    place = tmp_path / ASKED
    {
        None: lambda: None,
        "a folder": place.mkdir,
        "a FIFO": lambda: os.mkfifo(place),
        "of a process before": lambda: place.write_text("1 2"),
    }[mark]()
    with subprocess.Popen([sys.executable, "-c", COUNTS], stdin=-1, stdout=-1, text=True) as process:
        process.stdout.readline()
        given = Run(tmp_path), process.pid, started(process.pid)
        with ThreadPoolExecutor(6) as pool:
            sent = [one.result() for one in [pool.submit(_ask_once, *given) for _ in range(6)]]
        heard = int(process.communicate()[0])
    assert heard == (sum(sent) if mark == "a folder" else 1) and any(sent)  # a folder in its place remembers nothing
