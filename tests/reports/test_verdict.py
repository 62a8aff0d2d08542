"""The verdict: the decision table row by row, and the five published histories."""

import math
import re
from pathlib import Path

import numpy as np
import pytest

from dl.finding import Finding
from dl_reports.build import build_report
from dl_reports.verdict import DISTRUST, FINE, PROBLEMS

PAGE = Path(__file__).parents[2] / "docs" / "reports.md"
SIGNS = {"issue": "!", "tip": "*", "note": "-", "good": "✓"}
THREE = (0.4, 0.3, 0.3)  # shares of three classes
SHARPER = {"sharpness": [0.5, 0.8, 1.0, 1.3, 1.6, 2.2, 3.0, 4.0], "signal": [3.5] * 8}
KNOWS = [3.5, 3.7, 4.0, 4.1, 4.2, 4.3, 4.4, 4.5]
SEEN = [3.0, 3.2, 3.5, 3.6, 3.6, 3.7]
DISAGREES = {
    "sharpness": [0.5, 0.8, 1.0, *[1.0 + 0.25 * k for k in range(1, 18)]],
    "signal": [2.5, 3.0, 3.2, *[3.2 + 0.02 * k for k in range(1, 11)], *[3.4 - 0.12 * k for k in range(1, 8)]],
    "probe_signal": [2.5, 3.0, 3.2, *[3.2 + 0.03 * k for k in range(1, 18)]],
    "n": 5000,
}
HISTORY = {"losses": [0.6, 0.5, 0.45], "scores": [0.7, 0.75, 0.8], "n": 1000}  # of which nothing else was kept
DECISIONS = {  # row of the table, and a fit that ends there
    "distrust": {"leaked": 0.3, "signal": [2.0] * 2, "probe_signal": [6.0] * 2},
    "broken": {"signal": [2.0, 2.5], "status": "failed", "message": "the loss is nan"},
    "no epoch": {"signal": []},
    "unstable": {"signal": [2.0, 3.0, 2.5, 2.0, 1.5, 1.2]},
    "memorized": {"signal": [0.0] * 5, "probe_signal": [1.0, 2.0, 3.0, 4.0, 6.0], "n": 2000},
    "nothing": {"signal": [0.0] * 5, "n": 2000},
    "class not found": {"shares": (0.45, 0.45, 0.1), "prior": 3.0, "signal": [3.0] * 4, "n": 2000},
    "untold-but-fitted": {"signal": [0.3] * 3, "probe_signal": [6.0] * 3, "n": 40, "shares": THREE},
    "untold": {"signal": [0.2] * 3, "n": 40, "shares": THREE},
    "rival": {"signal": [2.5] * 4, "rival": 0.99},
    "large": {"signal": [2.0] * 3, "probe_signal": [6.0] * 3},
    "part": {"signal": [3.0] * 3, "probe_signal": [4.0] * 3},
    "turned": {"signal": [2.0, 3.0, 3.5, 3.0, 2.5, 2.0], "probe_signal": SEEN},
    "turned with training": SHARPER,
    "turn unknown": {"signal": [3.5]},
    "gap vague": {"signal": [2.3] * 2, "probe_signal": [2.9] * 2, "n": 60, "shares": THREE},
    "gap untold": {"signal": [1.5] * 4, "n": 40, "shares": THREE},
    "not done": {"signal": [0.6 * epoch for epoch in range(1, 7)]},
    "common error": {"signal": [1.5] * 8},
    "skill unknown": {**HISTORY, "probe": [0.7, 0.75, 0.81], "baseline": math.nan},
    "gap unknown": HISTORY,
    "fine": {"signal": [2.0, 3.0, *[3.5] * 6], "probe_signal": [2.1, 3.1, *[3.6] * 6]},
}

NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


def table_row(name, verdict):
    """A row of the table in the page, from a real report."""
    return f"| {name} | `{SIGNS[verdict.severity]}` | {verdict.sentence} |"


@pytest.fixture
def decided(simulated, published):
    """The verdict of a fit that ends in a row of the table."""

    def decide(name):
        fit = DECISIONS[name]
        return build_report(published(**fit) if "losses" in fit else simulated(**fit)).verdict

    return decide


def down_then(best, last, at, epochs):
    """Epochs of a curve whose best and last values are known: straight to the best, straight to the last."""
    start = best + 0.2 if last > best else best - 0.02
    return [*np.linspace(start, best, at)[: at - 1], *np.linspace(best, last, epochs - at + 1)]


@pytest.fixture
def judged(published):
    def judge(**history):
        report = build_report(published(**history))
        return report, {finding.code for finding in report.findings}

    return judge


def test_the_page_has_a_row_for_each_row_of_the_table():
    assert list(DECISIONS) == [row.name for row in (*PROBLEMS, FINE)]
    block = PAGE.read_text(encoding="utf-8").partition("<!-- decisions -->")[2].partition("<!-- /decisions -->")[0]
    assert re.findall(r"^\| ([\w -]+?) \| `", block, re.MULTILINE) == list(DECISIONS)


@pytest.mark.parametrize("name", DECISIONS)
def test_a_row_of_the_page_is_the_sentence_of_a_fit_that_ends_there(name, decided):
    verdict = decided(name)
    (shown,) = re.findall(rf"^\| {name} \| `.*", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    row = table_row(name, verdict)
    assert verdict.row == name and NUMBER.sub("0", row) == NUMBER.sub("0", shown)
    numbers = [[float(one) for one in NUMBER.findall(line)] for line in (row, shown)]
    assert numbers[0] == pytest.approx(numbers[1], abs=0.05)  # another processor rounds another draw


@pytest.mark.parametrize("name", DECISIONS)
def test_a_sentence_has_two_clauses_at_most_and_the_sign_of_its_worst_answer(name, decided):
    verdict = decided(name)
    ranks = {severity: rank for rank, severity in enumerate(SIGNS)}
    assert verdict.sentence.count("; ") <= 2 and verdict.sentence[0].isupper()
    assert ranks[verdict.severity] <= min((ranks[one.severity] for one in verdict.answers), default=3)


@pytest.mark.parametrize("code", DISTRUST)
def test_a_guard_that_is_an_issue_stops_praise(code, simulated):
    run = simulated(
        signal=[3.5] * 4, leaked=0.2, near=0.3, findings=[Finding(code, "issue", "it is not what it seems")]
    )
    verdict = build_report(run).verdict
    assert verdict.sentence.startswith("The score cannot be trusted: ") and "better than" not in verdict.sentence
    assert verdict.severity == "issue" and "good" not in {one.severity for one in verdict.answers}


@pytest.mark.parametrize("gap", [1.0, 1.5, 2.5])
def test_there_is_no_tick_and_no_praise_beside_a_certain_gap_that_matters(gap, simulated):
    verdict = build_report(simulated(signal=[2.0, 2.5, 2.5], probe_signal=[2.0, 2.5 + gap, 2.5 + gap])).verdict
    assert verdict.severity in ("tip", "issue") and "no overfitting" not in verdict.sentence.lower()
    assert verdict.sentence.startswith("It memorizes") and verdict.code == "fit-gap"


def test_a_lead_whose_interval_is_above_zero_is_never_called_nothing(simulated):
    """Three classes, 40 examples, 20 epochs that are alike."""
    run = simulated(signal=[1.5] * 20, probe_signal=[6.0] * 20, n=40, shares=THREE)
    verdict = build_report(run).verdict
    skill = verdict.answers[0]
    assert skill.size.low > 0 and skill.state == "better" and "othing" not in verdict.sentence


def test_imdb_dense_overfits_in_loss_and_in_accuracy_and_should_stop_at_4(judged):
    report, codes = judged(losses=down_then(0.2735, 0.6796, 4, 20), scores=down_then(0.8908, 0.8683, 3, 20), n=10_000)
    assert {"fit-overfit-loss", "fit-overfit-metric"} <= codes
    assert report.verdict.sentence == (
        "Overfits in loss and in accuracy since the best loss at epoch 4, loss from 0.2735 to 0.6796 (by 0.4061 "
        "[0.3857, 0.4205]), accuracy from 89.1 % to 86.8 % (by 2.25 points [0.97, 3.15]); stop at epoch 4, where "
        "the loss is best (accuracy at epoch 3). "
        "(From means alone: unpaired, deviation of the loss assumed equal to its mean.)"
    )


def test_loss_and_accuracy_that_are_best_at_one_epoch_are_reported_so(judged):
    report, _ = judged(losses=down_then(0.2735, 0.6796, 4, 20), scores=down_then(0.8908, 0.8683, 4, 20), n=10_000)
    assert "; stop at epoch 4, where both are best. " in report.verdict.sentence


def test_reuters_dense_overfits_in_loss_and_1000_examples_do_not_decide_about_accuracy(judged):
    report, codes = judged(losses=down_then(0.8835, 1.0707, 9, 20), scores=down_then(0.815, 0.804, 10, 20), n=1_000)
    assert "fit-overfit-loss" in codes and "fit-overfit-metric" not in codes
    assert "data-small-validation" in codes
    assert report.verdict.sentence == (
        "Overfits in loss since its best at epoch 9, from 0.8835 to 1.071 (by 0.1872 [0.06471, 0.2732]); accuracy is "
        "not certainly worse: a change of 1.10 points [-3.80, 4.54] on 1,000 examples, and it grows over-confident. "
        "(From means alone: unpaired, deviation of the loss assumed equal to its mean.)"
    )


def test_imdb_lstm_disagrees_on_the_best_epoch_which_is_over_confidence(judged):
    report, codes = judged(losses=down_then(0.302, 0.397, 2, 10), scores=down_then(0.8928, 0.8758, 8, 10), n=5_000)
    assert "fit-over-confident" in codes
    assert report.verdict.sentence.startswith(
        "Overfits in loss since its best at epoch 2, from 0.302 to 0.397 (by 0.095 [0.07709, 0.1088]), and in accuracy "
        "since its best at epoch 8, from 89.3 % to 87.6 % (by 1.70 points [0.08, 2.95]); loss and accuracy disagree on "
        "the best epoch, 2 against 8: over-confidence, so choose by purpose, and calibrate."
    )


def test_cats_and_dogs_overfits_in_loss_since_10_with_accuracy_flat_within_noise(judged):
    report, codes = judged(losses=down_then(0.5508, 1.0139, 10, 30), scores=down_then(0.731, 0.724, 28, 30), n=1_000)
    assert {"fit-overfit-loss", "fit-over-confident"} <= codes and "fit-overfit-metric" not in codes
    assert report.verdict.sentence.startswith(
        "Overfits in loss since its best at epoch 10, from 0.5508 to 1.014 (by 0.4631 [0.3564, 0.5346]); accuracy "
    )
    assert "it grows over-confident" in report.verdict.sentence


def test_mnist_dense_has_a_small_but_certain_gap(judged):
    losses, scores = [0.14, 0.10, 0.08, 0.075, 0.075], [0.95, 0.96, 0.97, 0.975, 0.9777]
    probe = [0.96, 0.97, 0.98, 0.985, 0.9890]
    report, codes = judged(losses=losses, scores=scores, probe=probe, n=10_000, m=60_000, baseline=0.1135)
    assert "fit-gap" in codes
    assert not {"fit-overfit-loss", "fit-overfit-metric"} & codes
    assert "a small but certain gap of 1.13 points [0.84, 1.45]" in report.verdict.sentence
    z = next(finding for finding in report.findings if finding.code == "fit-gap").evidence["z"]
    assert 6.5 < z < 8.5


def test_a_fit_that_overfits_in_both_at_different_epochs_is_reported_before_they_disagree(simulated):
    run = simulated(**DISAGREES)
    said = build_report(run).verdict
    assert said.code == "fit-overfit-loss"
    assert re.match(
        r"Overfits in loss since epoch \d+, from \S+ to \S+ \(by \S+ \[.+?\]\), and in accuracy ", said.sentence
    )
    assert "since epoch" in said.sentence.partition("and in accuracy")[2]
    assert said.sentence.endswith(
        "disagree on the best epoch, 7 against 13: over-confidence, so choose by purpose, and calibrate."
    )


def test_a_network_that_learnt_nothing_and_overfits_is_reported_with_both(simulated):
    run = simulated(
        signal=[0.0] * 8, probe_signal=[0.5 * k for k in range(8)], sharpness=[0.2 * k for k in range(1, 9)]
    )
    found = build_report(run).verdict
    assert found.code == "fit-no-better-than-baseline"
    assert found.sentence.startswith("It memorizes and hardly generalizes: ")
    assert "; overfits in loss since epoch" in found.sentence
