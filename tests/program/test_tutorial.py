"""The whole tutorial on a small table, as it is typed, without waiting."""

import json
import subprocess
import sys

import pytest

from dl.tutorial.lessons import LESSONS


@pytest.mark.slow
def test_it_goes_through_all_steps_and_reads_each_result(tmp_path):
    command = [sys.executable, "-m", "dl", "tutorial", "--data", "wine", "--yes"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    for said in (
        "37.93 % in accuracy",
        "The validation loss was best",
        "In one sentence:",
        "3 trials, from",
        "4 fits on wine",
    ):
        assert said in " ".join(done.stdout.split()), said
    assert "this is the number to report" in done.stdout and "cannot be read" not in done.stdout
    kept = json.loads((tmp_path / "tutorial-wine/tutorial.json").read_text())
    assert (
        kept["done"] == [lesson.name for lesson in LESSONS] and (tmp_path / "tutorial-wine/network/README.md").exists()
    )
    assert [entry.name for entry in tmp_path.iterdir()] == ["tutorial-wine"]
