"""A whole workflow, once: what each stage keeps and prints, how it goes on, and what it refuses."""

import json
from dataclasses import replace

import pytest
from rich.console import Console

import dl
from dl.errors import BadData, BadOption, BadRun, CannotWrite
from dl.recipes.resolve import resolve
from dl.runs.ledger import read_ledger
from dl.runs.run import Run, list_with_inner, open_run
from dl.runs.workflow import FAILED, FINISHED, INTERRUPTED, RUNNING, StageRecord, read_workflow, write_workflow
from dl.stages import workflow as module
from dl.stages.workflow import STAGES, resume_workflow
from dl.training.devices import Devices

NAMES = ["look", "baseline", "fit", "overfit", "regularize", "tune", "final"]


def test_every_stage_is_finished_and_passed_with_one_line_of_result(whole):
    assert [stage.name for stage in STAGES] == NAMES == [one.name for one in whole.stages]
    done = [one for one in whole.stages if one.status == FINISHED]
    assert [one.name for one in done if one.name != "regularize"] == [name for name in NAMES if name != "regularize"]
    assert all(one.result and "\n" not in one.result and one.exit for one in done)
    assert whole.status == FINISHED and read_workflow(whole.path) == whole


def test_the_screen_has_a_line_a_stage_and_its_condition(whole, screen):
    lines = screen.getvalue().splitlines()
    assert lines[0].startswith("wine: ") and lines[1] == "0001-wine-workflow: dense, seed 0"
    for number, name in enumerate(NAMES, start=1):
        assert sum(line.startswith(f"{number}/7 {name}") for line in lines) in (1, 2)
    assert "                ok no leak found: a score can be trusted" in lines
    assert lines[-1].startswith("finished in ") and lines[-1].endswith(f"the whole page: dl report {whole.path}")


def test_the_ladder_has_constants_and_cheap_learners_and_the_fit_is_compared_in_pairs(whole):
    rungs = whole.stage("baseline").rungs
    assert {one.rival for one in rungs} == {False, True}
    fit = whole.stage("fit")
    assert fit.notes[0].startswith("against ") and fit.score.low < fit.score.value < fit.score.high
    assert Run(whole.path / fit.run).manifest.epochs == 2


def test_each_remedy_is_a_run_that_differs_from_the_recipe_by_what_is_typed(whole, few):
    tried = whole.stage("regularize").remedies
    assert [one.typed for one in tried if one.typed.startswith("--reg")] == ["--reg l2=0.0001", "--reg noise=0.1"]
    first = next(one for one in tried if one.run)
    recipe = resolve(few, recipe=str(whole.path / first.run / "recipe.toml"))
    assert "l2" in recipe.regularizers or first.typed.startswith("width")
    assert first.gain.low <= first.gain.value <= first.gain.high


def test_the_final_score_is_cross_validated_and_the_test_set_is_opened_once(whole):
    final = whole.stage("final")
    assert whole.final.manifest.protocol == whole.protocol == "iterated-kfold:4x3" == final.state
    ledger = read_ledger(whole.path.parent / "test-ledger.jsonl")
    assert [(one["run"], one["look"]) for one in ledger] == [(f"{whole.name}/{final.run}", 1)]
    assert final.test.examples == 34 and final.test.look == 1
    assert any("in the same folds" in note for note in final.notes) and final.lead is not None


def test_its_runs_count_as_looks_and_it_is_no_run(whole):
    inner = [run.name for run in list_with_inner(whole.path.parent)]
    assert whole.stage("fit").run in inner and "001" in inner and "01" in inner
    with pytest.raises(
        BadRun, match=f"is a workflow of several fits, not a run  take its final run: .*{whole.final.name}"
    ):
        open_run("last", whole.path.parent)


def test_a_finished_one_does_not_go_on(whole, few):
    with pytest.raises(BadRun, match="0001-wine-workflow is finished  see: dl report"):
        dl.workflow(resume="last", runs=whole.path.parent, plugins=few)


def cut(whole, tmp_path, name, **changes):
    """The workflow as it stood when a stage ran."""
    number = NAMES.index(name)
    stages = [one if k < number else StageRecord(one.name) for k, one in enumerate(whole.stages)]
    stages[number] = replace(stages[number], status=RUNNING)
    state = replace(whole, status=RUNNING, stages=tuple(stages), **changes)
    write_workflow(state)
    return state


def test_a_last_stage_that_was_cut_off_finds_what_it_had_finished(whole, tmp_path, few, monkeypatch):
    try:
        cut(whole, tmp_path, "final")
        again = resume_workflow(whole.path, few, Devices("cpu", "1"), Console(quiet=True))
        assert again.stage("final").run == whole.stage("final").run and again.stages[:-1] == whole.stages[:-1]
        assert len(read_ledger(whole.path.parent / "test-ledger.jsonl")) == 1  # it does not look twice
        assert again.stage("final").test == whole.stage("final").test
    finally:
        write_workflow(whole)


def test_other_data_is_refused(whole, tmp_path, few):
    try:
        cut(whole, tmp_path, "final", fingerprint="other")
        with pytest.raises(BadRun, match="wine has changed since 0001-wine-workflow: its examples are others"):
            resume_workflow(whole.path, few, Devices("cpu", "1"), Console(quiet=True))
    finally:
        write_workflow(whole)


def test_an_error_or_a_full_disk_in_a_stage_is_kept_and_says_how_to_go_on(whole, tmp_path, few, monkeypatch):
    def full(*_):
        raise CannotWrite("no space left")

    try:
        for error, kind, status in ((full, CannotWrite, INTERRUPTED), (lambda *_: 1 / 0, Exception, FAILED)):
            cut(whole, tmp_path, "final")
            monkeypatch.setattr(module, "STAGES", (*STAGES[:-1], replace(STAGES[-1], run=error)))
            with pytest.raises(kind) as raised:
                resume_workflow(whole.path, few, Devices("cpu", "1"), Console(quiet=True))
            left = read_workflow(whole.path)
            assert (left.status, left.stage("final").status) == (status, status)
            if kind is CannotWrite:
                assert "go on: dl workflow --resume 0001-wine-workflow" in str(raised.value)
    finally:
        write_workflow(whole)


@pytest.mark.parametrize(
    ("choices", "error", "line"),
    [
        ({"time": "5s"}, BadOption, "--max-time 5s: a workflow takes at least 10s"),
        ({"time": "soon"}, BadOption, "expected a time such as"),
        ({"on_leak": "mend"}, BadOption, "--on-leak mend: expected stop, warn or fix"),
        ({"trials": -1}, BadOption, "--trials -1"),
        ({"protocol": "kfold:4"}, BadOption, "chosen by the size of the data"),
        ({"nosuch": 1}, BadOption, "nosuch"),
        ({"model": "boosting"}, BadOption, "dl workflow trains networks"),
        ({"data": ([[1.0]], [0])}, BadData, "the name of a data set or a path"),
        ({"resume": "9"}, BadRun, "no workflow '9'"),
    ],
)
def test_a_mistake_is_one_line_and_leaves_no_folder(tmp_path, choices, error, line):
    with pytest.raises(error, match=line):
        dl.workflow("tabular", **{"data": "wine", "runs": tmp_path / "runs", **choices})
    assert not list(tmp_path.glob("runs/*"))


def test_a_leak_ends_it_after_the_first_stage_unless_it_may_go_on(tmp_path, few):
    rows = ["kind,copy,size", *(f"{'ab'[k % 2]},{'xy'[k % 2]}{k % 2},{(k * 37) % 11}" for k in range(80))]
    (tmp_path / "told.csv").write_text("\n".join(rows))
    where = {"runs": tmp_path / "runs", "plugins": few, "devices": Devices("cpu", "1")}
    found = dl.workflow("tabular", str(tmp_path / "told.csv"), target="kind", **where)
    assert found.status == "stopped" and found.stage("look").next == "dl explain data-target-in-disguise"
    assert {one.status for one in found.stages[1:]} == {"skipped"}
    assert json.loads((found.path / "workflow.json").read_text())["message"].startswith("stopped after look")


@pytest.mark.parametrize("given", [([[1.0]],), ("tabular", [[1.0]])])
def test_data_in_memory_is_refused_with_what_to_do(given):
    with pytest.raises(BadData, match="write it to a file first"):
        dl.workflow(*given)
