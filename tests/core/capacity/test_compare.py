"""Fits are compared in pairs; a turn allows for the choice of the best epoch."""

import numpy as np
import pytest

from dl.capacity.compare import has_turned, improvement, rise
from dl.groups import Groups


def losses(means, n=200, noise=0.3, seed=0):
    rng = np.random.default_rng(seed)
    hard = rng.exponential(1, n)
    return np.stack([mean + hard + noise * rng.standard_normal(n) for mean in means])


def test_a_loss_that_falls_and_rises_has_turned_by_the_difference_of_its_means():
    kept = losses([1.0, 0.5, 0.4, 0.2, 0.9])
    assert has_turned(kept)
    found = rise(kept)
    assert found.value == pytest.approx(kept[-1].mean() - kept[3].mean()) and found.low > 0


def test_a_loss_that_stays_level_turns_by_chance_in_few_fits():
    assert sum(has_turned(losses([0.5] * 40, seed=seed)) for seed in range(100)) <= 8


def test_few_examples_or_one_epoch_tell_nothing():
    assert not has_turned(losses([0.1, 5.0], n=10)) and rise(losses([0.1, 5.0], n=10)) is None
    assert not has_turned(losses([0.1])) and rise(losses([0.1])) is None


def test_groups_that_are_alike_tell_as_much_as_one_example_each():
    kept = np.repeat(losses([0.5, 0.62], n=30), 20, axis=1)
    assert has_turned(kept) and not has_turned(kept, Groups.of(np.repeat(np.arange(30), 20)))


def test_a_fit_that_learnt_is_better_than_one_that_did_not(blobs, fit):
    few, many = (fit(blobs(), model="dense", epochs=1, lr=lr) for lr in (1e-7, 0.05))
    info = many.manifest.task
    found = improvement(info, few, many)
    assert found.value == pytest.approx(many.best["val_accuracy"] - few.best["val_accuracy"])
    assert found.low < found.value < found.high
    assert improvement(info, many, many).value == 0


def test_a_metric_that_is_no_mean_is_compared_on_the_same_drawn_examples(dataset, fit):
    rng = np.random.default_rng(0)
    targets = (np.arange(400) % 10 == 0).astype(int)
    given = dataset((rng.normal(0, 1, (400, 3)) + 2 * targets[:, None]).astype(np.float32), targets, ("no", "yes"))
    few, many = (fit(given, model="dense", epochs=2, lr=lr) for lr in (1e-7, 0.02))
    info = many.manifest.task
    assert info.headline.kind == "ranking"
    assert improvement(info, few, many).low <= improvement(info, few, many).value
