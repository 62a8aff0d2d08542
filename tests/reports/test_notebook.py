"""Reports and comparisons for programs: what they hold, and how they show themselves."""

import re
from html import unescape

import pytest

import dl
from dl.plugins.loading import load_plugins
from dl.testing.numbers import NumbersPlugin, clouds
from dl_reports.build import build_report


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    """Two runs on the same points, for one epoch and for three."""
    plugins = load_plugins(extra=[NumbersPlugin({"given": clouds(120)})])
    root = tmp_path_factory.mktemp("runs")
    devices = dl.Devices("cpu", "1")
    return [dl.fit("numbers", "given", epochs=n, plugins=plugins, runs=root, devices=devices) for n in (1, 3)]


def test_a_report_holds_verdict_findings_and_scores(fitted):
    report, plain = dl.report(fitted[1]), build_report(fitted[1])
    assert report.verdict == plain.verdict.sentence and report.findings == plain.findings == fitted[1].findings
    assert [one.question for one in report.answers] == ["skill", "memorization", "turn"]
    assert {"val", "probe", "gap"} <= set(report.scores)
    assert report.scores["val"].value == pytest.approx(fitted[1].best["val_accuracy"])


def test_a_report_prints_itself_as_text_without_colours(fitted):
    text = repr(fitted[1].report())
    assert fitted[1].name in text and "\x1b" not in text and max(map(len, text.splitlines())) <= 100


def test_a_notebook_shows_the_whole_page_in_a_frame_of_its_own(fitted):
    shown = fitted[1].report()._repr_html_()
    inside = unescape(re.search(r'srcdoc="([^"]*)"', shown)[1])
    assert inside == fitted[1].report().html() and inside.startswith("<!doctype html>") and "//" not in inside


def test_a_finding_that_is_ignored_is_not_in_the_report(fitted):
    codes = {finding.code for finding in fitted[0].findings}
    first = sorted(codes)[0]
    assert first not in {finding.code for finding in dl.report(fitted[0], ignore=[first]).findings}
    with pytest.raises(dl.UnknownName):
        dl.report(fitted[0], ignore=["no-such-code"])


def test_two_runs_are_compared_and_the_comparison_prints_itself(fitted):
    found = dl.compare(*fitted)
    assert found.verdict.split(".")[0] in repr(found).replace("\n", " ").replace("  ", " ")
    assert found._repr_html_().startswith("<pre>") and fitted[0].name in found._repr_html_()
