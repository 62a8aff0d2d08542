import os
import subprocess
import sys
from pathlib import Path

import pytest

from dl.processes import HOST, is_running, started


def test_this_process_runs_and_one_that_has_ended_does_not():
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    assert is_running(os.getpid(), HOST) and not is_running(child.pid, HOST)
    assert not is_running(0, HOST) and not is_running(2**22 + 1, HOST)


def test_a_process_of_another_machine_cannot_be_asked_and_counts_as_running():
    assert is_running(2**22 + 1, "elsewhere")


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="what a process does is read from /proc")
def test_a_process_that_only_waits_to_be_asked_how_it_ended_does_not_run():
    child = subprocess.Popen([sys.executable, "-c", ""])
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert not is_running(child.pid, HOST)
    child.wait()


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="the start of a process is read from /proc")
def test_a_number_that_another_process_has_now_is_not_that_process():
    start = started(os.getpid())
    assert start == started(os.getpid()) != started(1) != ""
    assert is_running(os.getpid(), HOST, start) and not is_running(os.getpid(), HOST, "00000000-1")
    assert started(2**22 + 1) == ""
