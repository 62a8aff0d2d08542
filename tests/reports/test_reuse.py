"""Reuse of the held-out sets, counted over the runs of one folder, whatever else lies there."""

import json
import math
from dataclasses import replace

import pytest

from dl import files
from dl.runs.ledger import LEDGER
from dl_reports.build import build_report
from dl_reports.render.phrases import reuse as worded
from dl_reports.reuse import count_test_reuse, count_validation_reuse, evaluation_command
from dl_reports.statistics import NotComputable

TWO = {"signal": [2.0, 3.0]}


@pytest.fixture
def noted(tmp_path):
    """Write evaluations to the ledger beside the runs."""

    def note(*evaluations):
        for run, fingerprint in evaluations:
            entry = {"run": run, "data": "simulated", "fingerprint": fingerprint, "examples": 10_000}
            files.append_line(tmp_path / LEDGER, json.dumps(entry))

    return note


def test_every_epoch_of_every_run_on_these_examples_counts(simulated):
    simulated(**TWO)
    simulated(**TWO, seed=1)  # other validation examples
    run = simulated(signal=[2.0, 3.0, 3.5])
    found = count_validation_reuse(run, run.manifest, 3)
    assert (found.evaluations, found.runs, found.examples, found.unread) == (5, 2, 1000, 0)
    assert found.bound == pytest.approx(math.sqrt(math.log(2 * 5 / 0.05) / 2000))


def test_another_task_on_the_same_inputs_does_not_count(simulated):
    other, run = simulated(**TWO), simulated(**TWO)
    task = replace(other.manifest.task, name="multilabel")
    files.write_text(other.path / "run.json", replace(other.manifest, task=task).to_json())
    assert count_validation_reuse(run, run.manifest, 2).runs == 1


@pytest.mark.parametrize("content", ["", "{", "[]", '{"format": 99}', "\x00\xff"])
def test_a_neighbour_that_cannot_be_read_is_counted_and_no_more(simulated, content):
    broken, run = simulated(**TWO), simulated(**TWO)
    (broken.path / "run.json").write_text(content)
    found = count_validation_reuse(run, run.manifest, 2)
    assert (found.evaluations, found.runs, found.unread) == (2, 1, 1)
    assert worded(found, run.manifest.task.headline).endswith("1 run beside it could not be read")


def test_folders_and_files_that_are_no_runs_are_passed_by(simulated, tmp_path):
    run = simulated(**TWO)
    (tmp_path / "0077-nothing").mkdir()
    (tmp_path / "0078-file").write_text("no run")
    (tmp_path / "0079-odd" / "run.json").mkdir(parents=True)
    found = count_validation_reuse(run, run.manifest, 2)
    assert (found.evaluations, found.runs, found.unread) == (2, 1, 1)


def test_big_files_of_other_runs_are_not_opened(simulated):
    other, run = simulated(**TWO), simulated(**TWO)
    for path in other.outcomes_folder.iterdir():
        path.unlink()
    (other.path / "history.csv").write_text("epoch,val_loss\n1,not read as a number\n2,\n3,x\n")
    assert count_validation_reuse(run, run.manifest, 2).evaluations == 5


def test_evaluations_of_a_test_set_are_those_of_its_fingerprint(simulated, noted):
    run = simulated(**TWO)
    noted(("0009-a", "old"), ("0009-b", "new"), (run.name, "new"), (run.name, "new"), ("0009-c", "other"))
    found = count_test_reuse(run, run.manifest)
    assert (found.evaluations, found.runs, found.examples) == (3, 2, 10_000)


def test_a_test_set_that_only_other_runs_used_counts_for_this_run_too(simulated, noted):
    run = simulated(**TWO)
    noted(("0009-a", "new"))
    assert count_test_reuse(run, run.manifest).evaluations == 1


def test_a_test_set_that_was_never_used_is_reported_as_such(simulated):
    run = simulated(**TWO)
    found = count_test_reuse(run, run.manifest)
    assert worded(found, run.manifest.task.headline) == "not evaluated yet"


def test_a_damaged_ledger_is_a_reason_in_the_report(simulated, tmp_path):
    run = simulated(**TWO)
    (tmp_path / LEDGER).write_text("no evaluation\n")
    assert isinstance(count_test_reuse(run, run.manifest), NotComputable)
    report = build_report(run)
    assert [one.part for one in report.reuse] == ["val"]
    assert any("test-set reuse" in one.what for one in report.unchecked)


def test_the_report_words_reuse_as_a_bound(simulated):
    report = build_report(simulated(**TWO))
    assert worded(report.reuse[0], report.header.metric) == (
        "2 evaluations by 1 run; with 95 % confidence no score on these 1,000 examples is off by more than "
        "4.68 points, in practice by less; 98 of 100 are left until this bound is half as large again as after the "
        "first"
    )
    spent = worded(replace(report.reuse[0], evaluations=100), report.header.metric)
    assert spent.endswith("; the budget of 100 is spent: this bound is half as large again as after the first")


def test_scores_without_a_range_have_no_bound(simulated):
    run = simulated(**TWO)
    metric = replace(run.manifest.task.headline, name="mae", higher=False, kind="mean")
    task = replace(run.manifest.task, name="regression", metrics=(metric,), bounded=False)
    found = count_validation_reuse(run, replace(run.manifest, task=task), 2)
    assert found.bound is found.budget is None and worded(found, metric) == "2 evaluations by 1 run"


def test_a_test_set_is_offered_once(simulated):
    run = simulated(signal=[0.3, 0.4])
    manifest = replace(run.manifest, parts=replace(run.manifest.parts, test=True))
    assert evaluation_command(run, manifest) == "dl test 0001"
    assert evaluation_command(run, replace(manifest, parts=replace(manifest.parts, test=False))) == ""
    line = {"run": manifest.name, "data": manifest.parts.name, "fingerprint": "f", "examples": 9}
    (run.path.parent / LEDGER).write_text(json.dumps(line) + "\n")
    assert evaluation_command(run, manifest) == ""
