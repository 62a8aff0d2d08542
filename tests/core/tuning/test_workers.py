"""Trials in processes of their own: what a killed process and a signal leave."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

import dl
from dl.errors import BadOption

WORDS = ["tune", "tabular", "wine", "--trials", "4", "--over", "lr,width", "--sampler", "random", "epochs=40"]
OFF = ["--reg", "early-stopping=off", "--jobs", "2"]


@pytest.fixture
def started(tmp_path):
    """A function that starts a study in a process of its own, and gives it with the folder of the study."""
    running = []

    def start(*more):
        environment = os.environ | {"OMP_NUM_THREADS": "1"}
        command = [sys.executable, "-m", "dl", *WORDS, *OFF, *more]
        with (tmp_path / "err").open("w") as err:
            process = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=err, stderr=err)
        running.append(process)
        return process, tmp_path / "runs/0001-wine-tune"

    yield start
    for process in running:
        process.kill()
        process.wait()


def until(found):
    end = time.monotonic() + 300
    while time.monotonic() < end:
        if found():
            return
        time.sleep(0.01)
    pytest.fail("it did not come that far")


def has_begun(study, number):
    """Whether the fit of a trial has begun; it may have ended by now, as processes start at different times."""
    return (study / f"trials/{number:03d}/run.json").exists()


def children(process):
    """The processes that fit: those of a process that read the study's data, not the tracker of its resources."""
    found = []
    for pid in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split():
        with suppress(OSError):  # it has ended since
            if "spawn_main" in Path(f"/proc/{pid}/cmdline").read_text():
                found.append(int(pid))
    return found


@pytest.mark.slow
@pytest.mark.parametrize("more", [(), ("--protocol", "kfold:2")])
def test_a_killed_process_and_a_signal_lose_and_repeat_nothing_and_the_trials_are_those_of_one_process(
    started, dl_run, tmp_path, more
):
    process, study = started(*more)
    until(lambda: has_begun(study, 1) and has_begun(study, 2))
    os.kill(children(process)[0], signal.SIGKILL)
    until(lambda: has_begun(study, 3) or has_begun(study, 4))
    workers = children(process)
    process.send_signal(signal.SIGINT)
    assert process.wait() == 130
    assert not any(Path(f"/proc/{pid}").exists() for pid in workers)
    stored, said = json.loads((study / "study.json").read_text()), (tmp_path / "err").read_text()
    assert stored["status"] == "interrupted" and {one["status"] for one in stored["trials"]} == {"finished", "running"}
    assert "dl tune --resume 0001-wine-tune" in said and "Traceback" not in said
    assert stored["jobs"] == 2
    again = dl_run("tune", "--resume", "last", "--jobs", "1", "--json")
    assert again.code == 0, again.err
    for before, after in zip(stored["trials"], again.json["trials"], strict=False):
        assert after == before if before["status"] == "finished" else after["options"] == before["options"]
    in_turn = dl_run(*WORDS, *OFF[:2], *more, "--json")
    for several, one in zip(again.json["trials"], in_turn.json["trials"], strict=True):
        assert several["options"] == one["options"]
        if several["status"] == one["status"] == "finished":
            assert several["loss"] == pytest.approx(one["loss"], abs=1e-5)


def test_what_is_in_memory_and_no_fit_at_once_are_refused(runs):
    given = (np.zeros((20, 2), np.float32), np.arange(20) % 2)
    with pytest.raises(BadOption, match="jobs=2: what is in memory cannot be given to other processes"):
        dl.tune("tabular", given, jobs=2, runs=runs)
    with pytest.raises(BadOption, match="jobs=0: expected 1 or more trials at once"):
        dl.tune("tabular", "wine", jobs=0, runs=runs)
