"""Preparing texts: from bytes to a batch, kept with the run as JSON."""

import json

import numpy as np
import pytest
import torch

from dl.data.examples import Examples, whole
from dl.data.ragged import texts
from dl.errors import BadData, BadRun
from dl.options import check
from dl.padded import RaggedTensor
from dl_text.plugin import READING
from dl_text.prepare import learn, restore

LINES = ("the cat sat on the mat", "the dog sat", "a cat and a dog")


def prepared(part_of, **options):
    return learn(part_of(*LINES), check(READING, options, "text data"))


def batch_of(preprocessor, *lines):
    column = RaggedTensor.of(preprocessor.encode(texts(lines)))
    return preprocessor(column.take(torch.arange(len(lines))))


@pytest.mark.parametrize("weights", ["count", "multi-hot", "tf-idf"])
@pytest.mark.parametrize("tokens", ["words", "chars", "bpe"])
def test_what_is_kept_prepares_as_what_was_learnt(part_of, weights, tokens):
    before = prepared(part_of, weights=weights, tokens=tokens, vocabulary=300)
    after = restore(json.loads(json.dumps(before.settings())))
    for first, second in zip(batch_of(before, *LINES, "new words"), batch_of(after, *LINES, "new words"), strict=True):
        assert (first is None and second is None) or torch.equal(first, second)
    assert before.input_shape == after.input_shape


def test_a_batch_is_as_wide_as_its_longest_text_and_zero_behind_the_others(part_of):
    batch = batch_of(prepared(part_of), "the cat", "the cat sat on the mat", "zebra")
    assert batch.lengths.tolist() == [2, 6, 1]
    assert batch.values.shape == (3, 6)
    assert (batch.values[~batch.mask] == 0).all() and (batch.values[batch.mask] > 0).all()
    assert batch.values[2, 0] == 1  # never seen in training


def test_the_last_tokens_stay_unless_asked_otherwise(part_of):
    last = batch_of(prepared(part_of, max_len=2), "the cat sat")
    first = batch_of(prepared(part_of, max_len=2, truncate="tail"), "the cat sat")
    whole_text = batch_of(prepared(part_of), "the cat sat")
    assert last.values.tolist() == whole_text.values[:, 1:].tolist()
    assert first.values.tolist() == whole_text.values[:, :2].tolist()


def test_multi_hot_counts_a_word_once_and_count_each_time(part_of):
    assert batch_of(prepared(part_of, weights="multi-hot"), "the cat the").weights.tolist() == [[1.0, 1.0, 0.0]]
    assert batch_of(prepared(part_of), "the cat the").weights is None


def test_pixels_are_no_texts():
    examples = Examples(np.zeros((3, 4, 4, 1), np.uint8), np.zeros(3, np.int64), np.arange(3))
    with pytest.raises(BadData, match="texts are stored as rows of UTF-8 bytes"):
        learn(whole(examples), check(READING, {}, "text data"))


@pytest.mark.parametrize("settings", [{}, {"weights": "count"}, {"weights": "x", "vocabulary": {}}])
def test_settings_that_are_none_are_refused(settings):
    with pytest.raises(BadRun):
        restore(settings)
