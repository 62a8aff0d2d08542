import re
import subprocess
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from dl_reports.render.html import POLICY, to_html
from tests.browsing import command_of

VOID = {"meta", "img", "br"}  # elements of HTML that have no end tag


class Page(HTMLParser):
    """Reads a page and refuses tags that are left open or closed twice."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.words = [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)

    def all(self, name):
        return [attributes for tag, attributes in self.tags if tag == name]


def test_every_tag_is_closed_once_and_the_language_is_named(report):
    page = Page(to_html(report))
    assert page.open == [] and page.all("html") == [{"lang": "en"}]


def test_the_policy_forbids_everything_but_style_and_embedded_pictures(report):
    metas = Page(to_html(report)).all("meta")
    assert {"http-equiv": "Content-Security-Policy", "content": POLICY} in metas
    assert POLICY == "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def test_the_page_asks_for_nothing_from_anywhere(report):
    shown = to_html(report)
    assert not re.search(r"https?:|//[a-z]|url\(|@import|<script|<link|<iframe", shown)
    assert all(image["src"].startswith("data:image/png;base64,") for image in Page(shown).all("img"))


def test_other_remedies_stand_beside_the_first_as_they_are_typed(report):
    assert "against fit-overfit-loss; or <code>--reg random-shift=2</code>, <code>--reg early" in to_html(report)


def test_pictures_have_words_and_tables_have_heads(report):
    page = Page(to_html(report))
    assert [image["alt"] for image in page.all("img")] == [
        "example 17: nine, predicted seven",
        "example 23: seven, predicted nine",
    ]
    assert all(head.get("scope") in ("row", "col") for head in page.all("th"))
    plots = [svg for svg in page.all("svg") if "aria-hidden" not in svg]
    assert len(plots) == 3 == len(page.all("title")) - 1 and all(svg["role"] == "img" for svg in plots)


def test_the_onset_stands_in_the_plot_with_its_epoch(report):
    assert re.search(r'<text [^>]*class="worse">rises from 8</text>', to_html(report))


def test_a_run_without_an_epoch_has_no_plot(empty):
    page = Page(to_html(empty))
    assert not page.all("svg") and "No epoch was finished, so there is nothing to judge." in page.words


def contrast(first, second):
    def light(colour):
        shares = (int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5))
        return np.dot(
            [0.2126, 0.7152, 0.0722], [s / 12.92 if s <= 0.03928 else ((s + 0.055) / 1.055) ** 2.4 for s in shares]
        )

    lighter, darker = sorted((light(first), light(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_text_stands_out_by_at_least_four_and_a_half_in_light_and_dark(report):
    themes = re.findall(r":root \{(.*?)\}", to_html(report), re.DOTALL)
    assert len(themes) == 3
    for theme in themes:
        colours = {
            name: "#" + "".join(c * (2 if len(v) == 3 else 1) for c in v)
            for name, v in re.findall(r"--(\w+): #(\w+)", theme)
        }
        for ground in ("ground", "card"):
            for ink in ("ink", "quiet", "val", "probe", "issue", "tip", "note", "good"):
                assert contrast(colours[ink], colours[ground]) >= 4.5, (ink, ground)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(
    st.text(
        alphabet=st.one_of(st.sampled_from("<>&\"'/=\n\x00\x1b\u202e\u2028"), st.characters()), min_size=1, max_size=60
    )
)
def test_no_name_becomes_markup(named, name):
    page, calm = Page(to_html(named(name))), Page(to_html(named("calm")))
    assert [tag for tag, _ in page.tags] == [tag for tag, _ in calm.tags]
    assert [sorted(attributes) for _, attributes in page.tags] == [sorted(attributes) for _, attributes in calm.tags]
    assert not re.search(
        "[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\u2028]", "".join(page.words)
    )


def test_ten_thousand_characters_are_cut(named):
    assert len(to_html(named("x" * 10_000))) < 60_000


def browse(browser, page, folder, *options):
    """Open a page in a browser without a window, and return what it printed."""
    command = command_of(browser, folder, "--enable-logging=stderr", *options, page.as_uri())
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)


@pytest.mark.check
def test_a_browser_shows_the_page_without_a_complaint(named, browser, tmp_path):
    page, picture = tmp_path / "report.html", tmp_path / "report.png"
    page.write_text(to_html(named("<script>document.title='stolen'</script>")), encoding="utf-8")
    loaded = browse(browser, page, tmp_path, "--dump-dom")
    assert "CONSOLE" not in loaded.stderr and loaded.stdout.count("<section") == 10
    assert "<title>&lt;script&gt;" in loaded.stdout
    browse(browser, page, tmp_path, "--window-size=800,1200", f"--screenshot={picture}")
    pixels = np.asarray(Image.open(picture).convert("RGB"))
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 50
    assert (pixels != pixels[0, 0]).any(axis=2).mean() > 0.02


def test_the_three_answers_are_rows_with_their_interval(report):
    shown = to_html(report)
    for one, interval in zip(report.verdict.answers, ("51.00, 57.00", "8.30, 11.20", "0.21, 0.27"), strict=True):
        assert one.question in shown and interval in shown
