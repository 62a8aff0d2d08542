"""Intervals: published examples, references, and coverage."""

import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import average_precision_score

from dl.intervals import (
    OPEN,
    Interval,
    bootstrap_interval,
    mean_average_precision,
    mean_difference,
    mean_interval,
    newcombe,
    normal_quantile,
    poisson_weights,
    student_quantile,
    wilson,
)


def test_newcombe_matches_the_published_example():
    # Newcombe 1998, table II, method 10: 56/70 - 48/80 and 9/10 - 3/10
    assert newcombe(56, 70, 48, 80) == pytest.approx((0.0524, 0.3339), abs=5e-5)
    assert newcombe(9, 10, 3, 10) == pytest.approx((0.1705, 0.8090), abs=5e-5)
    assert newcombe(10, 10, 0, 10) == pytest.approx((0.6075, 1.0), abs=5e-5)


def test_newcombe_without_examples_is_open():
    assert newcombe(0, 0, 5, 10) == Interval(-1.0, 1.0)


@given(st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_is_scipys(counts):
    right, n = counts
    reference = stats.binomtest(right, n).proportion_ci(method="wilson")
    assert wilson(right, n) == pytest.approx((reference.low, reference.high), abs=1e-9)
    assert wilson(right, n).holds(right / n)


def test_wilson_of_nothing_is_the_whole_range():
    assert wilson(0, 0) == Interval(0.0, 1.0)


def test_more_successes_than_examples_are_refused():
    with pytest.raises(ValueError, match="between 0 and 3; found 4"):
        wilson(4, 3)


@pytest.mark.parametrize("df", [1, 2, 2.5, 3, 4, 5, 10, 30, 1000])
def test_the_student_quantile_is_scipys(df):
    assert student_quantile(0.95, df) == pytest.approx(stats.t.ppf(0.975, df), rel=1e-9)


def test_the_quantiles_are_those_of_the_tables():
    assert normal_quantile(0.95) == pytest.approx(1.959964, abs=1e-6)
    assert student_quantile(0.95, 3) == pytest.approx(3.182446, abs=1e-6)
    assert student_quantile(0.99, 10) == pytest.approx(3.169273, abs=1e-6)


def test_the_interval_of_a_mean_is_students():
    values = np.array([1.0, 2.0, 3.0, 4.0])
    half = stats.t.ppf(0.975, 3) * values.std(ddof=1) / 2
    assert mean_interval(2.5, values.std(ddof=1), 4) == pytest.approx((2.5 - half, 2.5 + half), abs=1e-9)


@pytest.mark.parametrize("arguments", [(0.5, 0.1, 1), (math.nan, 0.1, 9), (0.5, math.inf, 9)])
def test_a_mean_that_cannot_be_bounded_is_open(arguments):
    assert mean_interval(*arguments) == OPEN
    assert mean_difference(*arguments, 0.5, 0.1, 9) == OPEN


def test_the_difference_of_means_is_welchs():
    rng = np.random.default_rng(0)
    a, b = rng.normal(0, 1, 12), rng.normal(1, 3, 30)
    reference = stats.ttest_ind(a, b, equal_var=False).confidence_interval()
    ours = mean_difference(a.mean(), a.std(ddof=1), 12, b.mean(), b.std(ddof=1), 30)
    assert ours == pytest.approx((reference.low, reference.high), rel=1e-9)


def test_equal_constants_differ_by_exactly_nothing():
    assert mean_difference(0.5, 0.0, 9, 0.5, 0.0, 9) == Interval(0.0, 0.0)


def test_poisson_weights_have_mean_and_variance_one():
    weights = poisson_weights(np.random.default_rng(0), (1000, 1000))
    assert weights.mean() == pytest.approx(1, abs=0.005)
    assert weights.var() == pytest.approx(1, abs=0.01)


def test_weighted_average_precision_is_sklearns_also_with_ties():
    rng = np.random.default_rng(0)
    targets = (rng.random((200, 3)) < 0.2).astype(int)
    scores = np.round(targets * 0.3 + rng.random((200, 3)), 1)
    weights = poisson_weights(rng, (200, 5))
    ours = mean_average_precision(scores, targets)(weights)
    for draw in range(5):
        reference = [
            average_precision_score(targets[:, k], scores[:, k], sample_weight=weights[:, draw]) for k in range(3)
        ]
        assert ours[draw] == pytest.approx(np.mean(reference), abs=1e-6)


def test_a_label_that_never_holds_has_no_average_precision():
    score = mean_average_precision(np.ones((30, 1)), np.zeros((30, 1), dtype=int))
    assert np.isnan(score(np.ones((30, 2), dtype=np.float32))).all()
    assert bootstrap_interval(score, 30) == OPEN


def test_a_label_that_a_draw_misses_counts_as_on_all_examples():
    targets = np.array([[1, 0], [1, 0], [0, 1], [0, 0]])
    scores = np.array([[0.1, 0.2], [0.9, 0.8], [0.5, 0.4], [0.3, 0.9]])
    found = mean_average_precision(scores, targets)(np.array([[2], [1], [0], [1]], np.float32))
    first = average_precision_score(targets[:, 0], scores[:, 0], sample_weight=[2, 1, 0, 1])
    second = average_precision_score(targets[:, 1], scores[:, 1])
    assert found[0] == pytest.approx((first + second) / 2, abs=1e-6)


def test_the_bootstrap_of_a_mean_is_near_the_normal_interval():
    values = np.random.default_rng(0).normal(0, 1, 2000)
    low, high = bootstrap_interval(lambda w: values @ w / w.sum(axis=0), 2000, draws=2000)
    half = 1.96 / math.sqrt(2000)
    assert (low, high) == pytest.approx((values.mean() - half, values.mean() + half), abs=0.15 * half)


def test_importing_the_intervals_does_not_import_scipy_or_torch():
    code = "import sys, dl.intervals; print(sorted({'scipy', 'torch', 'lightning'} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
