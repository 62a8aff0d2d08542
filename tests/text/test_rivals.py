"""What the rivals of networks on texts read."""

import numpy as np

from dl.data.examples import Examples, whole
from dl.data.ragged import texts
from dl_text.rivals import _weights, rivals


def examples(strings):
    return Examples(texts(strings), np.zeros(len(strings), np.int64), np.arange(len(strings)))


def test_words_and_pairs_of_the_training_set_alone_are_read():
    learnt, judged = _weights(whole(examples(["a warm film", "a cold film"])), whole(examples(["warm unseen"])))
    assert learnt.shape == (2, 5) and judged.shape == (1, 5)  # warm, cold, film, warm film, cold film
    assert judged.nnz == 1


def test_texts_without_words_are_read_by_characters():
    learnt, _ = _weights(whole(examples(["! ?", "? ?"])), whole(examples(["!"])))
    assert learnt.nnz > 0


def test_a_regression_has_a_linear_model_alone():
    assert [one.name for one in rivals("regressor")] == ["linear"]
    assert [one.name for one in rivals("classifier")] == ["linear", "naive-bayes"]
