"""Whatever moment a process is killed or a disk fails at, a run reads, and does not contradict itself."""

import io
import os
import shutil
import subprocess
import sys

import pytest
from lightning.pytorch.callbacks import LambdaCallback
from rich.console import Console

from benchmarks import crashes
from dl.errors import CannotWrite
from dl.faults import CRASH_AT, FAIL_AT
from dl.runs.run import list_runs, open_run
from dl.runs.verify import find_faults

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="each attempt is forked"),
    pytest.mark.usefixtures("one_thread"),
]


@pytest.fixture
def operations(tmp_path):
    """The number of operations of a fit, which is done once for this."""
    return crashes.count(crashes.one_fit, tmp_path / "whole")


def test_a_fit_survives_being_ended_at_some_of_its_operations(operations, tmp_path):
    at = range(29, operations, operations // 4)
    tally = crashes.crash(crashes.one_fit, tmp_path, at)
    assert tally.lost == [] and tally.tried == len(at) > 2


def test_a_fit_survives_a_disk_that_is_full_once_or_for_good(operations, tmp_path):
    for lasting in (False, True):
        at = range(61, operations, operations // 2)
        assert crashes.fail(crashes.one_fit, tmp_path, at, "ENOSPC", lasting=lasting).lost == []


def test_a_changed_bit_in_any_file_of_a_run_is_noticed_or_does_no_harm(operations, tmp_path):
    run = open_run("last", tmp_path / "whole")
    tally = crashes.flip(run, crashes.noticer(run), 997)
    assert tally.lost == [] and tally.tried > 20


@pytest.mark.slow
@pytest.mark.parametrize("name", crashes.WORKS)
def test_a_work_survives_being_ended_at_every_operation(name, tmp_path):
    work = crashes.WORKS[name]
    tally = crashes.crash(work, tmp_path, range(1, crashes.count(work, tmp_path / "whole") + 1))
    print(tally.row(), file=sys.stderr)
    assert tally.lost == []


@pytest.mark.slow
@pytest.mark.parametrize("lasting", [False, True])
@pytest.mark.parametrize("error", crashes.ERRORS)
def test_a_fit_survives_a_disk_that_fails_at_every_third_operation(operations, error, lasting, tmp_path):
    tally = crashes.fail(crashes.one_fit, tmp_path, range(1, operations + 1, 3), error, lasting=lasting)
    print(tally.row(), file=sys.stderr)
    assert tally.lost == []


def test_a_run_folder_that_is_removed_while_its_fit_runs_ends_it_in_one_line_and_is_not_made_again(tmp_path):
    def remove(trainer, module):
        shutil.rmtree(next(tmp_path.glob("0001-*")), ignore_errors=True)

    callback = LambdaCallback(on_train_epoch_start=remove)
    with pytest.raises(CannotWrite, match=r"0001-in-memory-dense' was removed while its fit ran; nothing is kept"):
        crashes.in_memory(tmp_path, callbacks=[callback])
    assert list(tmp_path.iterdir()) == []


def test_an_epoch_that_a_full_disk_refused_is_kept_with_the_next_and_said(tmp_path, monkeypatch):
    def fill(trainer, module):
        if trainer.current_epoch == 1:
            monkeypatch.setenv(FAIL_AT, "1+:ENOSPC")
        if trainer.current_epoch == 2:
            monkeypatch.delenv(FAIL_AT)

    told = Console(file=io.StringIO(), width=200)
    run = crashes.in_memory(tmp_path, callbacks=[LambdaCallback(on_train_epoch_start=fill)], console=told)
    assert run.manifest.status == "finished" and len(run.history) == 3 and find_faults(run) == []
    text = told.file.getvalue()
    assert text.count("the disk is full; the fit goes on, and tries again") == 1
    assert "the disk failed for a while; everything is kept now" in text


def test_a_fit_that_was_killed_is_told_as_killed_with_its_process(tmp_path):
    crashes.attempt(crashes.one_fit, tmp_path, **{CRASH_AT: "120"})
    manifest = open_run("last", tmp_path).manifest
    assert manifest.status == "killed" and manifest.message == f"process {manifest.pid} ended without a word"


@pytest.fixture
def small_disk(tmp_path):
    """A function that mounts a file system of so many kilobytes: small_disk(100); skips where that is not allowed."""
    mounted = []

    def mount(kilobytes):
        place = tmp_path / f"disk-{kilobytes}"
        place.mkdir()
        words = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(place)]
        done = subprocess.run(words, capture_output=True, text=True, check=False) if shutil.which("mount") else None
        if done is None or done.returncode:
            pytest.skip(f"no file system can be mounted here: {done.stderr.strip() if done else 'there is no mount'}")
        mounted.append(place)
        return place

    yield mount
    for place in mounted:
        subprocess.run(["umount", str(place)], check=True)


@pytest.mark.check
def test_a_fit_survives_a_disk_that_is_full_indeed(small_disk):
    kept = []
    for kilobytes in (8, 24, 40, 64, 96, 1024):
        place = small_disk(kilobytes)
        code = crashes.attempt(crashes.one_fit, place / "runs", TMPDIR=str(place))
        assert code in crashes.ENDED and [*crashes.complaints(place / "runs")] == []
        kept.append(sum(len(run.history) for run in list_runs(place / "runs")))
    assert kept[0] == 0 and kept[-1] == 3 and kept == sorted(kept), kept
