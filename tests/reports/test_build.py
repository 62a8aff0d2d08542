"""The report as a whole, on plain runs: verdict, findings, next commands."""

import pytest

from dl.errors import UnknownName
from dl_reports.build import build_report

HEALTHY = {"signal": [2.0, 3.0, *[3.5] * 6], "probe_signal": [2.1, 3.1, *[3.8] * 6]}
OVERFIT = {
    "sharpness": [0.5, 0.8, 1.0, 1.3, 1.6, 2.0, 2.4, 2.8],
    "signal": [3.5] * 8,
    "probe_signal": [3.5, 3.7, 4.0, 4.5, 5.0, 5.5, 6.0, 6.5],
}


def test_a_healthy_fit_is_reported_with_its_lead_and_its_gap(simulated):
    report = build_report(simulated(**HEALTHY))
    assert report.verdict.severity == "good"
    assert report.verdict.sentence.startswith("Better than always '0' by ")
    assert "; no overfitting is established: a small but certain gap of " in report.verdict.sentence
    assert not [finding for finding in report.findings if finding.severity == "issue"]


def test_an_overfitted_fit_is_reported_with_its_onset_and_remedies(simulated):
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


def test_the_reports_import_neither_torch_nor_lightning():
    import subprocess
    import sys

    imports = "import sys, dl_reports.build, dl_reports.compare, dl_reports.explain"
    code = f"{imports}; print({{'torch', 'lightning'}} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"


def test_the_cause_that_the_verdict_names_stands_first(simulated):
    report = build_report(simulated(signal=[2.0, 3.0, 0.5, 0.2, 0.1], probe_signal=[2.0, 3.0, 1.5, 0.8, 0.5]))
    assert report.verdict.code == "health-lr-too-high" == report.findings[0].code
    assert report.next[0].why == "against health-lr-too-high"
