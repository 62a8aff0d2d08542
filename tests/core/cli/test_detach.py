"""Stopping what runs: not from here, where it runs on another machine."""

import subprocess
import sys
from dataclasses import replace

import pytest

from dl.cli.detach import _interrupt, writer_of
from dl.errors import BadRun
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
