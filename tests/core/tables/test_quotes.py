"""Quotes followed chunk by chunk: as the csv module reads them in its strict mode, wherever the chunks are cut."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dl.errors import BadFile
from dl.tables.quotes import QuoteScanner

TEXT = st.text(st.sampled_from('"",\n\\ab'), max_size=40)


def scanned(chunks, escaped=False):
    """Return what is wrong, or an empty string."""
    scanner = QuoteScanner(Path("a.csv"), ",", escaped=escaped)
    try:
        for chunk in chunks:
            scanner.feed(chunk.encode())
        scanner.finish()
    except BadFile as error:
        return str(error)
    return ""


def strict(text, escaped=False):
    """Whether the csv module finds every quote where one may be."""
    try:
        list(csv.reader(io.StringIO(text, newline=""), strict=True, escapechar="\\" if escaped else None))
    except csv.Error:
        return False
    return True


@settings(max_examples=1000)
@given(TEXT)
@example('a,"b""\n')
@example('"a"b')
@example('5" and "c"')
def test_a_text_is_refused_if_and_only_if_the_csv_module_refuses_it(text):
    assert (scanned([text]) == "") == strict(text)


@settings(max_examples=1000)
@given(st.lists(TEXT, max_size=6), st.booleans())
def test_it_does_not_matter_where_the_text_is_cut(chunks, escaped):
    assert scanned(chunks, escaped) == scanned(["".join(chunks)], escaped)


@given(TEXT)
def test_with_backslashes_what_is_inside_quotes_may_hold_quotes(text):
    inside = text.replace("\\", "\\\\").replace('"', '\\"')
    assert scanned([f'a,"{inside}",b\n'], escaped=True) == ""


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('a\nb,"c\nd', 2),
        ('"a ""b""\n\nc""', 1),
        ('a\n"b\n"\n\n"c""\n""d\n', 5),
        ('x" y\n"z\n', 2),
    ],
)
def test_the_line_is_where_the_quote_was_opened(text, line):
    for size in (1, 2, 3, 100):
        chunks = [text[at : at + size] for at in range(0, len(text), size)]
        assert scanned(chunks).startswith(f"a.csv line {line}: a quote opens here and never closes")
