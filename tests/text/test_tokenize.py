import re
import unicodedata

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dl.data.ragged import ragged, texts
from dl_text.tokenize import characters, words

ODD = st.sampled_from(" 'aBz9.\u2019\n-éΣ=\u0338\u0301\u00b4")
MIXED = st.text(st.one_of(ODD, st.characters(codec="utf-8")), max_size=12)

WITHOUT_SPACES = re.compile("[\u3040-\u30ff\u31f0-\u31ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0010ffff]")


def listed(pieces):
    """The pieces of each text as strings."""
    spelled = iter([row.tobytes().decode() for row in pieces.spelled])
    return [[next(spelled) for _ in range(length)] for length in pieces.lengths]


def spelled_words(text):
    return listed(words(texts([text])))[0]


def plainly(text):
    """The words of one text, one character at a time, as the module's first lines say it."""
    shown = ""
    for character in unicodedata.normalize("NFKC", text.replace("\u00b4", "'")).lower():
        category, code = unicodedata.category(character), ord(character)
        if character in "'`\u2018\u2019\u201b\u02bc\x91\x92":
            shown += "'"
        elif category == "Cf" or 0xFE00 <= code <= 0xFE0F or 0xE0100 <= code <= 0xE01EF:
            continue
        elif category == "So" or (category[0] == "L" and WITHOUT_SPACES.match(character)):
            shown += f" {character} "
        else:
            shown += character if category[0] in "LNM" else " "
    kept = "".join(
        " " if c == "'" and (a in " '" or b in " '") else c
        for a, c, b in zip(" " + shown, shown, shown[1:] + " ", strict=False)
    )
    return [word for word in kept.split(" ") if word]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The movie, which I SAW, was great!", "the movie which i saw was great"),
        ("It's a '90s don't-miss; rock 'n' roll''s", "it's a 90s don't miss rock n roll s"),
        ("it\u2019s it`s it\u00b4s it\u02bcs it\x92s", "it's it's it's it's it's"),
        ("end.The<br />next", "end the br next"),
        ("café CAFE\u0301 ﬁlm Ｗｉｄｅ", "café café film wide"),
        ("soft\u00adhyphen zero\u200bwidth", "softhyphen zerowidth"),
        ("good 👍🏽 ❤️❤️", "good 👍 ❤ ❤"),
        ("東京は夜", "東 京 は 夜"),
        ("हिन्दी में", "हिन्दी में"),
        ("שָׁלוֹם עולם", "שָׁלוֹם עולם"),
        ("\u202eمرحبا\u202c بكم", "مرحبا بكم"),
        ("ΟΔΟΣ Straße", "οδος straße"),
        ("a\0b\tc\r\nd", "a b c d"),
        ("snake_case 3.14 $5", "snake case 3 14 5"),
        ("'", ""),
        ("", ""),
        (" \n ...!", ""),
    ],
)
def test_words_known_by_hand(text, expected):
    expected = unicodedata.normalize("NFKC", expected).replace("οδος", "οδο\u03c2")
    assert spelled_words(text) == expected.split()


@given(st.lists(MIXED, max_size=6))
@example(["'a'", "'b", "c'", "''"])
@example(["a", "'", "b"])
@example(["", "é", "", "a'b", ""])
def test_the_words_of_a_text_are_those_found_one_character_at_a_time(strings):
    assert listed(words(texts(strings))) == [plainly(text) for text in strings]


@given(st.lists(st.text(st.characters(codec="ascii"), max_size=12), min_size=1, max_size=6))
def test_the_table_for_ascii_does_what_unicode_says(strings):
    beside = listed(words(texts([*strings, "é"])))  # one text beyond ASCII: no table for the chunk as a whole
    assert beside[:-1] == listed(words(texts(strings))) == [plainly(text) for text in strings]


@given(st.text(max_size=30))
def test_the_words_of_a_text_hold_nothing_but_letters_marks_digits_symbols_and_apostrophes(text):
    for word in spelled_words(text):
        assert word and word != "'" and not re.search(r"\s|\0|[.,;:!?_/-]", word)


@given(st.lists(MIXED, max_size=6))
def test_characters_spell_the_text_again(strings):
    found = listed(characters(texts(strings)))
    assert ["".join(row) for row in found] == [unicodedata.normalize("NFC", text) for text in strings]
    assert all(len(piece) == 1 for row in found for piece in row)


@given(st.lists(st.binary(max_size=12), max_size=5))
def test_bytes_that_are_no_text_count_as_the_replacement_character(rows):
    broken = ragged([np.frombuffer(row, np.uint8) for row in rows], np.uint8)
    mended = texts([row.decode(errors="replace") for row in rows])
    for split in (words, characters):
        assert listed(split(broken)) == listed(split(mended))
