import numpy as np
import pytest

from dl_reports.statistics import NotComputable
from dl_reports.statistics.stopping import prechelt, trend


def test_prechelts_criteria_worked_by_hand():
    found = prechelt(np.array([4.0, 2.0, 3.0, 1.0]), np.array([2.0, 1.0, 1.5, 1.25]), strip=2)
    assert found.generalization_loss == pytest.approx([0, 0, 50, 25])
    assert found.progress == pytest.approx([np.nan, 500, 250, 1000], nan_ok=True)
    assert found.quotient == pytest.approx([np.nan, 0, 0.2, 0.025], nan_ok=True)


def test_a_flat_training_loss_has_no_quotient():
    found = prechelt(np.ones(6), np.ones(6), strip=3)
    assert np.isnan(found.quotient).all()


@pytest.mark.parametrize(
    ("train", "val"), [([1.0], []), ([np.nan], [1.0]), ([1.0, 0.0], [1.0, 1.0]), ([1.0, 1.0], [1.0, -2.0])]
)
def test_what_has_no_ratio_is_said(train, val):
    assert isinstance(prechelt(np.array(train), np.array(val)), NotComputable)


def test_the_slope_is_the_least_squares_one(rng):
    losses = rng.exponential(size=(9, 200))
    expected = np.polyfit(np.arange(4), losses[-4:].mean(axis=1), 1)[0]
    assert trend(losses, last=4).slope == pytest.approx(expected, rel=1e-4)


def test_a_loss_that_still_falls_is_found(wander):
    losses = np.exp(wander(8, 1000, 0.9)) - 0.05 * np.arange(8)[:, None]
    found = trend(losses)
    assert found.falling
    assert found.interval.holds(-0.05)


@pytest.mark.parametrize("correlation", [0.0, 0.9])
def test_a_flat_loss_is_called_falling_at_most_at_the_level(wander, holds_level, correlation):
    alarms = sum(trend(np.exp(wander(5, 300, correlation))).falling for _ in range(2000))
    assert holds_level(alarms, 2000, 0.05)


def test_a_rising_loss_does_not_fall(wander):
    assert not trend(np.exp(wander(5, 300, 0.9)) + np.arange(5)[:, None]).falling


@pytest.mark.parametrize("losses", [np.ones((1, 100)), np.ones((5, 5)), np.full((5, 100), np.nan)])
def test_what_has_no_trend_is_said(losses):
    assert isinstance(trend(losses), NotComputable)
