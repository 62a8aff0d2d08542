"""Texts in chunks: nothing is lost, nothing is out of order, and no token is cut, however small the chunks are."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dl.data.ragged import Ragged, as_text, texts
from dl_text import chunks as subject
from dl_text.chunks import AT_ONCE, bounds, chunks, in_threads, map_released, split_long_text
from dl_text.tokenize import words

STRINGS = st.lists(st.text("ab \né.'", max_size=30), max_size=8)


@pytest.fixture(params=[1, 20, 1 << 20])
def size(request, monkeypatch):
    """Bytes of a chunk."""
    monkeypatch.setattr(subject, "CHUNK_BYTES", request.param)
    return request.param


@given(strings=STRINGS, size=st.sampled_from([1, 20, 1 << 20]))
def test_chunks_are_the_texts_in_their_order(strings, size):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subject, "CHUNK_BYTES", size)
        found = [as_text(row) for chunk in chunks(texts(strings)) for row in chunk]
        first_last = bounds(texts(strings).lengths)
    assert found == strings and first_last[-1] == len(strings)


@given(text=st.text("ab \né.'", min_size=1, max_size=60), kind=st.sampled_from(["words", "bpe", "chars"]))
def test_the_parts_of_a_long_text_are_the_text_and_cut_no_character(text, kind):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subject, "CHUNK_BYTES", 4)
        found = [as_text(part.row(0)) for part in split_long_text(texts([text]), kind)]
    assert "".join(found) == text and "\ufffd" not in "".join(found)


@given(st.text("ab \né.'", min_size=1, max_size=60))
def test_no_word_is_cut(text):
    def spelled(chunk):
        return [as_text(word) for word in words(chunk).spelled]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subject, "CHUNK_BYTES", 4)
        found = [word for part in split_long_text(texts([text]), "words") for word in spelled(part)]
    assert found == spelled(texts([text]))


def test_a_text_without_a_place_to_cut_is_one_part(size):
    (part,) = split_long_text(texts(["a" * 100]), "words")
    assert as_text(part.row(0)) == "a" * 100


def test_several_texts_are_one_part_however_long(size):
    chunk = texts(["one two", "three four"])
    assert [*split_long_text(chunk, "words")] == [chunk]


def test_work_in_threads_comes_back_in_order():
    assert in_threads(lambda piece: piece * 2, range(50)) == [2 * k for k in range(50)]
    assert in_threads(len, []) == []


def test_all_pieces_are_worked_on_so_many_at_a_time():
    pieces = list(range(AT_ONCE + 3))
    rounds = list(map_released(lambda piece: piece + 1, pieces, Ragged(np.empty(0, np.uint8), np.zeros(1, np.int64))))
    assert [len(one) for one in rounds] == [AT_ONCE, 3]
    assert [piece for done in rounds for piece in done] == [piece + 1 for piece in pieces]
