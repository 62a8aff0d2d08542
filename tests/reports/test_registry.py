"""Codes: every one has a page, and every page an example that triggers it."""

import re
from importlib.resources import files
from pathlib import Path

import pytest

from dl_reports.build import build_report
from dl_reports.registry import OWN, own_checks

PAGES = {path.name.removesuffix(".md"): path.read_text() for path in files("dl_reports").joinpath("codes").iterdir()}
HEADINGS = ("## How it is detected", "## Why it matters", "## What to do", "## Reference", "## Example")


def test_every_code_has_a_page_and_every_page_a_code():
    assert set(PAGES) == {entry[0] for entry in OWN}


def test_the_index_of_the_docs_lists_every_code_and_links_to_its_page():
    index = Path(__file__).parents[2] / "docs" / "codes" / "README.md"
    linked = re.findall(r"\((\S+\.md)\)", index.read_text())
    assert {Path(link).stem for link in linked} == set(PAGES)
    assert all((index.parent / link).exists() for link in linked)


def test_a_code_belongs_to_a_group():
    assert {code.split("-")[0] for code in PAGES} == {"fit", "data", "health"}


@pytest.mark.parametrize("code", PAGES)
def test_a_page_says_all_there_is_to_say(code):
    assert PAGES[code].startswith(f"# {code}\n")
    assert [line for line in PAGES[code].splitlines() if line.startswith("## ")] == list(HEADINGS)


@pytest.mark.parametrize("code", PAGES)
def test_the_example_of_a_page_triggers_its_code(code, tmp_path):
    example = re.search(r"```python\n(.*?)```", PAGES[code], re.DOTALL)[1]
    names = {"folder": tmp_path / "0001-example"}
    exec(example, names)
    report = build_report(names["run"])
    assert code in {finding.code for finding in report.findings}
    assert not [one for one in report.unchecked if "failed" in one.why]


def test_a_specification_loads_its_check_and_its_page():
    for spec in own_checks():
        assert callable(spec.load())
        assert spec.page() == PAGES[spec.name]
