import io
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from dl.terminal import cell, plain, safe_text

UNSAFE = {"Cc", "Cf", "Cs", "Zl", "Zp"}  # control, format, surrogate, line and paragraph separators


@given(st.one_of(st.text(), st.text(st.characters(categories=["Cc", "Cf", "Cs", "Zl", "Zp"]))))
def test_no_control_or_format_character_survives(text):
    assert not {unicodedata.category(c) for c in safe_text(text)} & UNSAFE


@given(st.text(), st.integers(1, 50))
def test_safe_text_is_never_longer_than_asked(text, longest):
    assert len(safe_text(text, longest)) <= longest


@given(st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), max_size=200))
def test_harmless_text_is_left_as_it_is(text):
    assert safe_text(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred", "\\x1b[31mred"),
        ("a\nb\tc", "a\\nb\\tc"),
        ("\u202eexe.txt", "\\u202eexe.txt"),
        ("\udcff", "\\udcff"),
        ("soft\xadhyphen", "soft\\xadhyphen"),
        ("\U000e0041", "\\U000e0041"),
        (b"bytes", "b'bytes'"),
        (12, "12"),
    ],
)
def test_what_acts_on_a_terminal_is_shown_as_its_escape(text, shown):
    assert safe_text(text) == shown


def test_long_text_is_cut_with_an_ellipsis():
    assert safe_text("x" * 300) == "x" * 199 + "…"


def test_square_brackets_mean_nothing_to_rich():
    stream = io.StringIO()
    Console(file=stream, force_terminal=True, width=80).print(plain("[bold red]cat[/] [link=x]"))
    assert "[bold red]cat[/] [link=x]" in stream.getvalue()


@given(st.text())
def test_no_cell_is_a_formula(text):
    if not re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?", text):
        assert not cell(text).startswith(("=", "+", "-", "@", "\t", "\r"))
    assert cell(text).removeprefix("'") == text.removeprefix("'")


@pytest.mark.parametrize("text", ["-1", "+2.5", "-1e-05", "-.5"])
def test_a_number_below_zero_stays_a_number(text):
    assert cell(text) == text and cell(f"{text}+A1").startswith("'")
