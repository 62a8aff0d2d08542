import numpy as np
import pytest
from scipy import stats

from dl_reports.statistics import NotComputable
from dl_reports.statistics.gap import accuracy_gap, loss_gap


def test_a_small_gap_on_many_examples_is_certain():
    gap = accuracy_gap(0.9890 * 60_000, 60_000, 0.9777 * 10_000, 10_000)
    assert gap.gap == pytest.approx(0.0113)
    assert gap.certain
    assert 6.5 < gap.z < 8


def test_the_same_gap_on_few_examples_is_not():
    assert not accuracy_gap(495, 500, 489, 500).certain


def test_the_loss_gap_is_welchs():
    rng = np.random.default_rng(0)
    train, val = rng.exponential(1, 300), rng.exponential(1.2, 200)
    reference = stats.ttest_ind(val, train, equal_var=False).confidence_interval()
    assert loss_gap(train, val).interval == pytest.approx((reference.low, reference.high), rel=1e-3)


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
