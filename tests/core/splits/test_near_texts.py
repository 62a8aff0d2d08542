"""Near copies among texts: found where words are exchanged, and not where texts only have phrases in common."""

import numpy as np
import pytest

from dl.data.examples import Examples, Subset
from dl.data.ragged import texts as ragged
from dl.errors import BadOption
from dl.splits.near_texts import check_near_texts, near_groups, near_pairs

WORDS = np.array([f"{a}{b}{c}" for a in "bdfgklmnprst" for b in "aeiou" for c in "bdlmnrst"])


def sentence(rng, words=30):
    return " ".join(rng.choice(WORDS, words))


def with_another_word(text, rng):
    words = text.split()
    words[rng.integers(len(words))] = "exchanged"
    return " ".join(words)


@pytest.fixture
def subset():
    def make(texts):
        return Subset(Examples(ragged(texts), np.arange(len(texts)) % 2, np.arange(len(texts))), np.arange(len(texts)))

    return make


def found(texts):
    return {tuple(pair) for pair in near_pairs(ragged(texts)).tolist()}


def test_the_resemblance_of_short_texts_is_that_of_their_sets_of_runs():
    """Ten words have eight runs: another last word leaves seven of nine, other third and sixth words two of 14."""
    ten = "one two three four five six seven eight nine ten"
    assert found([ten, ten.replace("ten", "eleven")]) == {(0, 1)}
    assert found([ten, ten.replace("three", "a").replace("six", "b")]) == set()


def test_case_and_punctuation_make_no_difference():
    text = "The film, I must say, was not worth the money that we paid for it."
    assert found([text, text.lower().replace(",", " ").replace(".", "!")]) == {(0, 1)}


def test_characters_of_scripts_without_blanks_are_words():
    assert found(
        ["这部电影非常好看我推荐给大家", "这部电影非常好看我推荐给朋友", "天气很冷我们不想出门去公园散步了"]
    ) == {(0, 1)}


def test_short_and_empty_texts_are_no_copies():
    assert found(["", "", "yes it is", "yes it is", "no"]) == set()


def test_a_phrase_that_all_share_makes_no_copies():
    rng = np.random.default_rng(0)
    assert found([f"thank you for your message of today {sentence(rng)}" for _ in range(300)]) == set()


def test_many_copies_of_one_text_are_one_group():
    rng = np.random.default_rng(0)
    first = sentence(rng)
    texts = [sentence(rng) for _ in range(40)] + [with_another_word(first, rng) for _ in range(200)]
    examples = Examples(ragged(texts), np.zeros(240, np.int64), np.arange(240))
    groups = near_groups(examples)
    assert len(np.unique(groups[40:])) == 1 and len(np.unique(groups)) == 41


def test_validation_texts_with_a_near_copy_in_training_are_counted(subset):
    rng = np.random.default_rng(0)
    texts = [sentence(rng) for _ in range(200)]
    copies = [with_another_word(text, rng) for text in texts[:20]]
    val = subset(copies + [sentence(rng) for _ in range(80)])
    (finding,) = check_near_texts(subset(texts), val, np.zeros(100, bool))
    assert (finding.code, finding.severity) == ("data-near-duplicates", "issue")
    assert finding.message.startswith("20 of 100 validation texts share a third of their runs of 3 words or more")
    assert finding.evidence["examples"] == list(range(20))


def test_exact_copies_are_counted_elsewhere(subset):
    rng = np.random.default_rng(0)
    texts = [sentence(rng) for _ in range(100)]
    assert check_near_texts(subset(texts), subset(texts[:50]), np.ones(50, bool)) == []


def test_the_same_texts_are_found_wherever_they_stand():
    """Blocks of texts are hashed apart; a text of more than a block is cut."""
    rng = np.random.default_rng(0)
    texts = [sentence(rng, 120) for _ in range(500)] + [sentence(rng, 60_000)]
    assert found([*texts, texts[0], texts[-1]]) == {(0, 501), (500, 502)}


def test_other_inputs_are_not_compared(subset):
    rows = Subset(Examples(np.zeros((20, 3), np.float32), np.zeros(20), np.arange(20)), np.arange(20))
    assert check_near_texts(rows, rows, np.zeros(20, bool)) == []
    with pytest.raises(BadOption, match="near copies are found among texts"):
        near_groups(rows.examples)
