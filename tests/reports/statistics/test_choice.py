"""The choice of the best of many epochs, allowed for in the lower end of its interval."""

import math

import numpy as np
import pytest
from scipy.special import ndtri

from dl.intervals import Interval, mean_interval
from dl_reports.statistics.choice import allow_for_choice, bonferroni, critical_choice


def test_one_epoch_leaves_nothing_to_allow_for():
    assert bonferroni(1) == pytest.approx(1.96, abs=1e-3)
    assert critical_choice(np.random.default_rng(0).random((1, 100))) == bonferroni(1)


def test_epochs_that_are_alike_count_as_one():
    one = np.random.default_rng(0).random((1, 500))
    assert critical_choice(np.repeat(one, 20, axis=0)) == pytest.approx(bonferroni(1), abs=0.05)


def test_epochs_with_nothing_in_common_count_each():
    scores = np.random.default_rng(0).standard_normal((10, 20_000))
    assert critical_choice(scores) == pytest.approx(-ndtri(1 - 0.975 ** (1 / 10)), abs=0.06)


def test_epochs_without_any_spread_are_passed_over_and_few_examples_count_by_bonferroni():
    assert critical_choice(np.ones((5, 100))) == bonferroni(1)
    assert critical_choice(np.random.default_rng(0).random((5, 10))) == bonferroni(5)


def test_only_the_lower_end_moves_and_an_open_end_stays_open():
    assert allow_for_choice(1.0, Interval(0.0, 2.0), 2 * bonferroni(1)) == Interval(-1.0, 2.0)
    assert allow_for_choice(1.0, Interval(0.0, 2.0), 1.0) == Interval(0.0, 2.0)
    assert allow_for_choice(1.0, Interval(-math.inf, 2.0), 3.0).low == -math.inf


@pytest.mark.parametrize("shared", [0.0, 0.9])
def test_the_interval_of_the_best_of_twenty_covers_its_truth(shared, draws):
    """At 95 %: whichever epoch is chosen for being the best, on the examples that score it."""
    rng, missed = np.random.default_rng(1), 0
    for _ in range(draws):
        scores = math.sqrt(shared) * rng.standard_normal(60) + math.sqrt(1 - shared) * rng.standard_normal((20, 60))
        best = scores[scores.mean(axis=1).argmax()]
        found = mean_interval(float(best.mean()), float(best.std(ddof=1)), 60)
        missed += not allow_for_choice(float(best.mean()), found, critical_choice(scores)).holds(0.0)
    assert missed / draws <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / draws)
