import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from dl.cross_validation.fold import _submit
from dl.runs.run import open_run
from dl.training.devices import Devices, one_by_one

FIT = [sys.executable, "-m", "dl", "cv", "tabular", "wine", "--protocol", "kfold:4", "--model", "dense"]


@pytest.fixture
def started(tmp_path):
    """A function that starts dl cv in a process of its own: started("epochs=3", ...)."""
    running = []

    def start(*words):
        environment = os.environ | {"OMP_NUM_THREADS": "1"}
        process = subprocess.Popen(
            [*FIT, *words], cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        running.append(process)
        return process

    yield start
    for process in running:
        if process.poll() is None:
            process.kill()
            process.wait()


@pytest.mark.check
def test_folds_side_by_side_are_those_that_come_one_after_the_other(started, tmp_path):
    for words in (("--jobs", "2"), ()):
        process = started("epochs=3", *words)
        out = process.communicate()[0]
        assert process.returncode == 0, out
    side_by_side, in_turn = (open_run(number, tmp_path / "runs") for number in (1, 2))
    for part in ("val", "probe"):
        assert np.array_equal(side_by_side.outcomes(part).ids, in_turn.outcomes(part).ids)
        assert np.allclose(side_by_side.outcomes(part).loss, in_turn.outcomes(part).loss, atol=1e-5)


class Started:
    """A pool that notes the GPUs that a process would see which it starts."""

    def submit(self, function, number):
        return number, os.environ.get("CUDA_VISIBLE_DEVICES")


def test_each_fold_goes_to_a_device_in_turn_and_its_process_sees_that_device_alone(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,6")
    places = one_by_one(2, os.environ["CUDA_VISIBLE_DEVICES"])
    started = [_submit([Started(), Started()], places, number) for number in (1, 2, 3)]
    assert started == [(1, "4"), (2, "6"), (3, "4")] and os.environ["CUDA_VISIBLE_DEVICES"] == "4,6"
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    assert _submit([Started()], one_by_one(1, ""), 5) == (5, "0") and "CUDA_VISIBLE_DEVICES" not in os.environ
    assert _submit([Started()] * 2, Devices("cpu", "2").each_alone(), 2) == (2, None)


@pytest.mark.slow
def test_a_fold_for_each_device_of_a_cpu_is_as_folds_side_by_side(started, tmp_path):
    process = started("epochs=1", "--devices", "2", "--accelerator", "cpu", "--no-rivals")
    out = process.communicate()[0]
    run = open_run("last", tmp_path / "runs")
    assert process.returncode == 0 and run.manifest.status == "finished" and len(run.manifest.folds) == 4, out


def test_a_signal_ends_the_fold_and_the_rest_is_fitted_by_resume(started, tmp_path):
    process = started("epochs=4000")
    folds = tmp_path / "runs/0001-wine-dense/folds"
    until = time.monotonic() + 120
    while not (folds / "01/recipe.toml").exists() and time.monotonic() < until:
        time.sleep(0.1)
    time.sleep(2)
    process.send_signal(signal.SIGINT)
    out = process.communicate()[0]
    assert process.returncode == 130, out
    run = open_run("last", tmp_path / "runs")
    assert run.manifest.status == "interrupted"
    assert "fold 1 of 4 stopped by a signal" in run.manifest.message
    assert run.manifest.message.endswith("go on with: dl cv --resume 0001-wine-dense")


@pytest.mark.check
def test_a_signal_to_the_first_process_ends_all_folds_side_by_side_at_their_next_step(started, tmp_path):
    process = started("epochs=100000", "--jobs", "2")
    folds = tmp_path / "runs/0001-wine-dense/folds"
    until = time.monotonic() + 120
    while not list(folds.glob("*/recipe.toml")) and time.monotonic() < until:
        time.sleep(0.1)
    process.send_signal(signal.SIGTERM)
    out = process.communicate(timeout=60)[0]
    assert process.returncode == 143, out
    manifest = open_run("last", tmp_path / "runs").manifest
    assert (manifest.status, manifest.signal) == ("interrupted", signal.SIGTERM)
    assert manifest.message.endswith("go on with: dl cv --resume 0001-wine-dense")


@pytest.mark.slow
def test_processes_of_a_killed_run_end_with_it(started, tmp_path):
    process = started("epochs=4000", "--jobs", "2")
    folds = tmp_path / "runs/0001-wine-dense/folds"
    until = time.monotonic() + 120
    while not list(folds.glob("*/recipe.toml")) and time.monotonic() < until:
        time.sleep(0.1)
    workers = [int(pid) for pid in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]
    process.kill()
    process.communicate()
    while (left := [pid for pid in workers if Path(f"/proc/{pid}").exists()]) and time.monotonic() < until:
        time.sleep(0.1)
    assert workers and not left
