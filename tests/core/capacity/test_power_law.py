"""A law is found again from points that follow it, and says so where it cannot be told."""

import numpy as np
import pytest

from dl.capacity.power_law import USUAL, fit_power_law

SIZES = np.array([100.0, 200.0, 400.0, 800.0, 1600.0])


def draws(errors, spread=0.0, count=300, seed=0):
    noise = np.random.default_rng(seed).standard_normal((len(errors), count))
    return errors[:, None] * (1 + spread * noise)


def test_points_on_a_law_give_it_back_and_what_it_says_of_more_data():
    exponent = 1.0
    errors = 0.05 + 10 * SIZES**-exponent
    law = fit_power_law(SIZES, errors, draws(errors, 1e-4))
    assert law.known and law.exponent[0] == pytest.approx(1.0, abs=0.05)
    assert law.at(3200).value == pytest.approx(0.05 + 10 / 3200, rel=0.01)
    assert law.gain(3200).low > 0


def test_of_points_that_do_not_tell_the_exponent_the_usual_one_is_taken():
    errors = 0.1 + SIZES**-0.5
    law = fit_power_law(SIZES, errors, draws(errors, 0.1))
    assert not law.known and set(law.exponent) == {USUAL}
    assert fit_power_law(SIZES[:3], errors[:3], draws(errors[:3])).known is False


def test_a_level_curve_gains_nothing_with_an_interval_on_both_sides():
    errors = np.array([0.5, 0.49, 0.51, 0.5, 0.505])
    gain = fit_power_law(SIZES, errors, draws(errors, 0.02)).gain(3200)
    assert gain.low < 0 < gain.high and abs(gain.value) < 0.01


def test_an_error_is_neither_negative_nor_above_the_highest():
    errors = np.array([0.9, 0.5, 0.2, 0.05, 0.001])
    far = fit_power_law(SIZES, errors, draws(errors, 0.1), high=1.0).at(1e6)
    assert 0 <= far.low <= far.value <= far.high <= 1


def test_the_interval_holds_the_error_at_twice_the_data_about_as_often_as_it_says():
    held, rng = 0, np.random.default_rng(1)
    for seed in range(60):
        truth = 0.05 + 2 * SIZES**-0.5
        common, own = rng.standard_normal(), rng.standard_normal(5)
        errors = truth * (1 + 0.03 * common + 0.03 * own)  # one validation set, and a fit each
        shared = np.random.default_rng(seed).standard_normal(300)
        drawn = errors[:, None] * (1 + 0.03 * shared)
        held += (
            fit_power_law(SIZES, errors, drawn, seed).at(3200).low
            <= 0.05 + 2 * 3200**-0.5
            <= (fit_power_law(SIZES, errors, drawn, seed).at(3200).high)
        )
    assert held >= 52  # of 60 at 95 %
