import io
from dataclasses import replace

import pytest
from rich.console import Console

from dl_reports.render import cards


def shown(renderable, width=80):
    stream = io.StringIO()
    Console(file=stream, width=width).print(renderable)
    return stream.getvalue()


def test_without_examples_there_is_nothing_to_show():
    assert cards.examples((), 80) is None


def test_examples_stand_under_why_they_are_worth_a_look(report):
    text = shown(cards.examples(report.examples, 80))
    assert "-0017.png" in text.partition("label probably wrong")[0]
    assert "a sentence about seven" in text.partition("label probably wrong")[2]


def test_a_matrix_stands_beside_its_pairs_where_both_fit(report):
    def beside(width):
        lines = shown(cards.confusion(report.confusion, width), width).splitlines()
        return any("650" in line and "9.2 %" in line for line in lines)

    assert beside(80) and not beside(50)


@pytest.mark.parametrize(("width", "drawn"), [(70, True), (69, False)])
def test_a_reliability_diagram_needs_seventy_columns(report, width, drawn):
    assert ("share correct, by confidence" in shown(cards.calibration(report.calibration, width), width)) == drawn


def test_without_bins_the_sentence_stands_alone(report):
    text = shown(cards.calibration(replace(report.calibration, bins=()), 80))
    assert text.startswith("Its confidence is off by 7.9 %")
