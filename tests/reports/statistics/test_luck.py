import numpy as np
import pytest

from dl.groups import Groups
from dl.runs import luck
from dl_reports.statistics import NotComputable
from dl_reports.statistics.luck import luck_of_the_best


def test_one_row_leaves_nothing_to_luck(rng):
    found = luck_of_the_best(rng.random((1, 400)) < 0.8, larger_is_better=True)
    assert found.best == 0
    assert found.certainty == 1
    assert abs(found.optimism) < 0.005


def test_a_row_that_is_clearly_the_best_is_always_chosen(rng):
    losses = rng.exponential(size=(5, 1000)) + np.array([1, 1, 0, 1, 1])[:, None]
    found = luck_of_the_best(losses, larger_is_better=False)
    assert found.best == 2
    assert found.certainty == 1
    assert found.naive == pytest.approx(losses[2].mean())
    assert abs(found.optimism) < 0.01


def test_the_corrected_score_is_nearer_the_truth_and_its_interval_covers_it(rng, holds_level, draws):
    off, uncovered = [], 0
    for draw in range(draws):
        found = luck_of_the_best(rng.random((10, 200)) < 0.8, larger_is_better=True, draws=200, seed=draw)
        off.append((found.naive - 0.8, found.corrected - 0.8))
        uncovered += not found.interval.holds(0.8)
    naive, corrected = np.mean(off, axis=0)
    assert naive > 0.03
    assert abs(corrected) < 0.35 * naive
    assert holds_level(uncovered, draws, 0.05)


def test_losses_and_gains_are_mirror_images(rng):
    scores = rng.random((6, 100))
    up, down = luck_of_the_best(scores, larger_is_better=True), luck_of_the_best(-scores, larger_is_better=False)
    assert up.corrected == -down.corrected
    assert up.optimism == down.optimism
    assert up.interval.low == -down.interval.high


def test_grouped_examples_say_what_single_ones_say(rng, monkeypatch):
    correct = rng.random((8, 4000)) < 0.8
    single = luck_of_the_best(correct, larger_is_better=True)
    monkeypatch.setattr(luck, "MOST", 500)
    grouped = luck_of_the_best(correct, larger_is_better=True)
    assert grouped.naive == pytest.approx(single.naive)
    assert grouped.optimism == pytest.approx(single.optimism, abs=0.003)
    assert grouped.interval == pytest.approx(single.interval, abs=0.01)


def test_groups_are_drawn_whole(rng):
    means = rng.random((4, 60)) < 0.7
    once, numbers = luck_of_the_best(means, larger_is_better=True), np.repeat(np.arange(60), 20)
    many = luck_of_the_best(means[:, numbers], larger_is_better=True, groups=Groups(numbers))
    assert many.naive == pytest.approx(once.naive) and many.corrected == pytest.approx(once.corrected, abs=0.005)
    assert many.interval == pytest.approx(once.interval, abs=0.02)
    five = Groups(np.arange(1200) // 240)
    assert isinstance(luck_of_the_best(means[:, numbers], larger_is_better=True, groups=five), NotComputable)


def test_a_row_that_is_not_finite_is_skipped(rng):
    losses = rng.random((4, 60))
    losses[0, 3] = np.nan
    assert luck_of_the_best(losses, larger_is_better=False).skipped == (0,)


@pytest.mark.parametrize("scores", [np.ones((3, 5)), np.full((3, 50), np.inf), np.ones((0, 50))])
def test_what_cannot_be_resampled_is_said(scores):
    assert isinstance(luck_of_the_best(scores, larger_is_better=True), NotComputable)
