"""The sheet in the terminal, as Markdown, as a page and as JSON: the same numbers, and nothing from data acts."""

import io
import json

import pytest
from rich.console import Console

from dl_reports.as_json import to_json
from dl_reports.render.chart import chart_of
from dl_reports.render.sheet import print_sheet, sheet_to_html, sheet_to_markdown
from dl_reports.report import Command, Curve
from dl_reports.sheet import Block, Drawn, Grid, Sheet

CURVE = Curve("val", (0.5, 0.75), (0.4, 0.7), (0.6, 0.8))
CHART = chart_of("accuracy over units", (0, 40), (CURVE,), percent=True)


@pytest.fixture
def sheet():
    """A sheet with every kind of part, and a name that would like to act."""
    blocks = (
        Block("data", (("asked", "dl workflow <b>x</b>\x1b[31m"),), lines=("a *line*",)),
        Block("remedies", grid=Grid(("tried", "gain"), (("l2=1", "+1.00 %"), ("x=2", "-1.00 %")), (1,), (0,))),
        Block("capacity", drawn=(Drawn(CHART, {0: "16", 40: "64"}, "units"),)),
    )
    return Sheet("0007-x-workflow", "finished", "tip", "x: 75 %", blocks, (Command("dl report 1", "the rest"),))


def test_the_terminal_shows_all_of_it(sheet):
    stream = io.StringIO()
    print_sheet(sheet, Console(file=stream, width=80, color_system=None))
    text = stream.getvalue()
    for words in (
        "0007-x-workflow",
        "* x: 75 %",
        "asked  dl workflow",
        "l2=1   +1.00 %",
        "accuracy over units",
        "dl report 1",
    ):
        assert words in text
    assert "\x1b" not in text and max(map(len, text.splitlines())) <= 80


def test_markdown_escapes_what_comes_from_data(sheet):
    text = sheet_to_markdown(sheet)
    assert text.startswith("### 0007-x-workflow\n\n**x: 75 %**") and "| **l2=1** | +1.00 % |" in text
    assert "&lt;b&gt;" in text and "\\*line\\*" in text and "- `dl report 1` the rest" in text


def test_the_page_is_self_contained_and_escapes_what_comes_from_data(sheet):
    page = sheet_to_html(sheet)
    assert "<h1>0007-x-workflow</h1>" in page and '<tr class="ours">' in page and "&lt;b&gt;x" in page
    assert ">units</text>" in page and ">64</text>" in page and "http" not in page.replace("http-equiv", "")


def test_json_holds_blocks_with_their_tables(sheet):
    found = json.loads(to_json(sheet))
    assert found["blocks"][1]["grid"]["rows"][0] == ["l2=1", "+1.00 %"] and found["schema"] == 1
