"""Softmax of rows."""

import numpy as np
import scipy.special

from dl_reports.statistics.softmax import log_softmax, softmax

LOGITS = np.random.default_rng(0).normal(scale=300, size=(50, 7))


def test_probabilities_are_those_of_scipy_to_the_last_digit():
    assert np.array_equal(softmax(LOGITS), scipy.special.softmax(LOGITS, axis=1))
    assert np.array_equal(log_softmax(LOGITS), scipy.special.log_softmax(LOGITS, axis=1))


def test_two_equal_logits_have_half_each_however_large():
    assert softmax(np.full((1, 2), 1e6)).tolist() == [[0.5, 0.5]]
    assert np.allclose(log_softmax(np.full((1, 2), -1e6)), -np.log(2))
