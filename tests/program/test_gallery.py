"""The gallery: a real report for each row of the decision table, and what its pages claim."""

import re
import sys

import pytest

from dl_reports.verdict import FINE, PROBLEMS
from tools.pages import ROOT

GALLERY = ROOT / "reports" / "gallery"
ROWS = [row.name for row in (*PROBLEMS, FINE)]
LISTED = re.compile(r"^\| ([\w -]+?) \| [^|]+ \| ([^|`]+) \| \[text\]\((rows/[\w-]+)/report.txt\)", re.MULTILINE)
QUICK = ("turn unknown", "skill unknown", "gap unknown")


@pytest.fixture
def make(monkeypatch, tmp_path):
    """Fit the piece of a row, and write its report into a folder of the test."""
    monkeypatch.syspath_prepend(str(GALLERY))
    import make
    import rows

    yield lambda name: make.make(next(one for one in rows.ROWS if one.row == name), tmp_path / "runs", tmp_path)
    for module in ("make", "rows", "pieces", "shot"):
        sys.modules.pop(module, None)


def test_each_row_of_the_decision_table_has_a_real_report_that_ends_there():
    listed = LISTED.findall((GALLERY / "README.md").read_text(encoding="utf-8"))
    assert [name for name, *_ in listed] == ROWS
    for _, sentence, folder in listed:
        text = re.sub(r"\s+", " ", (GALLERY / folder / "report.txt").read_text(encoding="utf-8"))
        assert sentence in text and (GALLERY / folder / "report.html").is_file()


def test_no_page_names_a_folder_of_the_machine_that_made_it():
    pages = [page for page in GALLERY.rglob("report.*") if page.suffix != ".svg"]
    named = [page for page in pages if re.search(r"(?<![\w.<])/(tmp|home|root|work|var)/", page.read_text("utf-8"))]
    assert pages and not named


@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in ROWS]
)
def test_a_fit_of_the_gallery_ends_in_its_row(name, make, tmp_path):
    assert make(name)
    assert (tmp_path / "rows" / name.replace(" ", "-") / "report.txt").is_file()
