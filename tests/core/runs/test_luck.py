import numpy as np
import pytest

from dl.groups import Groups
from dl.runs.luck import luck_of_the_best


def test_the_best_of_equal_trials_is_corrected_towards_their_common_truth():
    rng = np.random.default_rng(0)
    found = [luck_of_the_best(rng.random((20, 150)) < 0.7, True, draws=200, seed=k) for k in range(20)]
    naive, corrected = (np.mean([getattr(one, name) for one in found]) for name in ("naive", "corrected"))
    assert naive > 0.75 and abs(corrected - 0.7) < 0.02


def test_chosen_by_losses_that_tell_nothing_a_score_has_no_luck():
    rng = np.random.default_rng(1)
    scores, losses = rng.random((20, 400)) < 0.7, rng.random((20, 400))
    by_score, by_loss = luck_of_the_best(scores, True), luck_of_the_best(scores, True, losses=losses)
    assert by_loss.best == int(losses.mean(axis=1).argmin())
    assert by_loss.naive == pytest.approx(scores[by_loss.best].mean())
    assert abs(by_loss.optimism) < by_score.optimism / 2


def test_chosen_by_losses_that_are_one_less_the_scores_it_is_as_chosen_by_the_scores():
    scores = np.random.default_rng(2).random((5, 60)) < 0.6
    assert luck_of_the_best(scores, True, losses=1.0 - scores) == luck_of_the_best(scores, True)


def test_groups_are_drawn_whole():
    scores, numbers = np.random.default_rng(3).random((4, 60)) < 0.7, np.repeat(np.arange(60), 20)
    once, many = luck_of_the_best(scores, True), luck_of_the_best(scores[:, numbers], True, groups=Groups(numbers))
    assert many.corrected == pytest.approx(once.corrected, abs=0.005)


def test_rows_that_are_not_finite_are_skipped_and_without_others_there_is_none():
    scores, losses = np.ones((2, 30)), np.ones((2, 30))
    losses[0, 3] = np.inf
    assert luck_of_the_best(scores, True, losses=losses).skipped == (0,)
    assert luck_of_the_best(np.full((2, 30), np.nan), True) is None
    with pytest.raises(ValueError, match="scores must be"):
        luck_of_the_best(np.ones(3), True)
