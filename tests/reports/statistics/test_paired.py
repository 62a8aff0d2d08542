import numpy as np
import pytest
from scipy import stats

from dl.groups import Groups
from dl_reports.statistics import NotComputable
from dl_reports.statistics.paired import accuracy_difference, mcnemar, normal_z, paired_difference, skew_guarded


def test_a_symmetric_difference_is_students():
    d = np.concatenate([np.linspace(-1, 1, 50), [0.3, 0.3]]) + 0.1
    found = paired_difference(d)
    reference = stats.ttest_1samp(d, 0)
    assert found.z == pytest.approx(reference.statistic, rel=0.02)
    interval = reference.confidence_interval()
    assert found.interval == pytest.approx((interval.low, interval.high), abs=1e-3)


def test_skewness_weakens_a_claim_and_never_strengthens_it():
    z = np.array([-4.0, -2.0, 0.0, 2.0, 4.0])
    for skewness in (-8.0, -1.0, 0.0, 1.0, 8.0):
        guarded = skew_guarded(z, np.full(5, skewness), 100)
        assert (np.abs(guarded) <= np.abs(z)).all()
        assert (np.diff(guarded) >= 0).all()
    np.testing.assert_array_equal(skew_guarded(z, np.zeros(5), 100), z)


def test_mcnemar_is_the_published_formula_for_many_discordant_pairs():
    assert mcnemar(40, 20) == pytest.approx(20 / np.sqrt(60))


@pytest.mark.parametrize(("b", "c"), [(9, 1), (1, 9), (24, 0), (12, 12), (5, 4)])
def test_few_discordant_pairs_are_read_from_the_binomial_law(b, c):
    one_sided = stats.binomtest(max(b, c), b + c, alternative="greater").pvalue
    assert stats.norm.sf(abs(mcnemar(b, c))) == pytest.approx(min(one_sided, 0.5), rel=1e-9)
    assert mcnemar(b, c) == -mcnemar(c, b)


def test_accuracies_that_do_not_differ_are_not_told_apart(rng, holds_level):
    right = rng.random((2000, 300)) < 0.9
    other = np.where(rng.random((2000, 300)) < 0.2, rng.random((2000, 300)) < 0.9, right)
    found = [accuracy_difference(a, b) for a, b in zip(right, other, strict=True)]
    assert holds_level(sum(abs(f.z) > 1.96 for f in found), 2000, 0.05)
    assert holds_level(sum(not f.interval.holds(0.0) for f in found), 2000, 0.05)


def test_no_disagreement_is_not_certainty():
    found = accuracy_difference(np.ones(50, dtype=bool), np.ones(50, dtype=bool))
    assert found.z == 0
    assert found.interval.low < 0 < found.interval.high


def test_what_cannot_be_paired_is_said():
    assert "found 5" in paired_difference(np.ones(5)).reason
    assert paired_difference(np.array([np.nan] + [1.0] * 49)).reason == "1 of 50 differences are not finite"
    assert isinstance(accuracy_difference(np.ones(5, dtype=bool), np.ones(5, dtype=bool)), NotComputable)


def test_differences_that_are_all_the_same_have_no_error():
    assert paired_difference(np.full(30, 0.1)).z == np.inf
    assert paired_difference(np.zeros(30)).z == 0


@pytest.mark.parametrize("count", [8, 12, 40])
@pytest.mark.parametrize("alike", [True, False])
def test_by_group_two_networks_of_one_accuracy_are_told_apart_at_most_at_the_level(rng, holds_level, count, alike):
    numbers, alarms = np.repeat(np.arange(count), 10), 0
    for _ in range(500):
        rates = rng.random((2, count)) < 0.7 if alike else np.full((2, count), 0.7)
        ours, theirs = (rng.random(10 * count) < rate[numbers] for rate in rates)
        alarms += abs(accuracy_difference(ours, theirs, groups=Groups(numbers)).z) > 1.96
    assert holds_level(alarms, 500, 0.05)


def test_the_z_by_group_is_the_normal_one_of_students_chance():
    assert normal_z(2.365, 7) == pytest.approx(1.96, abs=1e-3) and normal_z(-2.365, 7) == pytest.approx(-1.96, abs=1e-3)
    assert normal_z(2.0, None) == 2.0 and normal_z(np.inf, 7) == np.inf


def test_the_interval_excludes_zero_exactly_where_the_guarded_z_does(rng):
    for _ in range(300):
        found = paired_difference(np.exp(rng.standard_normal(40)) - 1.1)
        assert bool(abs(found.z) > stats.t.ppf(0.975, 39)) is not found.interval.holds(0.0)


def test_groups_that_all_agree_are_no_certainty_and_five_are_too_few():
    right = np.repeat(np.arange(12) < 9, 10)
    found = accuracy_difference(right, right, groups=Groups(np.repeat(np.arange(12), 10)))
    assert found.z == 0 and found.interval.low < -0.05 < 0.05 < found.interval.high
    five = accuracy_difference(right, right, groups=Groups(np.arange(120) // 24))
    assert five == NotComputable("it takes 6 groups or more; found 5")
