"""Language: rows of tokens with their characters, and generating text from a prompt."""

import json
import math
import unicodedata

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from dl.data.examples import Examples, whole
from dl.data.ragged import texts
from dl.domain import Sampling
from dl.errors import BadOption, BadRun
from dl.padded import RaggedTensor
from dl_text import bytepairs
from dl_text.language import CODE_POINTS, _sample_token, generate, learn, restore
from dl_text.vocabulary import UNKNOWN

TEXT = "the cat sat on the mat, and the dog sat on the cat. "


def part(*strings):
    return whole(Examples(texts(strings), np.empty((len(strings), 0)), np.arange(len(strings))))


def options(**said):
    return {"tokens": "chars", "vocabulary": 500, "ngrams": 1, "max_len": 0, "truncate": "head", "window": 64, **said}


def prepared(preprocessor, *strings):
    column = RaggedTensor.of(preprocessor.encode(texts(strings)))
    return preprocessor(column.take(torch.arange(len(strings))))


@pytest.mark.parametrize("tokens", ["chars", "bpe"])
def test_rows_begin_with_a_start_that_stands_for_nothing(tokens):
    preprocessor = learn(part(TEXT, TEXT[:20]), options(tokens=tokens))
    batch = prepared(preprocessor, TEXT, "the")
    longest, numbers = preprocessor.input_shape
    assert batch.values[:, 0].tolist() == [preprocessor.start] * 2 and numbers == preprocessor.start + 1
    assert longest == int(batch.lengths.max()) == batch.values.shape[1]
    assert batch.weights.sum(dim=1).tolist() == [len(TEXT), 3] and batch.weights[:, 0].tolist() == [0, 0]
    assert float(batch.unknown_nats.sum()) == 0
    assert preprocessor.spell(batch.values[0, 1:].tolist()) == TEXT


@settings(max_examples=40, deadline=None)
@given(text=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40))
def test_a_row_stands_for_the_characters_of_its_text_and_spells_it(text):
    for tokens, wanted in (("chars", unicodedata.normalize("NFC", text)), ("bpe", text)):
        preprocessor = learn(part(text, TEXT), options(tokens=tokens))
        batch = prepared(preprocessor, text)
        assert float(batch.weights.sum()) == len(wanted)
        assert preprocessor.spell(batch.values[0, 1:].tolist()) == wanted


def test_a_character_that_training_does_not_have_pays_for_which_it_is():
    preprocessor = learn(part(TEXT), options())
    batch = prepared(preprocessor, "aЖ")
    assert batch.values[0, 2] == UNKNOWN and batch.weights.tolist() == [[0, 1, 1]]
    assert batch.unknown_nats[0].tolist() == pytest.approx([0, 0, math.log(CODE_POINTS)])


@pytest.mark.parametrize(("token", "count"), [("a", 1), ("Ã©", 1), ("Ã", 1), ("©", 0), ("ĠÃ©t", 3)])
def test_a_byte_pair_counts_the_characters_it_begins(token, count):
    assert bytepairs.characters(token) == count


@pytest.mark.parametrize("tokens", ["chars", "bpe"])
def test_settings_make_the_same_preparation_again(tokens):
    preprocessor = learn(part(TEXT), options(tokens=tokens))
    again = restore(json.loads(json.dumps(preprocessor.settings())))
    for one, other in zip(prepared(preprocessor, TEXT), prepared(again, TEXT), strict=True):
        assert torch.equal(one, other)
    assert again.input_shape == preprocessor.input_shape


def test_damaged_settings_are_no_preprocessor():
    kept = learn(part(TEXT), options()).settings()
    for damaged in (kept | {"longest": "7"}, kept | {"longest": 0}, {"longest": 7}):
        with pytest.raises(BadRun):
            restore(damaged)


@pytest.mark.parametrize(
    ("said", "line"),
    [
        ({"tokens": "words"}, "tokens=words cannot be decoded to the text.*tokens=chars or tokens=bpe"),
        ({"ngrams": 2}, "ngrams=2 cannot be decoded"),
        ({"max_len": 10}, "max_len=10 would truncate windows of 64 characters  use window=10"),
    ],
)
def test_tokens_that_do_not_spell_a_text_are_refused(said, line):
    with pytest.raises(BadOption, match=line):
        learn(part(TEXT), options(**said))


class Next(nn.Module):
    """Tells that each number is followed by the next greater one, nearly surely; keeps how long rows were."""

    def __init__(self, numbers, sure=10.0):
        super().__init__()
        self.numbers, self.sure, self.seen = numbers, sure, []

    def forward(self, batch):
        self.seen.append(batch.values.shape[1])
        follows = (batch.values + 1) % self.numbers
        return nn.functional.one_hot(follows, self.numbers) * self.sure


def alphabet():
    """A preprocessor of the letters a to j, numbered in this order: a is the most frequent."""
    return learn(part("".join(letter * (20 - k) for k, letter in enumerate("abcdefghij"))), options())


def test_the_likeliest_goes_on_as_the_network_tells():
    preprocessor = alphabet()
    network = Next(preprocessor.input_shape[1])
    assert generate(network, preprocessor, "bc", Sampling(tokens=5, temperature=0)) == "defgh"
    assert network.seen == [3, 4, 5, 6, 7]


def test_draws_depend_on_the_seed_alone_and_never_are_what_nobody_can_write():
    preprocessor = alphabet()
    network = Next(preprocessor.input_shape[1], sure=0.0)
    drawn = [generate(network, preprocessor, "a", Sampling(200, 1.0, seed)) for seed in (0, 0, 1)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert set(drawn[0]) == set("abcdefghij") and len(drawn[0]) == 200


def test_a_network_reads_no_more_at_once_than_a_training_row_had():
    preprocessor = learn(part("abcabcabc"), options())
    network = Next(preprocessor.input_shape[1])
    generate(network, preprocessor, "abcabcabcabcabc", Sampling(tokens=3, temperature=0))
    assert network.seen == [10, 10, 10]


def test_byte_pairs_go_on_in_bytes_that_need_not_end_a_character():
    preprocessor = learn(part("é" * 30), options(tokens="bpe"))
    drawn = generate(
        Next(preprocessor.input_shape[1], sure=0.0), preprocessor, "é", Sampling(tokens=20, temperature=1.0)
    )
    assert isinstance(drawn, str) and drawn


def test_characters_that_training_does_not_have_are_left_out_of_a_prompt_and_named():
    preprocessor = alphabet()
    network = Next(preprocessor.input_shape[1])
    for prompt in ("abж", "жab", "ab"):
        assert generate(network, preprocessor, prompt, Sampling(tokens=3, temperature=0)) == "cde"
    assert preprocessor.unseen(texts(["ab", "жabж!", ""])) == {1: ["left out, as the training set lacks it: 'ж', '!'"]}


def test_without_a_prompt_the_first_token_follows_the_start():
    preprocessor = alphabet()
    network = Next(preprocessor.input_shape[1])
    assert len(generate(network, preprocessor, "", Sampling(tokens=3, temperature=0))) == 3 and network.seen[0] == 1


@pytest.mark.parametrize("temperature", [1e-300, 1e-40, 1e300])
def test_any_temperature_draws_and_the_least_takes_the_likeliest(temperature):
    logits = torch.tensor([-torch.inf, 1.0, 3.0, 2.0])
    drawn = {_sample_token(logits, temperature, torch.Generator().manual_seed(seed)) for seed in range(50)}
    assert drawn == ({2} if temperature < 1 else {1, 2, 3})
