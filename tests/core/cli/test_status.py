"""dl status: where a workflow, a study or a run stands, and what to type next."""

import json
import os
import platform

import pytest

from dl.cli.status import standing_of_workflow
from dl.processes import is_running
from dl.runs.workflow import write_workflow

HERE = {"pid": os.getpid(), "host": platform.node()}


@pytest.mark.parametrize(
    ("fields", "status", "running", "command"),
    [
        ({**HERE, "status": "running"}, "running", True, ""),
        ({"pid": 2**22 + 1, "host": platform.node(), "status": "running"}, "killed", False, "dl workflow --resume 7"),
        ({"pid": 5, "host": "elsewhere", "status": "running"}, "running", True, ""),
        ({"status": "interrupted"}, "interrupted", False, "dl workflow --resume 7"),
        ({"status": "finished"}, "finished", False, "dl report 7"),
    ],
)
def test_a_workflow_that_runs_no_longer_was_killed_and_goes_on(workflow_state, fields, status, running, command):
    found = standing_of_workflow(workflow_state(**fields))
    assert (found.status, found.running, found.next) == (status, running, command)


def test_a_process_of_this_machine_is_asked():
    host = platform.node()
    assert is_running(os.getpid(), host) and not is_running(0, "") and not is_running(2**22 + 1, host)


def test_the_stages_are_shown_with_what_they_reached(workflow_state, dl_run, tmp_path):
    state = workflow_state(
        look={"status": "finished", "result": "80 to train on", "seconds": 1.5},
        baseline={"status": "skipped", "entry": "no time"},
        fit={"status": "running"},
        path=tmp_path / "runs/0007-blobs-workflow",
        limit=600.0,
        elapsed=61.0,
        status="running",
        **HERE,
    )
    state.path.mkdir(parents=True)
    write_workflow(state)
    answer = dl_run("status")
    assert answer.code == 0 and "0007-blobs-workflow: blobs, dense; running, 1 min 1 s of 10 min" in answer.out
    for words in ("ok  look", "1.5 s  80 to train on", "no time", f"now: fit; process {os.getpid()}, 8 min"):
        assert words in answer.out
    found = json.loads(dl_run("status", "7", "--json").out)
    assert found["running"] and [one["status"] for one in found["stages"]][:3] == ["finished", "skipped", "running"]


def test_a_fit_a_study_and_nothing_yet_are_one_line_or_three(dl_run):
    nothing = dl_run("status")
    assert nothing.code == 2 and "there is no run in 'runs' yet  start one: dl workflow" in nothing.err
    assert dl_run("fit", "tabular", "wine", "epochs=1").code == 0
    fitted = dl_run("status", "--json").json
    assert (fitted["kind"], fitted["status"], fitted["next"]) == ("fit", "finished", "dl report 0001")
    assert fitted["result"].startswith("accuracy ")
    assert dl_run("tune", "tabular", "wine", "--trials", "1", "--over", "lr", "epochs=1").code == 0
    tuned = dl_run("status")
    assert "0002-wine-tune: tune, finished" in tuned.out and "1 trial; the best accuracy" in tuned.out
    missing = dl_run("status", "9")
    assert missing.code == 2 and "no run '9' in 'runs'" in missing.err
