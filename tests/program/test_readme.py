"""The README: short, its links lead somewhere, and what it claims of the gallery is there. `test_pages` runs it."""

import re

from tools.pages import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_it_is_read_in_five_minutes():
    assert len(README.splitlines()) <= 150


def test_its_links_lead_to_files_that_are_there():
    links = re.findall(r"\]\(([^)#]+)", README)
    assert len(links) >= 10
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_the_network_on_its_picture_is_the_one_of_its_command():
    shown = re.search(r"A network too large .*`dl fit (.+)`", README)[1]
    assert shown in re.sub(r"\s+", " ", (ROOT / "reports/gallery/overfitted/report.md").read_text(encoding="utf-8"))
