import io
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from dl.intervals import Estimate
from dl_reports.render.terminal import print_report
from dl_reports.report import BaselineRow, Confusion

EXPECTED = Path(__file__).parent
OURS = re.compile("\x1b\\[[0-9;]*m")  # colour and weight, the only escape sequences that are meant
SIXTEEN = re.compile(r"(0|1|2|22|3[0-7]|9[0-7])(;(0|1|2|22|3[0-7]|9[0-7]))*")
UNSAFE = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")


def shown(report, width=80, **settings):
    stream = io.StringIO()
    print_report(report, Console(file=stream, width=width, **settings))
    return stream.getvalue()


def in_colour(report, width=80, system="standard"):
    return shown(report, width, force_terminal=True, color_system=system, no_color=False)


@pytest.mark.parametrize("width", [80, 140])
def test_the_report_reads_as_kept_beside_this_test(report, width):
    assert shown(report, width) == (EXPECTED / f"report-{width}.txt").read_text(encoding="utf-8")


def test_no_line_is_wider_than_the_terminal_or_ends_in_blanks(report):
    for width in (40, 60, 80, 109, 110, 140, 200):
        lines = shown(report, width).splitlines()
        assert max(map(cell_len, lines)) <= min(width, 140)
        assert [line for line in lines if line != line.rstrip()] == []


def test_without_colour_the_same_words_are_shown(report):
    plain = shown(report, force_terminal=True, no_color=True, color_system="standard")
    assert OURS.sub("", plain) == OURS.sub("", in_colour(report)) == shown(report)
    assert not re.search("\x1b\\[[0-9;]*(3[0-7]|9[0-7])", plain)


def test_only_the_sixteen_colours_are_used_outside_of_pictures(report):
    codes = re.findall("\x1b\\[([0-9;]*)m", in_colour(replace(report, examples=()), system="truecolor"))
    assert codes and all(SIXTEEN.fullmatch(code) for code in codes)


def test_the_no_color_variable_is_obeyed(report, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    assert not re.search("\x1b\\[[0-9;]*(3[0-7]|9[0-7])", shown(report, force_terminal=True))


def test_the_verdict_follows_the_header_and_comes_before_all_else(report):
    lines = shown(report).splitlines()
    assert lines[0].startswith("0007-digits-dense") and lines[1].startswith("task     multiclass")
    assert lines.index("accuracy on validation, epoch 9") > lines.index(
        "! It overfits: since epoch 8 the validation loss has risen by 0.24 [0.21, 0.27],"
    )


def test_plots_stand_side_by_side_from_110_columns(report):
    def together(width):
        return any("cross entropy" in line and "accuracy" in line for line in shown(report, width).splitlines())

    assert together(110) and not together(109)


def test_a_run_without_an_epoch_says_so_and_shows_no_table(empty):
    text = shown(empty)
    assert "! No epoch was finished, so there is nothing to judge." in text
    assert "interrupted, 0 of 20 epochs" in text and "stopped by a signal" in text
    assert "learning curves" not in text and "findings" not in text


def test_a_stream_without_unicode_gets_ascii(report):
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    print_report(report, Console(file=stream, width=80))
    stream.flush()
    text = stream.buffer.getvalue().decode("ascii")
    assert "rises from 8" in text and "?" not in text


def test_scores_that_are_no_numbers_are_a_dash(report):
    nan = float("nan")
    ladder = (*report.ladder[:2], BaselineRow("dense", "", Estimate(nan, nan, nan), None, True))
    (line,) = [line for line in shown(replace(report, ladder=ladder)).splitlines() if line.startswith("  dense")]
    assert line.split() == ["dense", "━", "-"]


def test_a_matrix_of_more_than_twelve_classes_leaves_only_the_pairs(report):
    names = tuple(f"class {k}" for k in range(13))
    confusion = Confusion(names, np.eye(13, dtype=np.int64), report.confusion.pairs, 0)
    text = shown(replace(report, confusion=confusion))
    assert "class 7" not in text and "9.2 %" in text


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=25)
@given(
    st.text(alphabet=st.one_of(st.sampled_from("[]\x1b\x07\n\r\t\u202e\u200f\u2028\x9b"), st.characters()), min_size=1),
    st.sampled_from([40, 80, 140]),
)
def test_no_name_reaches_the_terminal_as_anything_but_text(named, name, width):
    assert not UNSAFE.search(OURS.sub("", in_colour(named(name), width)))
    assert not UNSAFE.search(shown(named(name), width))


@pytest.mark.parametrize("name", ["[bold red]x[/]", "[/]", "\x1b]0;stolen\x07", "\u202egnp.exe", "<b>", "a\nb"])
def test_hostile_names_are_shown_as_they_are_spelt(named, name):
    text = shown(named(name), 140)
    assert name.encode("unicode_escape").decode() in text or name in text


def test_ten_thousand_characters_are_cut(named):
    assert len(shown(named("x" * 10_000))) < 20_000


def test_the_three_answers_stand_below_the_sentence_with_sign_and_interval(report):
    lines = shown(report, 140).splitlines()
    rows = [line.split() for line in lines if line.startswith(("  ✓ ", "  * ", "  ! "))][:3]
    assert [(row[0], row[1]) for row in rows] == [("✓", "skill"), ("*", "memorization"), ("!", "turn")]
    assert [" ".join(row[-2:]) for row in rows] == ["[51.00, 57.00]", "[8.30, 11.20]", "[0.21, 0.27]"]
