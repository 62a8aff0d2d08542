from dataclasses import replace

import numpy as np
import pytest

from dl.tuning import luck
from dl.tuning.luck import luck_of_study


def test_the_score_as_seen_is_that_of_the_best_epoch_of_the_best_trial(blobs, tune):
    study = tune(blobs(200, spread=2.0), trials=4)
    assert study.luck.naive == pytest.approx(study.best.score) and study.luck_of == "accuracy"
    assert study.luck.corrected <= study.luck.naive + 0.01
    assert luck_of_study(study) == (study.luck, "accuracy")


def test_by_the_loss_the_luck_is_that_of_the_trial_with_the_least_loss(blobs, tune):
    study = tune(blobs(200, spread=2.0), trials=4, monitor="loss")
    losses = [trial.loss for trial in study.trials if trial.status == "finished"]
    assert study.best.loss == min(losses) and study.luck.naive == pytest.approx(study.best.score)


def test_of_very_many_epochs_every_few_and_the_best_ones_are_compared(blobs, tune, monkeypatch):
    study = tune(blobs(200, spread=2.0), trials=3, epochs=6)
    monkeypatch.setattr(luck, "MOST_ROWS", 6)
    found, _ = luck_of_study(study)
    assert found.naive == pytest.approx(study.luck.naive)


def test_too_few_examples_have_no_luck_that_can_be_told(blobs, tune):
    study = tune(blobs(40), trials=2)
    assert (study.luck, study.luck_of) == (None, "accuracy")
    assert luck_of_study(replace(study, trials=())) == (None, "accuracy")


def test_of_a_metric_that_is_no_mean_the_luck_is_that_of_the_loss(dataset, tune):
    rng = np.random.default_rng(0)
    targets = (rng.random(300) < 0.1).astype(np.int64)
    inputs = (rng.normal(0, 1, (300, 3)) + targets[:, None]).astype(np.float32)
    study = tune(dataset(inputs, targets, ("no", "yes")), trials=2)
    assert study.metric.kind == "ranking" and study.luck_of == "loss" and study.luck.naive > 0
