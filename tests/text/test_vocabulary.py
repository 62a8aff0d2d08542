import json
import unicodedata

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfTransformer

from dl.data.examples import Examples, whole
from dl.data.ragged import texts
from dl.errors import BadRun
from dl_text import chunks
from dl_text.learn import learn
from dl_text.vocabulary import PADDING, UNKNOWN, Settings, from_json

SENTENCES = ("the film is good", "the film is bad", "the end")  # the 2, film 3, is 4, bad 5, end 6, good 7
KINDS = [Settings(), Settings(ngrams=2), Settings("chars"), Settings("bpe", 300), Settings(size=3, max_len=2)]
SPACED = st.lists(st.sampled_from(["e", "the", "é", " ", "  ", "\n", "\u0301", "\xa0", "\t", "Σ", ".", "'s"])).map(
    "".join
)
STRINGS = st.lists(
    st.one_of(st.text(max_size=20), SPACED, st.sampled_from([*SENTENCES, "goodly film\0", ""])), max_size=8
)


@pytest.fixture(scope="module")
def learnt():
    from dl.data.examples import Examples, whole

    examples = Examples(texts(SENTENCES), np.zeros(3, np.int64), np.arange(3))
    return {settings: learn(whole(examples), settings) for settings in KINDS}


def rows(ragged):
    return [row.tolist() for row in ragged]


def test_words_become_numbers_and_what_was_never_seen_is_one(learnt):
    encoded = learnt[Settings()].encode(texts(["The END is GOOD!", "a film"]))
    assert rows(encoded) == [[2, 6, 4, 7], [UNKNOWN, 3]]


@pytest.mark.parametrize(("truncate", "expected"), [("head", [4, 7]), ("tail", [2, 3])])
def test_a_long_text_loses_its_head_or_its_tail(part_of, truncate, expected):
    vocabulary = learn(part_of(*SENTENCES), Settings(max_len=2, truncate=truncate))
    assert rows(vocabulary.encode(texts([SENTENCES[0], "the"]))) == [expected, [2]]


def test_pairs_follow_the_words_of_their_text(part_of):
    vocabulary = learn(part_of("a b a b", "b a"), Settings(ngrams=2))  # a 2, b 3, a b 4, b a 5
    assert rows(vocabulary.encode(texts(["a b a", "b", "b b x a"]))) == [[2, 3, 2, 4, 5], [3], [3, 3, 1, 2]]
    assert vocabulary.decode(np.array([2, 3, 4, 1])) == "a b [unknown]"


def test_pairs_are_taken_from_what_truncation_leaves(part_of):
    vocabulary = learn(part_of("a b c"), Settings(ngrams=2, max_len=2))  # a b c, then ab bc
    assert rows(vocabulary.encode(texts(["a b c"]))) == [[3, 4, 6]]


@pytest.mark.parametrize("settings", KINDS, ids=str)
def test_a_text_without_any_token_is_one_unknown_token(learnt, settings):
    assert rows(learnt[settings].encode(texts(["", "the", ""])))[::2] == [[UNKNOWN], [UNKNOWN]]
    assert len(learnt[settings].encode(texts([]))) == 0


@pytest.mark.parametrize("settings", KINDS, ids=str)
@given(strings=STRINGS)
def test_rows_hold_no_padding_and_fit_the_vocabulary(learnt, settings, strings):
    encoded = learnt[settings].encode(texts(strings))
    assert len(encoded) == len(strings) and (encoded.lengths > 0).all()
    assert encoded.values.dtype == learnt[settings].dtype
    assert encoded.values.min(initial=UNKNOWN) > PADDING and encoded.values.max(initial=0) < learnt[settings].size


@pytest.mark.parametrize("settings", KINDS, ids=str)
@given(strings=STRINGS, data=st.data(), chunk=st.sampled_from([1, 64]))
def test_a_row_does_not_depend_on_its_neighbours_their_order_or_the_chunks(learnt, settings, strings, data, chunk):
    order = data.draw(st.permutations(range(len(strings))))
    together = rows(learnt[settings].encode(texts(strings)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunks, "CHUNK_BYTES", chunk)  # of one byte: a text is cut wherever it may be
        moved = rows(learnt[settings].encode(texts([strings[k] for k in order])))
    assert moved == [together[k] for k in order]


@pytest.mark.parametrize("settings", KINDS, ids=str)
@given(strings=STRINGS)
def test_a_vocabulary_survives_json(learnt, settings, strings):
    again = from_json(json.loads(json.dumps(learnt[settings].to_json())))
    assert again == learnt[settings]
    assert rows(again.encode(texts(strings))) == rows(learnt[settings].encode(texts(strings)))


@given(st.text(max_size=30))
def test_byte_pairs_and_known_characters_spell_any_text_again(learnt, text):
    assume(text)
    assert learnt[Settings("bpe", 300)].decode(learnt[Settings("bpe", 300)].encode(texts([text])).row(0)) == text
    vocabulary = learnt[Settings("chars")]
    known = "".join(c if c in vocabulary.tokens else "\ufffd" for c in unicodedata.normalize("NFC", text))
    assert vocabulary.decode(vocabulary.encode(texts([text])).row(0)) == known


@pytest.mark.parametrize("text", ["<pad>", "[unknown]", "[UNK] [PAD] <unk> </s>", "\0\1", "\ufffd"])
def test_no_text_spells_padding_and_no_known_one_spells_unknown(part_of, text):
    for settings in (Settings(), Settings("chars"), Settings("bpe", 300)):
        values = learn(part_of(text, "a"), settings).encode(texts([text])).values
        assert PADDING not in values
        assert UNKNOWN not in values or settings == Settings()  # no word is in control characters


def test_decoding_leaves_padding_out(learnt):
    assert learnt[Settings()].decode(np.array([2, 1, 3, 0, 0])) == "the [unknown] film"


def test_weights_are_those_of_scikit_learn(learnt):
    vocabulary = learnt[Settings()]
    counts = np.zeros((3, vocabulary.size))
    for at, row in enumerate(vocabulary.encode(texts(SENTENCES))):
        np.add.at(counts[at], row.astype(np.int64), 1)
    expected = TfidfTransformer(smooth_idf=True).fit(counts).idf_
    np.testing.assert_allclose(vocabulary.idf[UNKNOWN:], expected[UNKNOWN:], rtol=1e-6)
    assert vocabulary.idf[PADDING] == 0 and vocabulary.idf.dtype == np.float32


def test_a_vocabulary_of_256_numbers_is_a_byte_each_and_one_more_is_two(part_of):
    letters = "".join(chr(0x4E00 + k) for k in range(255))
    assert learn(part_of(letters[:254]), Settings("chars")).dtype == np.uint8
    assert learn(part_of(letters), Settings("chars")).dtype == np.uint16


def test_a_single_text_of_megabytes_without_a_line_break_is_encoded(part_of):
    vocabulary = learn(part_of("good bad"), Settings())
    encoded = vocabulary.encode(texts(["good bad " * 1_000_000, "x" * 9_000_000]))
    assert encoded.lengths.tolist() == [2_000_000, 1] and set(encoded.row(0).tolist()) == {2, 3}


@pytest.mark.parametrize(
    "change",
    [
        {"version": 2},
        {"tokens": ["a"]},
        {"tokens": ["the"] * 6},
        {"tokens": None},
        {"counts": ["x"] * 6},
        {"unknown_share": float("nan")},
        {"documents": [-1] * 6},
        {"settings": {"tokens": "lines"}},
        {"settings": {"colour": "grey"}},
        {"settings": {"tokens": "bpe", "size": 300}, "merges": [["t", "zz"]]},
        {"settings": {"ngrams": 2}, "tokens": ["a", "b", "c", "d", "e", "a z"]},
    ],
    ids=str,
)
def test_json_that_is_no_vocabulary_is_one_line(learnt, change):
    with pytest.raises(BadRun, match="the stored vocabulary") as caught:
        from_json({**learnt[Settings()].to_json(), **change})
    assert "\n" not in str(caught.value)
    with pytest.raises(BadRun):
        from_json({})


def test_tokens_too_many_for_the_memory_are_mapped_and_the_same(monkeypatch):
    column = texts(f"word{k} and word{k % 7}" for k in range(500))
    vocabulary = learn(whole(Examples(column, np.zeros(500, np.int64), np.arange(500))), Settings())
    small = vocabulary.encode(column)
    monkeypatch.setattr("dl.data.spill.IN_MEMORY", 100)
    large = vocabulary.encode(column)
    large.release()  # what is given back is read again
    assert isinstance(large.values, np.memmap) and not isinstance(small.values, np.memmap)
    assert large.values.dtype == small.values.dtype
    assert np.array_equal(large.values, small.values) and np.array_equal(large.offsets, small.offsets)
