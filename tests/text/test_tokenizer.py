"""The tokenizer beside an exported network gives the ids that a run gives, for any text."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dl.data import ragged
from dl.data.examples import Examples, whole
from dl_text import tokenizer
from dl_text.exported import prepare
from dl_text.prepare import learn

TRAINED = [
    "It's a dull, dull film!",
    "don't  miss: ''this'' caf\u00e9 'n' 12,5 \u2603 \u4e2d\u6587",
    "Good. \tI'd go\nagain\u2019s e\u0301t\u00e9",
] * 3
KINDS = [("words", 1, 0), ("words", 2, 4), ("chars", 1, 0), ("chars", 2, 9), ("bpe", 1, 0)]


def preprocessor(tokens, ngrams, max_len, truncate):
    texts = ragged.texts(TRAINED)
    examples = Examples(texts, np.zeros(len(TRAINED), np.int64), np.arange(len(TRAINED)))
    options = {"tokens": tokens, "vocabulary": 300, "ngrams": ngrams, "max_len": max_len, "truncate": truncate}
    return learn(whole(examples), {**options, "weights": "count"})


@pytest.mark.parametrize("tokens, ngrams, max_len", KINDS)
@pytest.mark.parametrize("truncate", ["head", "tail"])
def test_ids_are_those_of_the_run(tokens, ngrams, max_len, truncate, one_thread):
    learnt = preprocessor(tokens, ngrams, max_len, truncate)
    (one,) = prepare(learnt, {}).inputs

    @settings(max_examples=25, database=None)
    @given(st.lists(st.text(max_size=30) | st.sampled_from(TRAINED), min_size=1, max_size=4))
    def agree(texts):
        rows = learnt.encode(ragged.texts(texts))
        found = tokenizer.encode(texts, one.settings)
        assert [row[row != 0].tolist() for row in found] == [np.asarray(row).tolist() for row in rows]

    agree()
