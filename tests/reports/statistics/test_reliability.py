import numpy as np
import pytest
from scipy.special import expit, log_softmax

from dl.intervals import wilson
from dl_reports.statistics.calibration import BINS, CalibrationError
from dl_reports.statistics.reliability import ReliabilityBin, class_reliability, error_interval, label_reliability


def test_bins_hold_equally_many_examples_the_least_confident_first(rng):
    found = class_reliability(rng.standard_normal((150, 3)), rng.integers(0, 3, 150)).bins
    assert [one.count for one in found] == [10] * BINS
    confidences = [one.confidence for one in found]
    assert confidences == sorted(confidences)


def test_two_examples_worked_by_hand():
    first, second = class_reliability(np.log([[0.6, 0.4], [0.1, 0.9]]), np.array([1, 1])).bins
    assert (first.confidence, first.right, first.count) == (pytest.approx(0.6), 0.0, 1)
    assert (second.confidence, second.right, second.interval) == (pytest.approx(0.9), 1.0, wilson(1, 1))


def test_the_deviation_is_that_of_the_likelihoods(rng):
    logits, targets = rng.standard_normal((100, 4)), rng.integers(0, 4, 100)
    expected = log_softmax(logits / 2, axis=1)[np.arange(100), targets].std(ddof=1)
    assert class_reliability(logits, targets, temperature=2.0).nll.std(ddof=1) == pytest.approx(expected)


def test_labels_are_binned_one_by_one_and_their_likelihoods_summed(rng):
    logits, targets = rng.standard_normal((90, 2)), rng.integers(0, 2, (90, 2))
    found = label_reliability(logits, targets)
    assert sum(one.count for one in found.bins) == 180
    likelihood = np.log(np.where(targets == 1, expit(logits), expit(-logits))).sum(axis=1)
    assert found.nll.std(ddof=1) == pytest.approx(likelihood.std(ddof=1))


def test_a_high_temperature_takes_confidence_away():
    logits = np.array([[4.0, 0.0]] * 30)
    hot, cold = (class_reliability(logits, np.zeros(30, int), t).bins[0].confidence for t in (4.0, 1.0))
    assert hot == pytest.approx(expit(1.0)) and cold == pytest.approx(expit(4.0))


def test_the_interval_of_an_error_holds_it():
    bins = [ReliabilityBin(0.9, 0.7, wilson(70, 100), 100)] * BINS
    low, high = error_interval(CalibrationError(0.2, 0.02, 0.199), bins, 1500)
    assert 0.1 < low < 0.199 < high < 0.3
