import numpy as np
import pytest
from scipy import stats

from dl.groups import Groups
from dl_reports.statistics import NotComputable
from dl_reports.statistics.gap import accuracy_gap, loss_gap, right_gap


def test_a_small_gap_on_many_examples_is_certain():
    gap = accuracy_gap(0.9890 * 60_000, 60_000, 0.9777 * 10_000, 10_000)
    assert gap.gap == pytest.approx(0.0113)
    assert gap.certain
    assert 6.5 < gap.z < 8


def test_the_same_gap_on_few_examples_is_not():
    assert not accuracy_gap(495, 500, 489, 500).certain


def test_the_loss_gap_is_welchs_where_nothing_is_skewed():
    rng = np.random.default_rng(0)
    train, val = rng.normal(1, 1, 300), rng.normal(2, 1.2, 200)
    reference = stats.ttest_ind(val, train, equal_var=False).confidence_interval()
    assert loss_gap(train, val).interval == pytest.approx((reference.low, reference.high), rel=0.01)


def test_the_loss_gap_of_log_normal_errors_covers_where_welchs_interval_misses():
    rng, covered, plain = np.random.default_rng(0), 0, 0
    for _ in range(1000):
        train, val = np.exp(0.3 * rng.standard_normal(100)), np.exp(rng.standard_normal(100))
        truth = np.exp(0.5) - np.exp(0.3**2 / 2)
        covered += loss_gap(train, val).interval.holds(truth)
        reference = stats.ttest_ind(val, train, equal_var=False).confidence_interval()
        plain += reference.low <= truth <= reference.high
    assert 930 < covered < 975 and plain < covered - 10


def test_by_group_no_gap_is_called_where_groups_are_all_that_differs(rng, holds_level):
    alarms = {"right": 0, "loss": 0, "single": 0}
    numbers = np.repeat(np.arange(12), 40)
    groups = (Groups(numbers), Groups(numbers))
    for _ in range(1000):
        train, val = (np.where(rng.random(480) < 0.8, each[numbers], rng.random(480)) for each in rng.random((2, 12)))
        alarms["right"] += right_gap(train < 0.5, val < 0.5, groups).certain
        alarms["loss"] += loss_gap(train, val, groups=groups).certain
        alarms["single"] += loss_gap(train, val).certain
    assert holds_level(alarms["right"], 1000, 0.05) and holds_level(alarms["loss"], 1000, 0.05)
    assert alarms["single"] > 500


def test_five_groups_on_one_side_are_too_few_for_a_gap():
    groups = (Groups(np.arange(100) // 20), None)
    too_few = NotComputable("it takes 6 groups or more; found 5")
    assert loss_gap(np.arange(100.0), np.arange(50.0), groups=groups) == too_few
    assert right_gap(np.arange(100) < 50, np.arange(50) < 20, groups) == too_few


@pytest.mark.parametrize("right", [0.5, 0.98, 1.0])
def test_without_a_gap_in_accuracy_none_is_called(rng, holds_level, right):
    train, val = rng.binomial(1000, right, 2000), rng.binomial(500, right, 2000)
    alarms = sum(accuracy_gap(a, 1000, b, 500).certain for a, b in zip(train, val, strict=True))
    assert holds_level(alarms, 2000, 0.05)


def test_without_a_gap_in_loss_none_is_called(rng, holds_level):
    alarms = sum(loss_gap(rng.exponential(size=400), rng.exponential(size=400)).certain for _ in range(2000))
    assert holds_level(alarms, 2000, 0.05)


def test_the_interval_excludes_zero_exactly_when_z_says_so():
    for right in range(480, 501):
        gap = accuracy_gap(right, 500, 480, 500)
        assert gap.certain == (abs(gap.z) > 1.959964)


def test_all_right_on_both_sides_is_no_gap():
    gap = accuracy_gap(5, 5, 5, 5)
    assert gap.gap == 0
    assert not gap.certain


def test_what_cannot_be_compared_is_said():
    assert "0 validation examples" in accuracy_gap(3, 3, 0, 0).reason
    assert isinstance(loss_gap(np.ones(1), np.ones(5)), NotComputable)
    assert loss_gap(np.array([1.0, np.nan]), np.ones(5)).reason == "some losses are not finite"


def test_constant_losses_that_differ_are_certain():
    gap = loss_gap(np.zeros(5), np.ones(5))
    assert gap.certain
    assert gap.z == np.inf
