"""The page, its script, and the report of an entry."""

import pytest

from dl.errors import BadRun
from dl_reports.board import pages
from dl_reports.board.entries import Entries


def test_the_page_fetches_nothing_but_its_own_scripts_and_escapes_its_title():
    shown = pages.page("<b>runs")
    assert "<title>&lt;b&gt;runs: runs</title>" in shown and shown.count("<script") == 2
    assert 'content="default-src &#39;none&#39;; script-src &#39;self&#39;' in shown and "http:" not in shown
    made = pages.script()
    assert not any(word in made for word in ("innerHTML", "outerHTML", "insertAdjacent", "document.write", "eval("))


def test_a_run_has_a_report_and_a_study_of_fits_has_none(folder):
    found = {entry.key: entry for entry in Entries(folder).read().entries}
    assert "runs/0001-mine</footer>" in pages.build_page(found["0001-mine"])
    with pytest.raises(BadRun, match="has no report of its own"):
        pages.build_page(found["0006-curve"])
    assert pages.try_page(found["0004-broken"]) is None
    assert pages.report_file("0001-mine/folds/01") == "reports/0001-mine~folds~01.html"
