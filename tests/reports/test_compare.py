"""Comparing two runs on the validation examples they share."""

import json

import pytest
from sklearn.metrics import f1_score

from dl.errors import BadRun
from dl.runs.outcomes import read_logits
from dl.terminal import console
from dl_reports.compare import compare_runs, show_comparison


def test_a_run_is_not_distinguishable_from_itself(simulated):
    run = simulated(signal=[3.0] * 3)
    found = compare_runs(run, run)
    assert found.n == 1000
    assert found.verdict.startswith("The two are not distinguishable in accuracy: they differ by 0.00 points")
    assert "1,000 shared examples would show" in found.verdict


def test_a_clearly_better_run_is_named_with_its_lead(simulated, capsys):
    better, worse = simulated(signal=[4.0] * 3), simulated(signal=[1.5] * 3)
    found = compare_runs(worse, better)
    assert found.verdict.startswith(
        "0002-simulated".replace("2", "1") + " is better than 0002-simulated in accuracy, by"
    )
    accuracy, loss = found.differences
    assert accuracy.better < 0 and accuracy.interval.high < 0
    assert loss.better < 0
    show_comparison(found, console())
    out = capsys.readouterr().out
    assert ", worse by " in out and "better by -" not in out


def test_the_best_of_forty_epochs_of_noise_is_not_called_better_than_one(simulated):
    """The interval that is shown allows for the choice."""
    lucky, single = simulated(signal=[1.5] * 40, wandering=1.5, n=400), simulated(signal=[1.5], wandering=1.5, n=400)
    found = compare_runs(lucky, single)
    assert found.differences[0].interval.holds(0.0) and "not distinguishable" in found.verdict


def test_the_comparison_is_paired(simulated):
    first, second = simulated(signal=[3.0] * 3), simulated(signal=[3.05] * 3)
    accuracy = compare_runs(first, second).differences[0]
    assert accuracy.form == "McNemar"
    assert accuracy.smallest < 0.02  # unpaired, a thousand examples show four points at best


def test_runs_with_different_validation_sets_are_refused_with_the_reason(simulated):
    with pytest.raises(BadRun, match="different validation sets"):
        compare_runs(simulated(signal=[3.0]), simulated(signal=[3.0], seed=1))


def test_runs_of_different_tasks_are_refused(simulated):
    first, second = simulated(signal=[3.0]), simulated(signal=[3.0])
    stored = json.loads((second.path / "run.json").read_text())
    stored["task"]["names"] = [f"other {k}" for k in range(10)]
    (second.path / "run.json").write_text(json.dumps(stored))
    with pytest.raises(BadRun, match="different tasks"):
        compare_runs(first, type(second)(second.path))


def test_a_run_without_outcomes_is_refused_in_one_line(simulated):
    first, second = simulated(signal=[3.0]), simulated(signal=[3.0])
    (second.path / "outcomes" / "examples.npz").unlink()
    with pytest.raises(BadRun, match="cannot be compared"):
        compare_runs(first, second)


def test_five_shared_examples_are_too_few(simulated):
    run = simulated(signal=[3.0], n=5)
    with pytest.raises(BadRun, match="too few to compare"):
        compare_runs(run, run)


def test_the_comparison_prints_as_text_and_as_json(simulated, capsys):
    run = simulated(signal=[3.0] * 2)
    found = compare_runs(run, run)
    show_comparison(found, console())
    assert "not distinguishable" in capsys.readouterr().out
    show_comparison(found, console(), as_json=True)
    assert json.loads(capsys.readouterr().out)["n"] == 1000


def test_runs_are_compared_by_the_groups_of_their_shared_examples(simulated):
    better, worse = (simulated(signal=[level] * 3, n=1200, alike=20, seed=1) for level in (3.5, 1.0))
    found = compare_runs(better, worse)
    assert (found.n, found.groups) == (1200, 60) and found.differences[0].form == "paired, by group"
    assert found.differences[0].z > 1.96
    assert "60 shared groups would show" in compare_runs(better, better).verdict


def test_runs_that_share_five_groups_cannot_be_compared(simulated):
    run = simulated(signal=[3.0] * 3, n=500, alike=100)
    with pytest.raises(BadRun, match="share 500 validation examples of 5 groups, too few to compare"):
        compare_runs(run, run)


def test_a_headline_that_is_no_mean_is_compared_itself_on_the_same_drawn_examples(simulated):
    first, second = (simulated(signal=[signal] * 3, n=300) for signal in (3.0, 2.5))
    for run in (first, second):
        stored = json.loads((run.path / "run.json").read_text())
        stored["task"]["metrics"][0] |= {"name": "macro_f1", "kind": "confusion"}
        (run.path / "run.json").write_text(json.dumps(stored))
        history = run.path / "history.csv"
        history.write_text(history.read_text().replace("_accuracy", "_macro_f1"))
    found = compare_runs(*(type(run)(run.path) for run in (first, second)))
    assert [one.what for one in found.differences] == ["macro_f1", "loss"]
    f1 = found.differences[0]
    logits, targets = (
        [read_logits(run.outcomes_folder, "best") for run in (first, second)],
        first.outcomes("val").targets,
    )
    scores = [f1_score(targets, one.argmax(axis=1), average="macro") for one in logits]
    assert (f1.first, f1.second) == (pytest.approx(scores[0], abs=1e-6), pytest.approx(scores[1], abs=1e-6))
    assert f1.interval.low < f1.better < f1.interval.high and f1.form == "paired, resampled"
