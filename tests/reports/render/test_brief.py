"""The end of a fit on one screen."""

import io
from dataclasses import replace

import pytest
from rich.console import Console

from dl_reports.render.brief import print_brief
from dl_reports.report import Section, ThresholdRow, Thresholds


def shown(report, width=80):
    stream = io.StringIO()
    print_brief(report, Console(file=stream, width=width, color_system=None, legacy_windows=False))
    return stream.getvalue()


def test_it_fits_one_screen_at_width_80(report):
    lines = shown(replace(report, sections=())).splitlines()
    assert len(lines) <= 24 and max(map(len, lines)) <= 80


def test_it_holds_verdict_answers_score_findings_and_the_next_command(report):
    text = shown(report)
    whole = " ".join(text.split())
    others = [row for row in report.ladder if not row.ours]
    best = max(others, key=lambda row: row.score.value)  # the first of equal ones
    assert " ".join(report.verdict.sentence.split()) in whole
    assert all(answer.question in text for answer in report.verdict.answers)
    assert report.header.model in text and best.answer in text
    assert all(finding.code in text for finding in report.findings[:3])
    assert report.next[0].command.split()[0] in text and "dl report 0007" in text


def test_findings_beyond_the_third_are_counted(report):
    many = replace(report, findings=report.findings * 2)
    assert f"{2 * len(report.findings) - 3} more findings" in shown(many)
    assert report.findings[0].code in shown(many)


def test_a_run_without_an_epoch_has_a_verdict_and_no_table(empty):
    assert "No epoch was finished" in shown(empty) and "validation, epoch" not in shown(empty)


@pytest.mark.parametrize("width", [40, 80, 140])
def test_no_line_is_wider_than_the_terminal(report, width):
    assert max(map(len, shown(report, width).splitlines())) <= width


def test_a_section_of_a_plugin_is_shown_with_its_first_lines(report):
    long = replace(report, sections=(Section("theirs", tuple(f"line {k}" for k in range(9))),))
    assert "theirs" in shown(long) and "line 1" in shown(long) and "line 2" not in shown(long)


def test_a_threshold_that_is_kept_is_named_in_a_line(report):
    found = Thresholds("f1", "best F1", (ThresholdRow("spam", 0.23, True),))
    assert "\nthreshold  'spam' from 0.23 on\n" in shown(replace(report, thresholds=found))
    usual = replace(found, rows=(ThresholdRow("spam", 0.5, False),))
    assert "threshold" not in shown(replace(report, thresholds=usual))
