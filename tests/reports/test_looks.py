"""Looks: counted over the runs that stand side by side, whatever else lies there."""

import json
import math
from dataclasses import replace

import pytest

from dl import files
from dl.runs.ledger import LEDGER
from dl_reports.looks import looks_at_test, looks_at_validation
from dl_reports.render.phrases import looks as worded
from dl_reports.report import build_report
from dl_reports.statistics import NotComputable

TWO = {"signal": [2.0, 3.0]}


@pytest.fixture
def noted(tmp_path):
    """Note looks in the ledger beside the runs."""

    def note(*looks):
        for run, fingerprint in looks:
            entry = {"run": run, "data": "simulated", "fingerprint": fingerprint, "examples": 10_000}
            files.append_line(tmp_path / LEDGER, json.dumps(entry))

    return note


def test_every_epoch_of_every_run_on_these_examples_is_a_look(simulated):
    simulated(**TWO)
    simulated(**TWO, seed=1)  # other validation examples
    run = simulated(signal=[2.0, 3.0, 3.5])
    found = looks_at_validation(run, run.manifest, 3)
    assert (found.looks, found.runs, found.examples, found.unread) == (5, 2, 1000, 0)
    assert found.bound == pytest.approx(math.sqrt(math.log(2 * 5 / 0.05) / 2000))


def test_another_task_on_the_same_inputs_is_no_look_at_this_one(simulated):
    other, run = simulated(**TWO), simulated(**TWO)
    task = replace(other.manifest.task, name="multilabel")
    files.write_text(other.path / "run.json", replace(other.manifest, task=task).to_json())
    assert looks_at_validation(run, run.manifest, 2).runs == 1


@pytest.mark.parametrize("content", ["", "{", "[]", '{"format": 99}', "\x00\xff"])
def test_a_neighbour_that_cannot_be_read_is_counted_and_no_more(simulated, content):
    broken, run = simulated(**TWO), simulated(**TWO)
    (broken.path / "run.json").write_text(content)
    found = looks_at_validation(run, run.manifest, 2)
    assert (found.looks, found.runs, found.unread) == (2, 1, 1)
    assert worded(found, run.manifest.task.headline).endswith("1 run beside it could not be read")


def test_folders_and_files_that_are_no_runs_are_passed_by(simulated, tmp_path):
    run = simulated(**TWO)
    (tmp_path / "0077-nothing").mkdir()
    (tmp_path / "0078-file").write_text("no run")
    (tmp_path / "0079-odd" / "run.json").mkdir(parents=True)
    found = looks_at_validation(run, run.manifest, 2)
    assert (found.looks, found.runs, found.unread) == (2, 1, 1)


def test_big_files_of_other_runs_are_not_opened(simulated):
    other, run = simulated(**TWO), simulated(**TWO)
    for path in other.outcomes_folder.iterdir():
        path.unlink()
    (other.path / "history.csv").write_text("epoch,val_loss\n1,not read as a number\n2,\n3,x\n")
    assert looks_at_validation(run, run.manifest, 2).looks == 5


def test_looks_at_the_test_part_are_those_of_its_fingerprint(simulated, noted):
    run = simulated(**TWO)
    noted(("0009-a", "old"), ("0009-b", "new"), (run.name, "new"), (run.name, "new"), ("0009-c", "other"))
    found = looks_at_test(run, run.manifest)
    assert (found.looks, found.runs, found.examples) == (3, 2, 10_000)


def test_a_test_part_that_only_others_opened_counts_for_this_run_too(simulated, noted):
    run = simulated(**TWO)
    noted(("0009-a", "new"))
    assert looks_at_test(run, run.manifest).looks == 1


def test_a_test_part_that_was_never_opened_is_said_to_be_closed(simulated):
    run = simulated(**TWO)
    found = looks_at_test(run, run.manifest)
    assert worded(found, run.manifest.task.headline) == "not opened yet"


def test_a_damaged_ledger_is_a_reason_in_the_report(simulated, tmp_path):
    run = simulated(**TWO)
    (tmp_path / LEDGER).write_text("no look\n")
    assert isinstance(looks_at_test(run, run.manifest), NotComputable)
    report = build_report(run)
    assert [one.part for one in report.looks] == ["val"]
    assert any("looks at the test part" in one.what for one in report.unchecked)


def test_the_report_words_looks_as_a_budget(simulated):
    report = build_report(simulated(**TWO))
    assert worded(report.looks[0], report.header.metric) == (
        "2 looks by 1 run; at 95 % none of so many scores on 1,000 examples is off by more than 4.68 points, "
        "and in practice by less"
    )


def test_scores_without_a_range_have_no_bound(simulated):
    run = simulated(**TWO)
    metric = replace(run.manifest.task.headline, name="mae", higher=False, kind="mean")
    task = replace(run.manifest.task, name="regression", metrics=(metric,), bounded=False)
    found = looks_at_validation(run, replace(run.manifest, task=task), 2)
    assert found.bound is None and worded(found, metric) == "2 looks by 1 run"
