"""Which process works on a folder: also between two fits of a study, when none of its runs is being written."""

import os
import subprocess
import sys

import pytest

from dl.processes import HOST, started, this_process, works
from dl.runs.overview import overview
from dl.runs.remove import find_holds
from dl.runs.working import Worker, working_on
from dl.tuning.study import write_study


@pytest.fixture
def ended():
    """The number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_a_study_without_a_fit_that_runs_is_worked_on_by_the_process_that_wrote_it(study, tmp_path):
    path = tmp_path / "0001-given-tune"
    path.mkdir()
    write_study(study(path=path, status="running"))
    assert working_on(path) == Worker("running", **this_process())
    assert overview(path).status == "running"
    (hold,) = find_holds([path], tmp_path)
    assert not hold.forced and f"is running: process {os.getpid()}" in str(hold)
    write_study(study(path=path, status="interrupted"))
    assert working_on(path) is None and find_holds([path], tmp_path) == []


def test_a_process_that_has_ended_or_has_the_number_of_another_works_no_more(ended):
    assert not works(Worker("running", ended, HOST))
    assert not works(Worker("running"))
    assert not works(Worker("running", os.getpid(), HOST, "another start"))
    assert works(Worker("running", os.getpid(), HOST, started(os.getpid())))
    assert works(Worker("running", ended, "elsewhere"))  # which cannot be asked


def test_what_cannot_be_read_is_worked_on_by_none(tmp_path, fit, blobs):
    assert working_on(tmp_path) is None
    (tmp_path / "study.json").write_text("{")
    assert working_on(tmp_path) is None
    run = fit(blobs(), epochs=1)
    assert working_on(run.path) is None
