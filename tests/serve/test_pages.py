"""The pages: their policies and colours, and a real browser that drops, types, uploads, errs and reads the card."""

import base64
import csv
import hashlib
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import dl
from dl_reports.render.html import packaged
from dl_serve.pages import front_page, make_page, operations_page
from tests.browsing import Tab

TOKEN = "a-token-of-this-test"


def test_a_policy_allows_the_style_and_the_script_of_its_page_and_nothing_else():
    page = front_page()
    for name in ("style", "script"):
        inside = re.search(rf"<{name}>(.*?)</{name}>", page.html, re.DOTALL)[1]
        digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
        assert f"{name}-src 'sha256-{digest}'" in page.policy
    assert "default-src 'none'" in page.policy and "unsafe" not in page.policy
    assert not re.search(r"https?:|//[a-z]|url\(|@import|<link rel=.style|<iframe| style=| on[a-z]+=", page.html)
    assert "script-src 'none'" in make_page("a", "<main></main>").policy


def test_the_colours_are_those_of_the_report():
    themes = [re.findall(r":root \{.*?\}", text, re.DOTALL) for text in (front_page().html, packaged("page.css"))]
    assert themes[0] == themes[1][:2]  # light and dark; the report has one for paper as well


def test_the_page_of_operations_shows_each_and_escapes_its_words():
    answers = {"200": {"description": "<b>All</b> is well."}}
    body = {"content": {"text/csv": {"schema": {"description": "A table."}}}}
    about = {
        "summary": "Predict",
        "responses": answers,
        "requestBody": body,
        "parameters": [{"name": "n", "in": "path"}],
    }
    shown = operations_page({"paths": {"/v1/{n}": {"post": about}}}).html
    assert "<code>POST /v1/{n}</code>" in shown and "&lt;b&gt;All&lt;/b&gt; is well." in shown
    assert "<td>text/csv</td><td>A table.</td>" in shown and "curl -H &#x27;Content-Type: text/csv&#x27;" in shown


@pytest.fixture(scope="module")
def address(served_runs, tmp_path_factory):
    """The address of a service of images, rows and texts that asks for a token."""
    runs = tmp_path_factory.mktemp("texts") / "runs"
    texts = [f"{word} {number}" for number in range(30) for word in ("good film", "bad play")]
    labels = ["<b>praise</b>" if text.startswith("good") else "<b>blame</b>" for text in texts]
    dl.fit("text", (texts, labels), model="bag", epochs=3, runs=runs)
    paths = [
        f"{name}={next(folder.glob(f'{number:04d}-*'))}"
        for name, number, folder in (("images", 1, served_runs), ("sizes", 2, served_runs), ("texts", 1, runs))
    ]
    command = [str(Path(sys.executable).parent / "dl"), "serve", *paths, "--port", "0"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "DL_SERVE_TOKEN": TOKEN}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    yield process.stdout.readline().strip()
    process.kill()
    process.communicate()


@pytest.fixture
def tab(browser, tmp_path):
    """A tab of a real browser."""
    made = Tab(browser, tmp_path)
    yield made
    made.close()


@pytest.mark.check
def test_a_browser_drops_types_uploads_errs_and_reads_the_card(address, tab, tmp_path):
    light, plain = tmp_path / "light.png", tmp_path / "plain.txt"
    Image.fromarray(np.full((8, 8), 250, np.uint8)).save(light)
    plain.write_text("no image")
    tab.open(f"{address}/#images", width=360)
    tab.wait("!document.querySelector('#unlock').hidden")
    assert "a token is needed" in tab.text("#error")
    tab.click("#token")
    tab.type(TOKEN)
    tab.press("Enter")
    tab.wait("!document.querySelector('#ask').hidden")
    assert tab.see("document.querySelector('#run').value") == "images"
    assert tab.see("[...document.querySelectorAll('input, select, textarea')].every((one) => one.labels.length)")

    tab.drop("#drop", light)
    tab.wait("document.querySelector('.one')")
    assert tab.text(".answer") == "light" and tab.text(".first th") == "light"
    tab.wait("document.querySelector('.one img').naturalWidth === 8")
    assert re.fullmatch(r"Of \d+ validation examples .* were right\.", tab.text(".unsure"))
    assert tab.see("document.querySelector('.first .bar').clientWidth > 100")
    assert tab.see("document.activeElement.id") == "answers-head"  # so that a reader of the screen hears the answer
    assert tab.see("document.documentElement.scrollWidth") <= 360

    tab.choose_files("#file", plain)
    tab.wait("!document.querySelector('#error').hidden")
    assert "plain.txt" in tab.text("#error") and tab.see("document.querySelector('#answers').hidden")

    tab.click("#card summary")
    tab.wait("document.querySelectorAll('#card-text h2').length > 5")
    assert "Recall of each class" in tab.text("#card-text") and "Trained on" in tab.text("#card-text")

    tab.see("document.querySelector('#run').focus()")
    for _ in range(2):
        tab.press("ArrowDown")
    tab.wait("location.hash === '#texts'")
    tab.see("document.querySelector('#text').focus()")
    tab.type("bad play 4")
    tab.press("Enter", modifiers=2)
    tab.wait("document.querySelector('.answer')")
    assert tab.text(".answer") in ("<b>blame</b>", "<b>praise</b>")  # words, no markup
    assert tab.see("document.querySelectorAll('.one b').length") == 0


@pytest.mark.check
def test_a_browser_shows_the_rows_of_a_table_and_downloads_its_answers(address, tab, tmp_path):
    rows = tmp_path / "rows.csv"
    rows.write_text("size\n" + "\n".join(["0.3", "10.4"] * 8) + "\n")
    tab.open(f"{address}/#sizes", dark=True)
    tab.wait("!document.querySelector('#unlock').hidden")
    tab.see("document.querySelector('#token').focus()")
    tab.type(TOKEN)
    tab.press("Enter")
    tab.wait("!document.querySelector('#ask').hidden")
    assert tab.see("getComputedStyle(document.body).backgroundColor") == "rgb(20, 22, 26)"
    tab.choose_files("#file", rows)
    tab.wait("document.querySelector('.rows-table')")
    shown = tab.text(".rows-table").split("\n")
    assert shown[0].split("\t") == ["input", "answer", "probability", "right near it"] and len(shown) == 17
    tab.click("#download")
    path, end = tmp_path / "sizes-answers.csv", time.monotonic() + 20
    while not path.exists() and time.monotonic() < end:
        time.sleep(0.05)
    head, *lines = csv.reader(path.read_text().splitlines())
    assert head[:2] == ["input", "answer"] and head[-4:] == ["right near it", "right, low", "right, high", "notes"]
    assert len(lines) == 16 and [line[1] for line in lines] == ["0", "1"] * 8
    assert tab.complaints == [one for one in tab.complaints if "401" in one]

    tab.open(f"{address}/docs", width=360)
    assert "POST /v1/runs/{name}/predict" in tab.text("main")
    assert tab.see("document.documentElement.scrollWidth") <= 360
