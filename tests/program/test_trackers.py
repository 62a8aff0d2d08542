"""A tracker that blocks for ever, also when the program exits, in a real process."""

import subprocess
import sys

import pytest

HANGING = """
import atexit, time
from dl.hookspecs import hookimpl
from dl.specs import LoggerSpec

@hookimpl
def register_loggers():
    return [LoggerSpec("hanging", "blocks for ever", build)]

def build(folder, options):
    from lightning.pytorch.loggers import CSVLogger

    class Hanging(CSVLogger):
        def log_metrics(self, metrics, step=None):
            time.sleep(3600)

    atexit.register(time.sleep, 3600)
    return Hanging(folder)
"""


@pytest.mark.check
def test_the_program_ends_though_a_tracker_blocks_for_ever(site, tmp_path):
    site.add("hanging", HANGING)
    rows = "".join(f"{k % 7},{k % 5},{k % 2}\n" for k in range(60))
    (tmp_path / "small.csv").write_text("a,b,label\n" + rows)
    command = [sys.executable, "-m", "dl", "fit", "tabular", "small.csv", "epochs=2", "--logger", "hanging"]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 0, ended.stderr
    assert "'hanging' did not answer for 10 s and is given up: 0 of 2 epochs were logged" in ended.stderr
    assert "dl report 0001" in ended.stdout
