"""The sheet of a workflow: its sentence, its parts, and what a signature states, from records with known values."""

import pytest

from dl.intervals import Estimate, Interval
from dl.plugins.loading import load_plugins
from dl.runs.ledger import TestEvaluation as Evaluation
from dl.runs.workflow import Remedy, Rung, Search
from dl_reports.sheet import build_sheet, commands, verdict

SCORE, TESTED = Estimate(0.9, 0.85, 0.94), Estimate(0.88, 0.8, 0.93)
RUNGS = (
    Rung("majority", "always 'a'", Estimate(0.5, 0.5, 0.5), rival=False),
    Rung("linear", "logistic regression", Estimate(0.8, 0.7, 0.88), rival=True),
)
FINISHED = {"status": "finished"}


@pytest.fixture
def finished(workflow_state, tmp_path):
    """A function that makes a finished workflow: finished(final={"lead": ...}, **fields)."""

    def make(final=(), **changes):
        metric = workflow_state().metric
        test = Evaluation("r", "blobs", 60, metric, TESTED, {"accuracy": 0.88}, 0.5, 1, "f00", 0, "2026-03-01")
        lead = Estimate(0.1, 0.02, 0.18)
        last = {**FINISHED, "state": "kfold:4", "run": "0009-blobs-dense", "score": SCORE, "test": test, "rungs": RUNGS}
        usual = {
            "look": FINISHED,
            "baseline": {**FINISHED, "rungs": RUNGS},
            "fit": {**FINISHED, "score": SCORE, "notes": ("against logistic regression: +10 %",)},
            "overfit": {"status": "skipped", "entry": "no time"},
            "regularize": {
                **FINISHED,
                "remedies": (Remedy("l2=1", "0002", SCORE, lead, None, kept=True), Remedy("x", note="no")),
            },
            "tune": {
                **FINISHED,
                "search": Search(3, 9, "lr=1", SCORE, SCORE),
                "notes": ("the luck",),
                "exit": "it stays",
            },
            "final": {**last, "lead": lead, **dict(final)},
            "status": "finished",
            "test": True,
            "path": tmp_path / "0007-blobs-workflow",
        }
        return workflow_state(**{**usual, **changes})

    return make


@pytest.mark.parametrize(
    ("final", "severity", "words"),
    [
        ({}, "good", "It is better than logistic regression, by 10.00 % [2.00, 18.00]."),
        (
            {"lead": Estimate(0.01, -0.1, 0.1)},
            "tip",
            "No difference from logistic regression is established: +1.00 % [-10.00",
        ),
        ({"lead": Estimate(-0.1, -0.2, -0.05)}, "issue", "logistic regression is certainly better: use that."),
        ({"lead": None}, "good", "It is better than a constant answer."),
    ],
)
def test_the_sentence_has_test_score_and_folds_and_what_the_network_beats(finished, final, severity, words):
    found = verdict(finished(final))
    assert found[0] == severity and words in found[1]
    assert found[1].startswith(
        "blobs: accuracy 88.00 % [80.00, 93.00] on 60 test examples, looked at once; accuracy 90.00 %"
    )
    assert "by 4 fits of kfold:4" in found[1]


def test_a_leak_comes_before_praise_and_an_unfinished_one_has_no_score(finished, workflow_state):
    leak = finished(look={**FINISHED, "passed": False, "exit": "data-row-counter: no score"})
    assert verdict(leak) == (
        "issue",
        f"{verdict(finished())[1].partition('. ')[0]}. But no score here is to be trusted: data-row-counter",
    )
    assert verdict(workflow_state(look=FINISHED)) == ("note", "running in baseline: there is no final score yet")
    assert verdict(workflow_state(status="stopped", message="stopped after look: why")) == (
        "issue",
        "stopped after look: why",
    )


def test_every_part_has_its_numbers(finished):
    sheet = build_sheet(finished(limit=600.0), load_plugins())
    blocks = {block.title: block for block in sheet.blocks}
    assert list(blocks) == [
        *(
            "data and protocol",
            "stages",
            "what the guards found",
            "the ladder",
            "remedies",
            "search for better options",
        ),
        *("the final score", "signed"),
    ]
    facts = dict(blocks["data and protocol"].facts)
    assert facts["asked"] == "dl workflow tabular blobs.csv target=kind --max-time 10m"
    assert facts["data"] == "blobs: 120 rows; content abc" and facts["test set"] == "60 examples, content f00"
    assert [row[2] for row in blocks["stages"].grid.rows] == ["met", "met", "met", "skipped", "met", "met", "met"]
    ladder = blocks["the ladder"].grid
    assert [row[1] for row in ladder.rows] == ["50.00 %", "80.00 % [70.00, 88.00]", "90.00 % [85.00, 94.00]"]
    assert ladder.strong == (2,) and blocks["the ladder"].lines == ("against logistic regression: +10 %",)
    assert blocks["remedies"].grid.rows == (
        ("l2=1", "90.00 %", "+10.00 % [+2.00, +18.00]", "", "yes"),
        ("x", "", "", "", "no"),
    )
    assert dict(blocks["search for better options"].facts)["luck"] == "the luck"
    assert dict(blocks["the final score"].facts)["test"].startswith("88.00 % [80.00, 93.00], loss 0.5000")
    assert (
        "the test set was opened once" in blocks["signed"].lines[0]
        and "depends on the machine" in blocks["signed"].lines[1]
    )


def test_fewer_folds_than_the_size_asks_for_are_named(finished):
    facts = dict(build_sheet(finished({"state": "holdout"}), load_plugins()).blocks[0].facts)
    assert facts["protocol"] == "holdout, as there was no time for kfold:4: 120 are few"


def test_the_next_commands_report_predict_and_test_where_that_is_left(finished, workflow_state):
    words = [one.command.split()[1] for one in commands(finished())]
    assert words == ["report", "predict"]
    closed = finished({"test": None}, keep_test_closed=True)
    assert [one.command.split()[1] for one in commands(closed)] == ["report", "test", "predict"]
    assert [one.command for one in commands(workflow_state())] == ["dl workflow --resume 7"]
    stopped = workflow_state(status="stopped", look={"stops": True, "next": "dl explain data-row-counter"})
    assert [one.command for one in commands(stopped)] == ["dl explain data-row-counter"]


def test_an_interval_of_the_luck_is_a_pair():
    assert Search(1, 1, "", SCORE, None, interval=Interval(0.1, 0.2)).interval == (0.1, 0.2)
