"""Steady trends: a slope counts only where it does not hang on one epoch."""

import numpy as np
import pytest

from dl_reports.statistics import NotComputable
from dl_reports.statistics.steady import steady_trend


@pytest.fixture
def losses():
    """Losses of 300 examples with these means."""

    def make(*means):
        rng = np.random.default_rng(0)
        return np.array(means)[:, None] + rng.exponential(1, 300) + 0.1 * rng.standard_normal((len(means), 300))

    return make


def test_a_straight_fall_is_steady_and_has_its_slope(losses):
    found = steady_trend(losses(2.0, 1.8, 1.6, 1.4, 1.2), level=0.01)
    assert found.falling and found.slope == pytest.approx(-0.2, abs=0.02)


@pytest.mark.parametrize("spike", range(4))
def test_one_spike_makes_no_slope(losses, spike):
    means = [1.0] * 5
    means[spike] = 3.0
    assert not steady_trend(losses(*means), level=0.01).falling


def test_the_least_steep_slope_counts(losses):
    found = steady_trend(losses(3.0, 1.4, 1.3, 1.2, 1.1), level=0.01)
    assert found.falling and found.slope == pytest.approx(-0.1, abs=0.02)


def test_two_epochs_have_their_difference_and_one_has_none(losses):
    assert steady_trend(losses(2.0, 1.0)).slope == pytest.approx(-1.0, abs=0.05)
    assert isinstance(steady_trend(losses(2.0)), NotComputable)
