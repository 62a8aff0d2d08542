"""The beginning of a text: in one line, cut with a mark, whole characters only."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dl_text.draw import LARGEST_SKETCH, LINES, draw, shortened, sketch


def row(text):
    return np.frombuffer(text.encode(), np.uint8)


@given(st.text(st.characters(exclude_categories=["Cs"])), st.integers(1, 30))
def test_a_text_is_its_words_in_one_line_cut_at_so_many_characters(text, longest):
    words = " ".join(text.split())
    found = shortened(row(text), longest)
    assert len(found) <= longest
    if len(words) <= longest and len(text.encode()) <= 4 * longest:
        assert found == words
    elif len(words) > longest and len(text.encode()) <= 4 * longest:
        assert found == words[: longest - 1] + "…"


def test_a_sketch_has_at_most_600_characters_however_long_the_text_and_however_wide_its_letters():
    assert sketch(row("Ж" * 10_000)) == "Ж" * (LARGEST_SKETCH - 1) + "…"
    assert sketch(row(" a \n b\t")) == "a b"


def test_a_card_shows_a_few_lines_in_which_nothing_acts_on_the_terminal():
    drawn = draw(row("word " * 1000), 20).plain
    assert len(drawn) == LINES * 20
    assert "\x1b" not in draw(row("\x1b[31mred"), 20).plain
