import io
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console
from rich.table import Table
from rich.text import Text

from dl_reports.render import cards
from dl_reports.report import Confusion


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


def as_table(names, counts):
    """The matrix as a table of rich: a name in each row, and right-aligned counts."""
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 1, 0, 0))
    table.add_column("", style="dim", no_wrap=True)
    for name in names:
        table.add_column(Text(name), justify="right", no_wrap=True)
    for k, (name, row) in enumerate(zip(names, counts, strict=True)):
        cells = [Text(str(count) if count else "·", "bright_blue" if k == j else "dim") for j, count in enumerate(row)]
        table.add_row(Text(f"{name} "), *cells)
    return table


@pytest.mark.parametrize("names", [("a", "b"), ("cat", "ox"), ("猫", "a longer")])
@pytest.mark.parametrize("counts", [((1, 0), (0, 23)), ((100000, 0), (0, 7))])
def test_a_matrix_is_drawn_as_a_table_of_rich_draws_it(names, counts):
    found = Confusion(names, np.array(counts), (), 0)
    shown = []
    for one in (cards.confusion(found, 80), as_table(names, counts)):
        stream = io.StringIO()
        Console(file=stream, width=80, force_terminal=True).print(one)
        shown.append(stream.getvalue())
    assert shown[0] == shown[1] and "\x1b[94m" in shown[0]


@pytest.mark.parametrize(("width", "drawn"), [(70, True), (69, False)])
def test_a_reliability_diagram_needs_seventy_columns(report, width, drawn):
    assert ("share correct, by confidence" in shown(cards.calibration(report.calibration, width), width)) == drawn


def test_without_bins_the_sentence_stands_alone(report):
    text = shown(cards.calibration(replace(report.calibration, bins=()), 80))
    assert text.startswith("Its confidence is off by 7.9 %")
