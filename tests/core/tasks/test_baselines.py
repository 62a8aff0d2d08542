import math

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.metrics import log_loss

from dl.data.examples import Examples, whole
from dl.tasks.table import decide
from dl.testing.numbers import Numbers


def by_name(train, val, names=(), asked=""):
    task = decide(train, names, asked)
    found = task.row.baselines(task, part_of(train), part_of(val), Numbers((0,)))
    return {one.name: one for one in found}


def part_of(target):
    return whole(Examples(np.empty((len(target), 0)), target, np.arange(len(target)), ()))


def test_the_majority_scores_its_share_and_has_no_loss():
    found = by_name(np.array([0, 0, 1]), np.array([0, 0, 0, 1]), ("cat", "dog"))
    assert found["majority"].score == 0.75 and found["majority"].loss is None
    assert found["majority"].answer == "always 'cat'"


def test_the_prior_of_two_even_classes_costs_log_two_nats():
    found = by_name(np.array([0, 1]), np.array([0, 1, 1]))
    assert found["prior"].loss == pytest.approx(math.log(2))


@pytest.mark.parametrize("classes", [2, 5])
def test_majority_and_prior_are_scikit_learns_dummies(classes):
    rng = np.random.default_rng(0)
    train, val = rng.integers(0, classes, 300), rng.integers(0, classes, 100)
    found, nothing = by_name(train, val), np.zeros((300, 1))
    dummy = DummyClassifier(strategy="prior").fit(nothing, train)
    assert found["majority"].score == pytest.approx(dummy.score(nothing[:100], val))
    assert found["prior"].loss == pytest.approx(log_loss(val, dummy.predict_proba(nothing[:100])), rel=1e-5)


def test_a_class_that_training_hardly_has_does_not_make_the_loss_infinite():
    found = by_name(np.array([0, 1, 0]), np.array([2, 2]), ("a", "b", "c"))
    assert math.isfinite(found["prior"].loss) and found["prior"].loss == pytest.approx(-math.log(1e-4), rel=1e-3)


def test_the_label_prior_scores_each_label_at_its_share():
    train = np.array([[0, 1], [0, 1], [1, 1], [0, 0]])
    val = np.array([[1, 1], [0, 1], [0, 0], [0, 0]])
    found = by_name(train, val)["prior"]
    assert found.score == pytest.approx((0.25 + 0.5) / 2)  # a constant answer ranks nothing: precision is the share
    by_hand = [-math.log(0.25) - math.log(0.75), -math.log(0.75) * 2, *[-math.log(0.75) - math.log(0.25)] * 2]
    assert found.loss == pytest.approx(np.mean(by_hand))


@pytest.mark.parametrize("strategy", ["mean", "median"])
def test_regression_baselines_are_scikit_learns_dummies_in_target_units(strategy):
    rng = np.random.default_rng(0)
    train, val, nothing = rng.exponential(100, (200, 2)), rng.exponential(100, (50, 2)), np.zeros((200, 1))
    said = DummyRegressor(strategy=strategy).fit(nothing, train).predict(nothing[:50])
    assert by_name(train, val)[strategy].score == pytest.approx(np.abs(said - val).mean(), rel=1e-4)


def test_the_loss_of_the_mean_is_one_on_the_training_targets_themselves():
    train = np.random.default_rng(0).normal(7, 3, 500)
    found = by_name(train, train)["mean"]
    assert found.loss == pytest.approx(1.0, rel=1e-4) and found.answer == f"always {train.mean():.4g}"


@pytest.mark.parametrize("strategy", ["mean", "median"])
def test_a_share_is_guessed_at_the_mean_or_the_median(strategy):
    train, val = np.array([0.0, 0.1, 0.8]), np.array([0.5, 0.2])
    said = {"mean": 0.3, "median": 0.1}[strategy]
    assert by_name(train, val)[strategy].score == pytest.approx((abs(0.5 - said) + abs(0.2 - said)) / 2, rel=1e-4)


def test_an_imbalanced_class_is_scored_by_average_precision():
    train = np.repeat([0, 1], [90, 10])
    found = by_name(train, train)
    assert found["majority"].score == pytest.approx(0.1)


def test_many_columns_are_named_up_to_three():
    assert by_name(np.arange(20.0).reshape(4, 5), np.zeros((1, 5)))["mean"].answer == "always 7.5, 8.5, 9.5, …"
