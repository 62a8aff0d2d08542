"""Whatever moment a process is killed or a disk fails at, a run reads, and does not contradict itself."""

import os
import sys

import pytest

from benchmarks import crashes
from dl.runs.run import open_run

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="each attempt is forked"),
    pytest.mark.usefixtures("one_thread"),
]
WORKS = {"fit": crashes.one_fit, "folds": crashes.folds, "heads": crashes.several_targets}


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
@pytest.mark.parametrize("name", WORKS)
def test_a_work_survives_being_ended_at_every_operation(name, tmp_path):
    work = WORKS[name]
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
