import subprocess
import sys

import pytest

from dl.errors import BadRun
from dl.runs.lock import LOCK, run_lock

HOLDER = """
import sys, pathlib
from dl.runs.lock import run_lock
with run_lock(pathlib.Path(sys.argv[1])):
    print('held', flush=True)
    sys.stdin.read()
"""


def test_the_lock_of_a_process_that_was_killed_is_taken_over(fit, blobs):
    folder = fit(blobs(), epochs=1).path
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout.readline() == "held\n"
        with pytest.raises(BadRun, match="0001-given-linear is being fitted by process"), run_lock(folder):
            pass
        process.kill()
    assert (folder / LOCK).exists()
    with run_lock(folder):
        pass
    assert not (folder / LOCK).exists()
