import numpy as np
import pytest

from dl.groups import Groups
from dl_reports.statistics import NotComputable
from dl_reports.statistics.memorization import first_fitted, forgetting_events, memorization, suspects

HISTORIES = np.array(
    [
        [1, 1, 1, 1],  # learnt at once, kept
        [0, 1, 0, 1],  # forgotten once
        [1, 0, 1, 0],  # forgotten twice, lost at the end
        [0, 0, 0, 0],  # never learnt
        [0, 0, 1, 1],  # learnt late, kept
    ],
    dtype=bool,
).T  # (T, m)


def test_forgetting_worked_by_hand():
    assert forgetting_events(HISTORIES).tolist() == [0, 1, 2, 0, 0]
    assert first_fitted(HISTORIES).tolist() == [0, 3, 4, 4, 2]


def test_the_share_fitted_only_after_the_onset():
    found = memorization(HISTORIES, onset=2)
    assert found.late == pytest.approx(2 / 5)
    assert found.unforgettable == pytest.approx(2 / 5)
    assert found.late_interval.holds(0.4)


def test_without_an_onset_nothing_is_late():
    assert "no onset" in memorization(HISTORIES, onset=None).late.reason


def test_the_area_under_the_margin_worked_by_hand():
    margins = np.array([[1.0, -2.0, 3.0], [3.0, -4.0, 0.0]])
    found = suspects(margins)
    assert found.margin.tolist() == [2.0, -3.0, 1.5]
    assert found.order.tolist() == [1, 2, 0]
    assert found.negative == 1


def test_flipped_labels_are_at_the_top(rng):
    flipped = np.arange(50)  # of 1,000
    pace = rng.uniform(0.3, 1.5, 1000)
    pace[flipped] *= -0.5  # the network sees the true class first
    fitting = np.maximum(np.arange(20) - 10, 0)[:, None] * 2.0  # and later fits whatever it is told
    margins = np.arange(20)[:, None] * pace * 0.4 + fitting + rng.standard_normal((20, 1000))
    top = suspects(margins.astype(np.float16), until=10).order[:50]
    assert np.isin(flipped, top).mean() >= 0.95


def test_an_epoch_of_nan_is_left_out():
    margins = np.array([[1.0, 2.0], [np.nan, 5.0], [3.0, 4.0]])
    found = suspects(margins)
    assert found.epochs == 2
    assert found.margin.tolist() == [2.0, 3.0]


def test_ties_keep_the_order_of_the_examples():
    assert suspects(np.zeros((3, 4))).order.tolist() == [0, 1, 2, 3]


def test_what_tells_nothing_is_said():
    assert isinstance(memorization(np.ones((1, 100), bool), None), NotComputable)
    assert isinstance(memorization(np.ones((5, 0), bool), None), NotComputable)
    assert isinstance(suspects(np.full((3, 5), np.inf)), NotComputable)
    assert isinstance(suspects(np.ones((3, 5)), until=0), NotComputable)


def test_the_share_fitted_late_is_as_certain_as_its_groups_allow(rng):
    correct = np.cumsum(rng.random((5, 40)) < 0.3, axis=0) > 0
    numbers = np.repeat(np.arange(40), 10)
    once, many = memorization(correct, 2), memorization(correct[:, numbers], 2, Groups(numbers))
    assert many.late == pytest.approx(once.late) and many.late_interval == pytest.approx(once.late_interval, abs=0.02)
