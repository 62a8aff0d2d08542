"""Byte pairs: any text is spelt again, the same tokens are learnt each time, and no thread stays behind."""

import json
import os
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

from dl.data.ragged import texts
from dl_text.bytepairs import BYTES, LONGEST, characters, decode, encode, learn, restore
from dl_text.runs import split_runs

TEXTS = ("the cat sat on the mat", "the dog sat on the cat", "café, naïve") * 5


@pytest.fixture(scope="module")
def learnt():
    return learn([split_runs(texts(TEXTS))], 300)


def test_the_256_bytes_come_first_and_then_what_was_joined_of_two_known_tokens(learnt):
    tokens, merges = learnt
    assert BYTES < len(tokens) <= 300 and all(len(token) == 1 for token in tokens[:BYTES])
    assert [left + right for left, right in merges] == list(tokens[BYTES:])
    assert "Ġthe" in tokens and max(map(len, tokens)) <= LONGEST


def test_what_is_learnt_is_the_same_each_time(learnt):
    assert learn([split_runs(texts(TEXTS))], 300) == learnt


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=20), min_size=1, max_size=5))
def test_any_text_is_spelt_again_by_its_tokens(learnt, strings):
    numbers, lengths = encode(restore(*learnt), texts(strings))
    rows = np.split(numbers, np.cumsum(lengths)[:-1])
    assert [decode([learnt[0][number] for number in row]) for row in rows] == strings


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
def test_the_characters_that_tokens_begin_are_those_of_the_text(learnt, text):
    numbers, _ = encode(restore(*learnt), texts([text]))
    assert sum(characters(learnt[0][number]) for number in numbers) == len(text)


def test_merges_that_do_not_fit_the_tokens_are_refused(learnt):
    with pytest.raises(ValueError, match="byte pairs: "):
        restore(learnt[0][:BYTES], learnt[1])


def test_the_switch_for_threads_is_as_before_and_none_runs_on(learnt, monkeypatch):
    monkeypatch.delenv("TOKENIZERS_PARALLELISM", raising=False)
    before = threading.active_count()
    encode(restore(*learnt), texts(TEXTS))
    assert "TOKENIZERS_PARALLELISM" not in os.environ and threading.active_count() == before
    monkeypatch.setenv("TOKENIZERS_PARALLELISM", "false")
    learn([split_runs(texts(TEXTS))], 260)
    assert os.environ["TOKENIZERS_PARALLELISM"] == "false"


def test_the_library_learns_the_same_merges(learnt):
    """Its trainer is given every text; here each different run is counted once."""
    rng = np.random.default_rng(0)
    words = ["ab", "abab", "aaaa", " b", "----" * 20, "it's", "\n\n", "12", "é", "日本", "abcab" * 9, "!?"]
    for number in range(5):
        rows = ["".join(rng.choice(words, 30)) for _ in range(20)]
        trainer = trainers.BpeTrainer(
            vocab_size=420,
            initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
            max_token_length=LONGEST,
            show_progress=False,
        )
        reference = Tokenizer(models.BPE())
        reference.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        reference.train_from_iterator(rows, trainer)
        model = json.loads(reference.to_str())["model"]
        tokens, merges = learn([split_runs(texts(some)) for some in (rows[:number], rows[number:])], 420)
        assert list(tokens) == sorted(model["vocab"], key=model["vocab"].__getitem__)
        assert [list(pair) for pair in merges] == model["merges"]
        assert encode(restore(tokens, merges), texts(rows))[0].tolist() == [
            token for row in rows for token in reference.encode(row).ids
        ]
