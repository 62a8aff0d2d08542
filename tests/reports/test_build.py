"""The report as a whole: what it says of plain runs, and that its JSON keeps to the published schema."""

import json
import math
import re

import pytest

from dl.errors import UnknownName
from dl_reports.as_json import to_json
from dl_reports.build import build_report

HEALTHY = {"signal": [2.0, 3.0, *[3.5] * 6], "probe_signal": [2.1, 3.1, *[4.5] * 6]}
OVERFIT = {
    "sharpness": [0.5, 0.8, 1.0, 1.3, 1.6, 2.0, 2.4, 2.8],
    "signal": [3.5] * 8,
    "probe_signal": [3.5, 3.7, 4.0, 4.5, 5.0, 5.5, 6.0, 6.5],
}


def test_a_healthy_fit_is_told_so_with_what_could_not_have_been_seen(simulated):
    report = build_report(simulated(**HEALTHY))
    assert report.verdict.severity == "good"
    assert report.verdict.sentence.startswith("No overfitting is established.")
    assert "validation examples would show differences of" in report.verdict.sentence
    assert not [finding for finding in report.findings if finding.severity == "issue"]


def test_an_overfitted_fit_is_told_since_when_and_what_to_do(simulated):
    report = build_report(simulated(**OVERFIT))
    first = report.findings[0]
    assert first.code == "fit-overfit-loss" and first.severity == "issue"
    assert "overfits in loss since epoch" in report.verdict.sentence.lower()
    assert report.curves.least_loss < report.curves.loss_onset <= report.curves.least_loss + 2
    assert report.next[0].command.startswith("dl fit vision mnist --model dense ")
    assert report.next[0].command.endswith(" --reg random-shift=2")
    assert report.next[0].instead[:2] == ("--reg random-crop=0.8", "--reg label-smoothing=0.1")
    assert "dropout=0.5" in report.next[0].instead, "the model has a rate of its own"


def test_a_fit_that_unlearns_on_both_parts_is_unstable_and_not_overfitted(simulated):
    report = build_report(simulated(signal=[2.0, 3.0, 2.5, 2.0, 1.5, 1.2]))
    codes = {finding.code for finding in report.findings}
    assert "health-lr-too-high" in codes
    assert not {"fit-overfit-loss", "fit-overfit-metric"} & codes
    assert report.curves.metric_onset is None


def test_the_most_pressing_findings_come_first(simulated):
    report = build_report(simulated(**OVERFIT))
    ranks = [("issue", "tip", "note").index(finding.severity) for finding in report.findings]
    assert ranks == sorted(ranks)


def test_an_ignored_code_is_silent_and_named(simulated):
    report = build_report(simulated(**OVERFIT), ignore=["fit-overfit-loss"])
    assert "fit-overfit-loss" not in {finding.code for finding in report.findings}
    assert report.ignored == ("fit-overfit-loss",)


def test_a_code_that_does_not_exist_cannot_be_ignored(simulated):
    with pytest.raises(UnknownName, match="did you mean 'fit-gap'"):
        build_report(simulated(**HEALTHY), ignore=["fit-gab"])


def test_the_ladder_has_the_network_above_the_baselines(simulated):
    report = build_report(simulated(**HEALTHY))
    assert report.ladder[-1].ours
    assert report.ladder[-1].score.low < report.ladder[-1].score.value < report.ladder[-1].score.high


def test_bands_hold_their_curves(simulated):
    curves = build_report(simulated(**HEALTHY)).curves
    for curve in (*curves.loss, *curves.metric):
        for low, value, high in zip(curve.low, curve.values, curve.high, strict=True):
            assert math.isnan(low) or low <= value <= high


def test_confusion_counts_every_validation_example(simulated):
    report = build_report(simulated(**HEALTHY))
    assert report.confusion.counts.sum() == report.header.val
    assert sum(pair.count for pair in report.confusion.pairs) <= report.header.val - report.confusion.counts.trace()


def test_hardest_examples_are_sorted_by_loss(simulated):
    losses = [one.loss for one in build_report(simulated(**HEALTHY)).examples if one.why == "hardest"]
    assert len(losses) == 12 and losses == sorted(losses, reverse=True)


def test_calibration_intervals_hold_their_values(simulated):
    card = build_report(simulated(**{**OVERFIT, "sharpness": [3.0] * 8})).calibration
    for one in (card.ece_before, card.ece_after, card.nll_before, card.nll_after, card.gain):
        assert one.low <= one.value <= one.high
    assert card.temperature > 1
    assert sum(one.count for one in card.bins) == 1000


@pytest.mark.parametrize(
    "fit",
    [
        HEALTHY,
        OVERFIT,
        {"signal": [3.0]},
        {"signal": []},
        {"n": 5, "signal": [1.0, 2.0]},
        {"flipped": 0.1, "signal": [5.0] * 3},
    ],
)
def test_the_json_keeps_to_the_published_schema(simulated, violations, fit):
    assert violations(json.loads(to_json(build_report(simulated(**fit))))) == []


def test_a_value_out_of_the_schema_is_noticed(simulated, violations):
    stored = json.loads(to_json(build_report(simulated(**HEALTHY))))
    stored["verdict"]["severity"] = "terrible"
    stored["more"] = 1
    assert len(violations(stored)) == 2


def test_json_holds_no_nan(simulated):
    text = to_json(build_report(simulated(**HEALTHY)))
    assert "NaN" not in text and "Infinity" not in text


def test_the_reports_import_neither_torch_nor_lightning():
    import subprocess
    import sys

    imports = "import sys, dl_reports.build, dl_reports.compare, dl_reports.explain"
    code = f"{imports}; print({{'torch', 'lightning'}} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"


def test_a_fit_that_overfits_in_both_at_different_epochs_says_so_before_it_disagrees(simulated):
    sharp = [0.5, 0.8, 1.0, *[1.0 + 0.25 * k for k in range(1, 18)]]
    decisions = [2.5, 3.0, 3.2, *[3.2 + 0.02 * k for k in range(1, 11)], *[3.4 - 0.12 * k for k in range(1, 8)]]
    run = simulated(sharpness=sharp, signal=decisions, probe_signal=[2.5 + 0.2 * k for k in range(20)], n=5000)
    said = build_report(run).verdict
    assert said.code == "fit-overfit-loss"
    assert re.match(
        r"Overfits in loss since epoch \d+, from \S+ to \S+ \(by \S+ \[.+?\]\), and in accuracy ", said.sentence
    )
    assert "since epoch" in said.sentence.partition("and in accuracy")[2]
    assert said.sentence.endswith(
        "disagree on the best epoch, 7 against 13: over-confidence; choose by purpose, and calibrate."
    )


def test_the_cause_that_the_verdict_names_stands_first(simulated):
    report = build_report(simulated(signal=[2.0, 3.0, 0.5, 0.2, 0.1], probe_signal=[2.0, 3.0, 1.5, 0.8, 0.5]))
    assert report.verdict.code == "health-lr-too-high" == report.findings[0].code
    assert report.next[0].why == "against health-lr-too-high"


def test_a_network_that_learnt_nothing_and_overfits_is_told_both(simulated):
    run = simulated(
        signal=[0.0] * 8, probe_signal=[0.5 * k for k in range(8)], sharpness=[0.2 * k for k in range(1, 9)]
    )
    said = build_report(run).verdict
    assert said.code == "fit-no-better-than-baseline" and said.sentence.startswith("Nothing was learnt yet")
    assert "Overfits in loss since epoch" in said.sentence
