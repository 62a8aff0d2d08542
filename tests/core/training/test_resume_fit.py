"""The verb that resumes, from Python and from the command line."""

import json

import pytest

import dl
from dl.errors import BadRun
from tests.cutting import kill_at

WINE = ("fit", "tabular", "wine", "--model", "dense", "epochs=3", "--accelerator", "cpu", "--runs", "runs", "--json")


@pytest.fixture
def interrupted(dl_run, monkeypatch):
    """A fit of wines that a signal ended in its first epoch, from the command line."""
    with monkeypatch.context() as patch:
        kill_at(patch, "signal", 5, saved=())
        return dl_run(*WINE)


def test_the_command_line_resumes_the_newest_unfinished_run_and_tells_where(interrupted, dl_run):
    assert interrupted.code == 143 and json.loads(interrupted.out)["status"] == "interrupted"
    shown = dl_run("report", "last")
    assert "dl fit --resume 0001" in shown.out and "continue where it stopped" in shown.out
    again = dl_run("fit", "--resume", "epochs=4")
    assert again.code == 0 and "resumed after step 6, in epoch 1 of 4" in again.err
    assert dl_run("report", "last", "--json").json["header"]["epochs"] == 4


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("--resume",), "no run in 'runs' is unfinished"),
        (("--resume", "7"), "no run '7' in 'runs'"),
        (("--resume", "--model", "dense"), "--resume last goes on with the choices of that run; leave --model out"),
        (("tabular", "--resume", "lr=1"), "--resume last goes on with the choices of that run; leave domain, lr out"),
        (("tabular", "wine", "--accept-changes"), "--accept-changes goes with --resume"),
    ],
)
def test_what_cannot_be_resumed_is_one_line(dl_run, words, line):
    refused = dl_run("fit", *words)
    assert refused.code in (1, 2) and line in refused.err and refused.err.count("\n") == 1


def test_from_python_nothing_is_resumed_where_nothing_is_unfinished(tmp_path):
    with pytest.raises(BadRun, match="is unfinished  more epochs of a finished one"):
        dl.resume(runs=tmp_path)
