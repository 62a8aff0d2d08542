"""The board as a folder: its files, its bounds, and a real browser that sorts, filters, overlays and compares in it."""

import json
import re
import shutil
import subprocess
from html import unescape

import pytest

from dl.errors import BadOption
from dl_reports.board.site import write_site
from tests.browsing import command_of

DRIVE = """
const soon = () => new Promise((done) => setTimeout(done, 10));
const wait = async (test) => { for (let k = 0; k < 200 && !test(); k++) await soon(); };
const all = (selector) => [...document.querySelectorAll(selector)];
const names = () => all("tbody .name a").map((one) => one.textContent.slice(0, 4));
const find = (selector) => document.querySelector(selector);
const click = (selector) => find(selector).click();
const type = (text) => {
  find("input[type=search]").value = text;
  find("input[type=search]").dispatchEvent(new Event("input"));
};
window.addEventListener("load", async () => {
  const seen = { newest: names() };
  click("[data-field=name]"); seen.names = names();
  click("[data-field=name]"); seen.falling = names(); seen.sorted = find("[aria-sort]").getAttribute("aria-sort");
  type("epochs>0 and not tags=kept"); seen.filtered = names();
  type("accuracy>"); seen.wrong = find(".hint").textContent;
  type("MINE"); seen.words = names();
  click("#inner"); seen.inner = names(); type("");
  click("[data-run='0001-mine']"); seen.disabled = find("#compare").disabled;
  click("[data-run='0002-mine']");
  await wait(() => document.querySelectorAll(".chosen polyline").length === 4);
  seen.lines = all(".chosen polyline").map((one) => one.dataset.run);
  click("#compare");
  await wait(() => find("table.pair"));
  seen.pair = all("table.pair th a").map((one) => one.textContent);
  seen.command = find("code").textContent;
  location.hash = "run=" + encodeURIComponent(window.dlBoard.rows.find((row) => row.name.startsWith("0003")).id);
  await wait(() => find("h1").textContent.startsWith("0003"));
  seen.hostile = [find("h1").textContent, document.images.length, document.title];
  location.hash = "run=0006-curve";
  await wait(() => find("h1").textContent === "0006-curve");
  seen.point = find("td.quiet").textContent;
  const out = document.createElement("pre");
  out.id = "seen"; out.textContent = JSON.stringify(seen); document.body.append(out);
});
"""


@pytest.fixture(scope="module")
def site(folder, tmp_path_factory):
    """The folder of the board, with all reports."""
    out = tmp_path_factory.mktemp("site") / "site"
    write_site(folder, out, None)
    return out


def test_it_is_a_page_its_script_two_files_of_data_and_the_reports(site):
    files = sorted(path.relative_to(site).as_posix() for path in site.rglob("*") if path.is_file())
    reports = {name for name in files if name.startswith("reports/")}
    assert sorted({*files} - reports) == ["board.js", "data/curves.js", "data/runs.js", "index.html"]
    board = json.loads((site / "data/runs.js").read_text().removeprefix("window.dlBoard=").rstrip(";\n"))
    assert board["live"] is False and set(board["reports"].values()) == reports
    assert {"0001-mine", "0001-mine/folds/01"} <= set(board["reports"]) and "0004-broken" not in board["reports"]


def test_reports_are_those_of_the_newest_and_a_board_is_written_anew(folder, tmp_path):
    out = tmp_path / "site"
    assert write_site(folder, out, 2)[1] == 2
    assert write_site(folder, out, 1)[1] == 1 and [path.name for path in (out / "reports").iterdir()] == [
        "0005-gone.html"
    ]
    assert write_site(folder, out, 0)[1] == 0
    (tmp_path / "notes.txt").write_text("mine")
    for taken in (tmp_path, tmp_path / "notes.txt"):
        with pytest.raises(BadOption, match="is not empty, and no board"):
            write_site(folder, taken, 0)


@pytest.mark.check
def test_a_browser_sorts_filters_overlays_and_compares_and_no_name_acts(site, browser, tmp_path):
    page = shutil.copytree(site, tmp_path / "site") / "index.html"
    page.write_text(page.read_text().replace("</head>", '<script src="drive.js" defer></script></head>'))
    (page.parent / "drive.js").write_text(DRIVE)
    options = ("--enable-logging=stderr", "--virtual-time-budget=8000", "--dump-dom")
    command = command_of(browser, tmp_path, *options, page.as_uri())
    shown = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert "CONSOLE" not in shown.stderr, shown.stderr
    seen = json.loads(unescape(re.search(r'<pre id="seen">(.*?)</pre>', shown.stdout, re.DOTALL)[1]))
    assert seen["newest"][0] == "0002"
    assert seen["names"] == ["0001", "0002", "0003", "0004", "0005", "0006"] == seen["falling"][::-1]
    assert seen["sorted"] == "descending" and seen["filtered"] == ["0006", "0005", "0002", "0001"]
    assert "where a value is expected" in seen["wrong"]
    assert set(seen["words"]) >= {"0001", "0002"} and len(seen["inner"]) == len(seen["words"]) + 1
    assert seen["disabled"] and seen["lines"] == ["0001-mine", "0002-mine"] * 2
    assert seen["pair"] == ["0001-mine", "0002-mine"] and seen["command"] == "dl compare 0001-mine 0002-mine"
    assert seen["hostile"] == ["0003-<img src=x onerror=document.title='stolen'>&amp;kept", 0, "runs: runs"]
    assert seen["point"].startswith("<img")
