"""The program of docs/scale.md: two workers of Ray Train make one fit, as two processes of dl do."""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from benchmarks.endings import differences_below

PAGE = Path(__file__).parents[2] / "docs" / "scale.md"
FIT = ("fit", "tabular", "breast-cancer", "epochs=2", "--no-rivals", "--accelerator", "cpu", "--devices", "2")


@pytest.mark.slow
def test_two_workers_of_ray_end_with_the_bytes_of_two_processes_of_dl(tmp_path, one_thread):
    (program,) = re.findall(r"^```py\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    assert program.count("/shared/runs") == 1
    (tmp_path / "program.py").write_text(program.replace("/shared/runs", str(tmp_path / "ray")))
    with tempfile.TemporaryDirectory(prefix="r") as short:  # the paths of its sockets must not be long
        own = {"HOME": str(tmp_path), "RAY_TMPDIR": short, "RAY_USAGE_STATS_ENABLED": "0"}
        own |= {"RAY_raylet_start_wait_time_s": "600"}  # of 30 s where the machine is busy
        subprocess.run([sys.executable, "program.py"], cwd=tmp_path, env=os.environ | own, check=True)
    subprocess.run([sys.executable, "-m", "dl", *FIT, "--runs", "plain"], cwd=tmp_path, check=True)
    assert differences_below(tmp_path / "ray", tmp_path / "plain") == []
