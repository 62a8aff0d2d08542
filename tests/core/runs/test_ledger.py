"""The ledger: each evaluation on a test set is one line of JSON, counted over all runs."""

import json

import pytest

from dl.errors import BadRun, CannotWrite
from dl.faults import FAIL_AT, FAULTS
from dl.intervals import Estimate
from dl.runs import ledger  # its class TestEvaluation is none of tests
from dl.runs.ledger import LEDGER, evaluations_of, read_ledger, record_evaluation, stored_evaluation, torn_lines
from dl.runs.manifest import MetricInfo


@pytest.mark.parametrize("line", ["not json", "[1, 2]", "3", '"text"', "[" * 99_999])
def test_a_ledger_with_a_line_that_is_no_look_is_refused_by_its_number(tmp_path, line):
    (tmp_path / LEDGER).write_text('{"look": 1}\n' + line + "\n")
    with pytest.raises(BadRun, match="line 2 is not an evaluation on a test set"):
        read_ledger(tmp_path / LEDGER)


def test_a_ledger_of_bytes_is_refused(tmp_path):
    (tmp_path / LEDGER).write_bytes(b"\xff\xfe\n")
    with pytest.raises(BadRun, match="line 1"):
        read_ledger(tmp_path / LEDGER)


def test_no_look_yet_is_an_empty_ledger(tmp_path):
    assert read_ledger(tmp_path / LEDGER) == []


def evaluation(run="0001-blobs", number=1, fingerprint="f"):
    accuracy = MetricInfo("accuracy", True, 1.0, "proportion")
    score = Estimate(0.9, 0.8, 0.95)
    return ledger.TestEvaluation(
        run, "blobs", 30, accuracy, score, {"accuracy": 0.9}, 0.3, number, fingerprint, 3, "2024-01-01"
    )


def test_what_is_noted_is_read_back_oldest_first(tmp_path):
    noted = [evaluation(number=1), evaluation("0002-blobs", 2), evaluation(fingerprint="g")]
    for one in noted:
        record_evaluation(tmp_path / LEDGER, one)
    looks = read_ledger(tmp_path / LEDGER)
    assert looks == [json.loads(one.to_json()) for one in noted]
    assert looks[0]["score"] == {"value": 0.9, "low": 0.8, "high": 0.95} and looks[0]["info"]["name"] == "accuracy"


def test_a_line_becomes_the_evaluation_that_was_recorded_and_damage_is_one_line(tmp_path):
    record_evaluation(tmp_path / LEDGER, evaluation())
    (line,) = read_ledger(tmp_path / LEDGER)
    assert stored_evaluation(line) == evaluation()
    with pytest.raises(BadRun, match="holds a line that is no evaluation"):
        stored_evaluation({"run": 1})


def test_only_evaluations_of_one_test_part_are_counted_whichever_run_made_them(tmp_path):
    for one in (evaluation(), evaluation("0002-blobs"), evaluation(fingerprint="g")):
        record_evaluation(tmp_path / LEDGER, one)
    looks = read_ledger(tmp_path / LEDGER)
    assert [one["run"] for one in evaluations_of("f", looks)] == ["0001-blobs", "0002-blobs"]
    assert len(evaluations_of("g", looks)) == 1 and evaluations_of("h", looks) == []


def test_the_metric_is_the_headline():
    assert evaluation().metric == "accuracy"


def test_a_ledger_that_cannot_be_written_is_one_line(locked):
    with pytest.raises(CannotWrite, match=LEDGER):
        record_evaluation(locked / LEDGER, evaluation())


def test_a_line_that_a_full_disk_cut_off_is_passed_over_and_the_next_begins_anew(tmp_path, monkeypatch):
    path = tmp_path / LEDGER
    record_evaluation(path, evaluation())
    whole = path.read_bytes()
    monkeypatch.setenv(FAIL_AT, f"{FAULTS.done + 2}:ENOSPC")
    with pytest.raises(CannotWrite, match="the disk is full"):
        record_evaluation(path, evaluation("0002-blobs"))
    monkeypatch.delenv(FAIL_AT)
    assert path.read_bytes() == whole  # taken back
    path.write_bytes(whole + whole[:40])  # as after a crash
    assert len(read_ledger(path)) == 1 and torn_lines(path) == [2]
    record_evaluation(path, evaluation("0002-blobs"))
    assert [one["run"] for one in read_ledger(path)] == ["0001-blobs", "0002-blobs"] and torn_lines(path) == [2]


def test_a_line_that_has_changed_since_is_named(tmp_path):
    record_evaluation(tmp_path / LEDGER, evaluation())
    text = (tmp_path / LEDGER).read_text()
    (tmp_path / LEDGER).write_text(text.replace('"examples": 30', '"examples": 31'))
    with pytest.raises(BadRun, match="line 1 has changed since it was written"):
        read_ledger(tmp_path / LEDGER)
