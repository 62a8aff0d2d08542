"""The state of a workflow is read back as it was written, and found by name, number and path."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from dl.errors import BadRun
from dl.intervals import Estimate, Interval
from dl.runs.ledger import TestEvaluation as Evaluation
from dl.runs.run import Run, is_workflow, open_run
from dl.runs.workflow import Remedy, Rung, Search, find_workflow, read_workflow, write_workflow

SCORE = Estimate(0.75, 0.5, 0.875)


@pytest.fixture
def stored(workflow_state, tmp_path):
    """A workflow of every kind of value, in its folder."""
    metric = workflow_state().metric
    test = Evaluation("0007/0001", "blobs", 30, metric, SCORE, {"accuracy": 0.75}, 0.5, 1, "f", 0, "2026-03-01")
    state = workflow_state(
        baseline={"status": "finished", "rungs": (Rung("majority", "always 'a'", SCORE, rival=False),)},
        regularize={"status": "finished", "remedies": (Remedy("l2=1", "0002-l2", SCORE, SCORE, None, kept=True),)},
        tune={"search": Search(2, 4, "lr=1", SCORE, SCORE, "accuracy", 0.75, 0.7, Interval(0.5, 0.8), 0.6)},
        final={
            "status": "finished",
            "run": "0009-blobs-dense",
            "chosen": "0009-blobs-dense",
            "score": SCORE,
            "test": test,
        },
        path=tmp_path / "runs/0007-blobs-workflow",
    )
    state.path.mkdir(parents=True)
    write_workflow(state)
    return state


def test_it_is_read_back_as_it_was_written(stored):
    assert read_workflow(stored.path) == stored and is_workflow(stored.path)


def test_it_is_found_by_name_number_and_path_and_is_no_run(stored, tmp_path):
    runs = tmp_path / "runs"
    for which in ("last", "7", "0007", stored.name, str(stored.path)):
        assert find_workflow(which, runs) == stored.path
    with pytest.raises(BadRun, match="no workflow 'x'"):
        find_workflow("x", runs)
    with pytest.raises(BadRun, match=r"take its final run: .*0009-blobs-dense"):
        open_run("7", runs)


def test_the_run_of_the_last_stage_that_chose_one_is_the_next_to_start_from(workflow_state):
    assert workflow_state().chosen == ""
    assert workflow_state(fit={"chosen": "0001-a"}, regularize={"chosen": "0003-b"}).chosen == "0003-b"


def test_the_final_run_is_known_once_it_has_ended(stored):
    assert stored.final is None
    assert replace(stored, status="finished").final == Run(stored.path / "0009-blobs-dense")


def test_the_command_goes_on_or_shows_the_page(workflow_state):
    assert workflow_state().command == "dl workflow --resume 7"
    assert workflow_state(status="finished").command == "dl report 7"
    assert workflow_state(path=Path("studies/0007-blobs-workflow")).command.endswith(" studies/0007-blobs-workflow")
    typed = workflow_state(limit=90.0, trials=3, on_leak="warn", keep_test_closed=True).typed
    words = "--max-time 1m30s --trials 3 --on-leak warn --keep-test-closed"
    assert typed == f"dl workflow tabular blobs.csv target=kind {words}"


def test_a_damaged_or_newer_one_is_one_line(stored):
    where = stored.path / "workflow.json"
    where.write_text(json.dumps({**json.loads(where.read_text()), "format": 9}))
    with pytest.raises(BadRun, match="has format 9; this dl reads format 1"):
        read_workflow(stored.path)
    where.write_text("{")
    with pytest.raises(BadRun, match="is damaged"):
        read_workflow(stored.path)
    where.unlink()
    with pytest.raises(BadRun, match=r"is no workflow: workflow\.json is missing"):
        read_workflow(stored.path)
