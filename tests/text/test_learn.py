import subprocess
import sys
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dl.data.examples import Examples, Subset
from dl.data.ragged import texts
from dl.errors import BadData, BadOption
from dl_text import chunks
from dl_text.learn import LONGEST, learn
from dl_text.vocabulary import Settings

SENTENCES = ("the film is good", "the film is bad", "the end")
WORDS = st.lists(st.lists(st.sampled_from("abcde"), max_size=8).map(" ".join), max_size=9)


def part(strings, index=None):
    count = len(strings)
    examples = Examples(texts(strings), np.zeros(count, np.int64), np.arange(count))
    return Subset(examples, np.arange(count) if index is None else np.array(index, np.int64))


def test_words_are_counted_and_equal_counts_are_ordered_by_spelling():
    vocabulary = learn(part(SENTENCES), Settings())
    assert vocabulary.tokens == ("the", "film", "is", "bad", "end", "good")
    assert vocabulary.counts == (3, 2, 2, 1, 1, 1) and vocabulary.documents == (3, 2, 2, 1, 1, 1)
    assert vocabulary.texts == 3 and vocabulary.unknown_share == 0


def test_only_the_most_frequent_are_kept_and_the_share_of_the_others_is_said():
    vocabulary = learn(part(SENTENCES), Settings(size=4))
    assert vocabulary.tokens == ("the", "film", "is", "bad")
    assert vocabulary.unknown_share == pytest.approx(2 / 10)


def test_a_word_counts_once_for_each_text_it_is_in():
    vocabulary = learn(part(["so so so", "so what"]), Settings())
    assert vocabulary.counts == (4, 1) and vocabulary.documents == (2, 1)


def test_pairs_of_neighbours_are_counted_together_with_words_and_never_across_texts():
    vocabulary = learn(part(["a b a b", "b a"]), Settings(ngrams=2))
    assert vocabulary.tokens == ("a", "b", "a b", "b a")
    assert vocabulary.counts == (3, 3, 2, 2) and vocabulary.documents == (2, 2, 1, 2)


def test_pairs_of_characters_are_two_characters():
    assert learn(part(["ab", "ab"]), Settings(tokens="chars", ngrams=2)).tokens == ("a", "b", "ab")


@given(WORDS, st.integers(1, 12), st.sampled_from([1, 2]), st.sampled_from([1, 40, 1 << 22]))
def test_what_is_learnt_is_what_counting_one_by_one_gives(strings, size, ngrams, chunk):
    counts, documents = Counter(), Counter()
    for text in strings:
        single = text.split()
        tokens = single + [" ".join(pair) for pair in pairwise(single) if ngrams == 2]
        counts.update(tokens)
        documents.update(set(tokens))
    order = sorted(counts, key=lambda token: (-counts[token], " " in token, token))[:size]
    settings = Settings(size=size, ngrams=ngrams)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunks, "CHUNK_BYTES", chunk)
        if not counts:
            with pytest.raises(BadData, match=f"no words in the {len(strings)} texts"):
                learn(part(strings), settings)
            return
        vocabulary = learn(part(strings), settings)
    assert vocabulary.tokens == tuple(order)
    assert vocabulary.counts == tuple(counts[token] for token in order)
    assert vocabulary.documents == tuple(documents[token] for token in order)
    words = sum(count for token, count in counts.items() if " " not in token)
    kept = sum(counts[token] for token in order if " " not in token)
    assert vocabulary.unknown_share == pytest.approx(1 - kept / words)


@given(st.lists(st.text(max_size=6), min_size=2, max_size=8), st.data())
def test_the_vocabulary_is_that_of_the_training_part_whatever_else_there_is(strings, data):
    index = data.draw(st.lists(st.integers(0, len(strings) - 1), unique=True, min_size=1))
    settings = Settings(tokens="chars", size=5)
    alone = [strings[k] for k in index]
    if not any(alone):
        return
    assert learn(part(strings, index), settings) == learn(part(alone), settings)


@pytest.mark.parametrize("tokens", ["words", "chars", "bpe"])
def test_the_order_of_the_texts_does_not_matter(tokens):
    settings = Settings(tokens=tokens, size=300)
    assert learn(part(SENTENCES), settings) == learn(part(SENTENCES, [2, 0, 1]), settings)


def test_a_word_without_end_is_not_learnt():
    vocabulary = learn(part(["x" * LONGEST + " " + "y" * (LONGEST + 1)]), Settings())
    assert vocabulary.tokens == ("x" * LONGEST,) and vocabulary.unknown_share == 0.5


def test_byte_pairs_join_what_is_frequent_and_know_every_byte():
    vocabulary = learn(part(["low lower lowest"] * 3), Settings(tokens="bpe", size=260))
    assert len(vocabulary.tokens) == 260 and len(vocabulary.merges) == 4
    assert vocabulary.merges[0] == ("l", "o") and "low" in vocabulary.tokens
    assert vocabulary.unknown_share == 0 and sum(vocabulary.counts) == 3 * len(vocabulary_row(vocabulary))


def vocabulary_row(vocabulary):
    return vocabulary.encode(texts(["low lower lowest"])).row(0)


BPE = """
import numpy as np, hashlib
from dl.data.examples import Examples, whole
from dl.data.ragged import texts
from dl_text.learn import learn
from dl_text.vocabulary import Settings
strings = [" ".join(chr(97 + k * j % 26) * (k % 3 + 1) for j in range(9)) for k in range(200)]
part = whole(Examples(texts(strings), np.zeros(200, np.int64), np.arange(200)))
print(hashlib.sha256(repr(learn(part, Settings("bpe", 500)).to_json()).encode()).hexdigest())
"""


def test_byte_pairs_are_the_same_in_every_process():
    seen = {subprocess.run([sys.executable, "-c", BPE], capture_output=True, check=True).stdout for _ in range(3)}
    assert len(seen) == 1


@pytest.mark.parametrize("tokens", ["words", "chars", "bpe"])
def test_a_part_without_any_token_is_one_line(tokens):
    with pytest.raises(BadData, match=f"no {tokens} in the 2 texts of the training set; try tokens=chars"):
        learn(part(["", ""]), Settings(tokens=tokens))


def test_inputs_that_are_no_texts_are_one_line():
    images = Examples(np.zeros((2, 3), np.uint8), np.zeros(2), np.arange(2))
    with pytest.raises(BadData, match="texts are stored as rows of UTF-8 bytes"):
        learn(Subset(images, np.arange(2)), Settings())


def test_settings_that_cannot_be_are_one_line():
    with pytest.raises(BadOption, match="vocabulary=100: byte pairs need at least the 256 bytes"):
        Settings(tokens="bpe", size=100)
    with pytest.raises(BadOption, match="ngrams=2"):
        Settings(tokens="bpe", ngrams=2)
