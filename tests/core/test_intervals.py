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

from dl.groups import Groups
from dl.intervals import (
    OPEN,
    Estimate,
    Interval,
    bootstrap_interval,
    difference_interval,
    effective_size,
    interval_of_mean,
    mean_average_precision,
    mean_interval,
    near_best,
    newcombe,
    normal_quantile,
    poisson_weights,
    proportion_interval,
    skewness_of,
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


def test_a_tail_stretches_the_interval_of_a_mean_on_its_side_alone():
    plain = mean_interval(1.0, 1.0, 60)
    low, high = mean_interval(1.0, 1.0, 60, skewness=3.0)
    assert low == plain.low and high > plain.high
    assert mean_interval(-1.0, 1.0, 60, skewness=-3.0) == pytest.approx((-high, -low))


def test_the_stretched_end_is_where_halls_transform_of_the_studentized_mean_is_students_quantile():
    n, skewness = 60, 3.0
    high = mean_interval(0.0, 1.0, n, skewness=skewness).high
    t, g = -high * math.sqrt(n), skewness / math.sqrt(n)
    transformed = t + g * t**2 / 3 + g**2 * t**3 / 27 + g / 6  # Hall 1992, g2
    assert transformed == pytest.approx(-student_quantile(0.95, n - 1))


@pytest.mark.parametrize("sigma", [0.5, 1.0])
def test_the_mean_of_log_normal_errors_is_covered_where_students_interval_misses_it(sigma):
    rng, truth = np.random.default_rng(0), math.exp(sigma**2 / 2)
    samples = np.exp(sigma * rng.standard_normal((2000, 100)))
    covered = np.mean([interval_of_mean(one).holds(truth) for one in samples])
    plain = np.mean([mean_interval(one.mean(), one.std(ddof=1), 100).holds(truth) for one in samples])
    assert 0.935 < covered < 0.97 and plain < covered - 0.01


def test_the_difference_of_two_estimates_of_a_mean_is_about_welchs():
    rng = np.random.default_rng(0)
    a, b = rng.normal(0, 1, 120), rng.normal(1, 3, 300)
    reference = stats.ttest_ind(a, b, equal_var=False).confidence_interval()
    ours = difference_interval(*(Estimate(x.mean(), *interval_of_mean(x)) for x in (a, b)))
    assert ours == pytest.approx((reference.low, reference.high), rel=0.03)


def test_the_difference_to_an_estimate_without_an_interval_is_open():
    assert difference_interval(Estimate(0.5, *OPEN), Estimate(0.4, 0.3, 0.5)) == OPEN


def test_equal_constants_differ_by_exactly_nothing():
    assert difference_interval(*[Estimate(0.5, *interval_of_mean(np.full(9, 0.5)))] * 2) == Interval(0.0, 0.0)


def blocks(*sizes):
    return Groups.of(np.repeat(np.arange(len(sizes)), sizes))


def test_without_groups_a_proportion_has_wilsons_interval():
    right = np.arange(50) < 40
    assert effective_size(right, None) == 50 and proportion_interval(right) == wilson(40, 50)


def test_groups_all_of_which_are_alike_count_as_one_example_each():
    right = np.repeat(np.arange(12) < 9, 40)
    assert effective_size(right, blocks(*[40] * 12)) == pytest.approx(12)
    assert proportion_interval(right, blocks(*[40] * 12)) == pytest.approx(wilson(9, 12))


def test_all_right_is_as_certain_as_the_number_of_groups_allows():
    assert proportion_interval(np.ones(480), blocks(*[40] * 12)) == pytest.approx(wilson(12, 12))


def test_examples_that_groups_tell_nothing_of_count_nearly_as_many_as_they_are():
    right = np.random.default_rng(0).random(40 * 50) < 0.8
    assert 0.6 * len(right) < effective_size(right, blocks(*[50] * 40)) <= len(right)


def test_errors_that_all_lie_in_one_group_leave_no_more_examples_than_groups():
    right = np.arange(480) >= 20
    assert effective_size(right, blocks(*[40] * 12)) == pytest.approx(12)


@pytest.mark.parametrize("interval", [proportion_interval, interval_of_mean])
def test_five_groups_are_too_few_to_tell(interval):
    assert interval(np.arange(200) % 2, blocks(*[40] * 5)) == OPEN
    assert interval(np.arange(240) % 2, blocks(*[40] * 6)) != OPEN


def test_the_mean_by_group_has_the_interval_of_the_means_of_equal_groups():
    means = np.random.default_rng(0).normal(0, 1, 12)
    values = np.repeat(means, 40)
    skewness = skewness_of(means, means.std(ddof=1))
    expected = mean_interval(means.mean(), means.std(ddof=1), 12, skewness=skewness)
    assert interval_of_mean(values, blocks(*[40] * 12)) == pytest.approx(expected)


@pytest.mark.parametrize(("count", "alike"), [(8, True), (12, True), (40, True), (8, False), (12, False), (40, False)])
def test_intervals_by_group_cover_the_truth(count, alike):
    rng, groups, share = np.random.default_rng(count), blocks(*[20] * count), 0.6
    held = 0
    for _ in range(1500):
        each = (rng.random(count) < share)[groups.numbers] if alike else rng.random(20 * count) < share
        held += proportion_interval(each, groups).holds(share)
    assert 0.93 - 0.02 < held / 1500 < 0.985


def test_a_bootstrap_by_group_is_as_wide_as_one_of_the_groups():
    values = np.repeat(np.random.default_rng(0).normal(0, 1, 30), 10)

    def mean(weights):
        return (values @ weights) / weights.sum(axis=0)

    single, grouped = bootstrap_interval(mean, 300), bootstrap_interval(mean, 300, groups=blocks(*[10] * 30))
    assert grouped.high - grouped.low > 2 * (single.high - single.low)
    assert bootstrap_interval(mean, 300, groups=blocks(*[60] * 5)) == OPEN


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


def test_a_bootstrap_of_which_three_quarters_are_below_the_score_is_cut_higher():
    draws = np.linspace(0, 1, 4001)
    found = bootstrap_interval(lambda w: np.array([0.75]) if w.shape[1] == 1 else draws, 50, draws=4001)
    shift, z = stats.norm.ppf(0.75), stats.norm.ppf(0.975)
    assert found == pytest.approx(stats.norm.cdf([2 * shift - z, 2 * shift + z]), abs=1e-3)


def test_an_interval_of_no_share_is_left_as_it_is():
    assert near_best(3.0, Interval(2.0, 4.0), 10) == Interval(2.0, 4.0) and near_best(0.9, OPEN, 10) == OPEN


def test_importing_the_intervals_does_not_import_scipy_or_torch():
    code = "import sys, dl.intervals; print(sorted({'scipy', 'torch', 'lightning'} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
