import numpy as np
import pytest

from dl.groups import Groups
from dl_reports.statistics import NotComputable
from dl_reports.statistics.inflation import inflation


def test_inflation_worked_by_hand():
    scores = np.array([True] * 10 + [True] * 60 + [False] * 30)
    found = inflation(scores, np.arange(100) < 10)
    assert found.on_leaked == 1.0
    assert found.on_clean == pytest.approx(60 / 90)
    assert found.inflation == pytest.approx(0.7 - 60 / 90)
    assert found.interval.low > 0


def test_leaked_examples_as_hard_as_the_others_inflate_at_most_at_the_level(rng, holds_level):
    leaked = np.arange(300) < 30
    right, losses = rng.random((2000, 300)) < 0.8, rng.exponential(size=(2000, 300))
    assert holds_level(sum(not inflation(row, leaked).interval.holds(0.0) for row in right), 2000, 0.05)
    # thirty skewed losses are few for Welch: its true level here is near 7 %
    assert holds_level(sum(not inflation(row, leaked).interval.holds(0.0) for row in losses), 2000, 0.07)


def test_what_has_no_duplicates_to_judge_is_said():
    assert isinstance(inflation(np.ones(5, bool), np.zeros(5, bool)), NotComputable)
    assert isinstance(inflation(np.ones(5, bool), np.ones(5, bool)), NotComputable)
    assert isinstance(inflation(np.full(5, np.nan), np.arange(5) < 2), NotComputable)
    assert isinstance(inflation(np.ones(5), np.arange(5) < 1), NotComputable)


def test_leaked_groups_count_once(rng):
    right, leaked = rng.random(80) < 0.8, np.arange(80) < 30
    numbers = np.repeat(np.arange(80), 10)
    once = inflation(right, leaked)
    many = inflation(right[numbers], leaked[numbers], Groups(numbers))
    assert many.inflation == pytest.approx(once.inflation)
    assert many.interval == pytest.approx(once.interval, abs=0.02)
