"""Strings become token ids in ONNX exactly as dl's tokenizer makes them, or are marked as unknown."""

import unicodedata
import warnings
from itertools import pairwise

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper

import dl
from dl_text.onnx_strings import as_strings, becomes
from dl_text.tokenizer import characters, encode, words

TRAINED = [
    "It's a dull, 'dull' film! \u00bd ''a''b'",
    "don't  Miss: caf\u00e9 \u00ae x\u2019s \u2026",
    "m\u00b2 \u4e2d\u6587 b\u00adc \ufb01n \u00c4\u00d6",
]
LETTERS = st.sampled_from(sorted(set("".join(TRAINED) + "AZ'' \t\n-\u00a0\u2014\u201c\u201d\u00b4`")))


def settings_of(tokens, ngrams=1, max_len=0, truncate="head", start=0):
    split = words if tokens == "words" else characters
    each = [split(text) for text in TRAINED[:2]]
    blank = " " if tokens == "words" else ""
    vocabulary = sorted({token for one in each for token in one}, reverse=True)
    if ngrams > 1:
        vocabulary += sorted({blank.join(pair) for one in each for pair in pairwise(one)})
    kept = {"tokens": tokens, "vocabulary": vocabulary, "merges": [], "ngrams": ngrams, "max_len": max_len}
    return {**kept, "truncate": truncate, **({"start": start} if start else {})}


def session_of(told, texts):
    """An engine with the strings of a tokenizer alone."""
    strings = as_strings(told, texts)
    made = helper.make_graph(
        strings.nodes("text", "ids", "known"),
        "strings",
        [helper.make_tensor_value_info("text", TensorProto.STRING, ["N"])],
        [
            helper.make_tensor_value_info("ids", TensorProto.INT64, ["N", "T"]),
            helper.make_tensor_value_info("known", TensorProto.BOOL, ["N"]),
        ],
    )
    opsets = [helper.make_opsetid(name, version) for name, version in (("", 20), ("ai.onnx.ml", 4), ("dl", 1))]
    model = helper.make_model(made, opset_imports=opsets, functions=strings.functions(), ir_version=10)
    onnx.checker.check_model(model)
    return onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])


@pytest.mark.parametrize(
    "told",
    [
        settings_of("words"),
        settings_of("words", ngrams=2, max_len=4),
        settings_of("words", max_len=3, truncate="tail"),
        settings_of("chars"),
        settings_of("chars", ngrams=2, max_len=9, truncate="tail"),
        settings_of("chars", max_len=7, start=99),
    ],
    ids=["words", "pairs of words", "first words", "characters", "pairs of characters", "language model"],
)
def test_ids_are_those_of_the_tokenizer(told):
    session = session_of(told, TRAINED)

    @settings(max_examples=30, database=None, deadline=None)
    @given(st.lists(st.text(LETTERS, max_size=30), min_size=1, max_size=3))
    @example(TRAINED)
    @example([""])
    @example(["", "...", "'''"])
    def agree(texts):
        ids, known = session.run(None, {"text": np.array(texts, object)})
        wanted = encode(texts, told)
        assert known.all() and ids.shape == wanted.shape
        assert np.array_equal(ids, wanted)

    agree()


@pytest.mark.parametrize("text", ["\u0416", "e\u0301", "a\0", "\U0001f600", "\u03a3"])
def test_a_text_with_a_character_that_was_not_looked_up_is_unknown(text):
    _, known = session_of(settings_of("words"), TRAINED).run(None, {"text": np.array([text, "a"], object)})
    assert known.tolist() == [False, True]


def test_what_depends_on_its_neighbours_is_not_looked_up():
    assert becomes("\u0301", "words") is becomes("\u03a3", "words") is becomes("\u1161", "chars") is None
    assert becomes("\u03a3", "chars") == "\u03a3\x01"
    assert as_strings(settings_of("words"), ["e\u0301"]) is None
    assert as_strings({**settings_of("words"), "tokens": "bpe"}, ["a"]) is None


@settings(max_examples=150, database=None, deadline=None)
@given(st.text(max_size=12))
def test_characters_are_replaced_one_by_one_as_the_tokenizer_reads_them_together(text):
    each = [becomes(one, "words") for one in text]
    if None not in each:
        replaced = "".join(each)
        assert words(text) == words(replaced)
        assert "".join(replaced.split()) == "".join(words(replaced)) or "'" in replaced
    each = [becomes(one, "chars") for one in text]
    if None not in each:
        assert "".join(each).replace("\x01", "") == unicodedata.normalize("NFC", text)


@pytest.mark.check
def test_a_network_answers_texts_and_says_which_it_cannot_read(tmp_path, one_thread):
    run = dl.fit("text", "phrase-languages", model="bag", epochs=1, runs=tmp_path, rivals=False)
    done = run.export("onnx", out=tmp_path / "network.onnx")
    assert done.agreement.share == 1.0 and not any("tokenizer" in one.name for one in done.files)
    session = onnxruntime.InferenceSession(done.path, providers=["CPUExecutionProvider"])
    texts = ["Good morning, my friend!", "guten Morgen", "\u4e00\u4e8c\u4e09"]
    probabilities, answers = session.run(None, {"text": np.array(texts, object)})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # no word of these is known
        wanted = dl.predict(run, texts=texts[:2])
    assert not answers[2].any()
    assert np.allclose(probabilities[:2], [[*one.values.values()] for one in wanted], atol=1e-5)
    assert np.isnan(probabilities[2]).all()
    assert any("answered by nan and an empty name" in note for note in done.notes)
