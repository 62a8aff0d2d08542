"""Changes of a curve: from paired rises in positions to epochs, and from means alone."""

import math
from dataclasses import replace

import numpy as np
import pytest

from dl_reports.change import change_of_means, paired_change
from dl_reports.statistics import NotComputable
from dl_reports.statistics.onset import loss_rise

EPOCHS = (1, 2, 3, 5)


def test_positions_become_epochs_and_means_those_of_the_history():
    rng = np.random.default_rng(0)
    losses = rng.exponential(1, 400) + np.array([[1.0], [0.0], [0.5], [2.0]])
    rise = loss_rise(losses)
    change = paired_change(rise, EPOCHS, [10.0, 20.0, 30.0, 40.0])
    assert (change.best, change.onset, change.last) == (2, 3, 5)
    assert (change.before, change.after) == (20.0, 40.0)
    assert change.worse == pytest.approx(2.0) and change.dated and change.established


def test_an_epoch_that_is_no_number_is_passed_over():
    losses = np.random.default_rng(0).exponential(1, 400) + np.array([[0.0], [1.0], [2.0], [np.nan]])
    assert paired_change(loss_rise(losses), EPOCHS, [0.0] * 4).last == 3


def test_from_means_a_clear_rise_is_established_and_not_dated():
    change = change_of_means(EPOCHS, [0.5, 0.3, 0.4, 0.9], 1000, proportion=False)
    assert (change.best, change.last) == (2, 5)
    assert change.worse == pytest.approx(0.6) and change.established and not change.dated


def test_a_falling_accuracy_is_worse():
    change = change_of_means(EPOCHS, [0.7, 0.9, 0.85, math.nan], 10_000, proportion=True)
    assert (change.best, change.last) == (2, 3) and change.worse == pytest.approx(0.05) and change.established


def test_a_change_that_training_shares_is_unstable_and_no_overfitting():
    change = change_of_means(EPOCHS, [0.5, 0.3, 0.4, 0.9], 1000, proportion=False)
    shared = replace(change, with_training=True, training_z=5.0)
    assert not shared.established and shared.unstable
    assert not replace(shared, training_z=1.0).unstable


def test_one_epoch_has_no_change():
    assert isinstance(change_of_means((1,), [0.5], 1000, proportion=False), NotComputable)
