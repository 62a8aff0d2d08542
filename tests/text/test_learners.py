"""What the learners on texts read."""

import numpy as np

from dl.data.examples import Examples, whole
from dl.data.ragged import texts
from dl_text.learners import _prepare, _weights, linear_classifier, linear_regressor


def examples(strings):
    return Examples(texts(strings), np.zeros(len(strings), np.int64), np.arange(len(strings)))


def test_words_and_pairs_of_the_training_set_alone_are_read():
    learnt, rows = _prepare(whole(examples(["a warm film", "a cold film"])))
    judged = _weights(learnt, whole(examples(["warm unseen"])))
    assert rows.shape == (2, 5) and judged.shape == (1, 5)  # warm, cold, film, warm film, cold film
    assert judged.nnz == 1


def test_texts_without_words_are_read_by_characters():
    given = whole(examples(["! ?", "?\n?"]))
    learnt, rows = _prepare(given)
    assert rows.nnz > 0 and np.allclose(_weights(learnt, given).toarray(), rows.toarray())
    assert _weights(learnt, whole(examples(["!"]))).nnz > 0


def test_the_penalty_is_that_of_the_estimator():
    assert (
        linear_classifier({"penalty": "auto"}).build().C == 10 and linear_classifier({"penalty": 4.0}).build().C == 0.25
    )
    assert linear_regressor({"penalty": 4.0}).build().alpha == 4
