import hashlib

import numpy as np
import pytest

from dl_reports.statistics import NotComputable
from dl_reports.statistics.duplicates import conflicts, inflation, leak


def hashes(rows):
    return np.array([hashlib.blake2b(row.tobytes(), digest_size=16).digest() for row in rows], dtype="S16")


def test_all_planted_duplicates_are_found_and_no_others(rng):
    train, val = rng.integers(0, 256, (500, 64), dtype=np.uint8), rng.integers(0, 256, (200, 64), dtype=np.uint8)
    val[:37] = train[100:137]
    found = leak(hashes(train), hashes(val))
    assert found.leaked.tolist() == [True] * 37 + [False] * 163
    assert found.share == pytest.approx(37 / 200)
    assert found.interval.holds(37 / 200)


def test_without_duplicates_none_are_found(rng):
    assert leak(rng.integers(0, 2**63, 100_000), rng.integers(0, 2**63, 100_000)).count == 0


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


def test_the_same_input_with_two_targets_is_a_conflict():
    found = conflicts(np.array([7, 8, 7, 9, 9, 8, 7]), np.array([0, 1, 0, 2, 3, 1, 1]))
    assert found.groups == 2
    assert found.examples.tolist() == [0, 2, 3, 4, 6]
    assert found.share == pytest.approx(5 / 7)


def test_targets_of_many_labels_can_conflict():
    found = conflicts(np.array([b"a", b"a", b"b"]), np.array([[0, 1], [1, 1], [0, 0]]))
    assert found.examples.tolist() == [0, 1]


def test_what_has_no_duplicates_to_judge_is_said():
    assert isinstance(leak(np.array([1]), np.array([], dtype=int)), NotComputable)
    assert isinstance(inflation(np.ones(5, bool), np.zeros(5, bool)), NotComputable)
    assert isinstance(inflation(np.ones(5, bool), np.ones(5, bool)), NotComputable)
    assert isinstance(inflation(np.full(5, np.nan), np.arange(5) < 2), NotComputable)
    assert isinstance(inflation(np.ones(5), np.arange(5) < 1), NotComputable)
    assert isinstance(conflicts(np.array([]), np.array([])), NotComputable)
