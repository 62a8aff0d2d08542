"""The picture of the terminal report in the README, which `reports/gallery` makes."""

import re
from importlib import import_module
from pathlib import Path
from xml.etree import ElementTree

import pytest

GALLERY = Path(__file__).parents[3] / "reports" / "gallery"
SPACE = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def to_svg(monkeypatch):
    monkeypatch.syspath_prepend(GALLERY)
    return import_module("shot").to_svg


def test_every_word_stands_where_its_column_is(report, to_svg):
    texts = {text.text.strip(): text for text in ElementTree.fromstring(to_svg(report, 80)).iter(f"{SPACE}text")}
    assert float(texts["0007-digits-dense"].get("x")) == 16.0
    assert texts["rises from 8"].get("class") == "c1 bold"


def test_a_dot_of_a_line_is_a_dot_of_the_picture(report, to_svg):
    paths = [
        path for path in ElementTree.fromstring(to_svg(report, 80)).iter(f"{SPACE}path") if "dots" in path.get("class")
    ]
    assert {"c12", "c5", "dim"} <= {word for path in paths for word in path.get("class").split()}


def test_the_picture_asks_for_nothing_from_anywhere(report, to_svg):
    assert re.findall(r"https?:[^\"]*", to_svg(report, 80)) == ["http://www.w3.org/2000/svg"]


def test_no_name_becomes_markup(named, to_svg):
    picture = to_svg(named("</text><script>alert(1)</script>\x1b[31m\x00&"), 80)
    assert {element.tag.removeprefix(SPACE) for element in ElementTree.fromstring(picture).iter()} == {
        "svg",
        "title",
        "style",
        "text",
        "path",
        "rect",
    }
