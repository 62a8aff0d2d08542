"""Recall and precision of single classes and labels, and which are hardly found."""

import numpy as np
import pytest
from sklearn.metrics import precision_score, recall_score

from dl.groups import Groups
from dl.intervals import wilson
from dl_reports.statistics.classes import count_classes, count_labels

RNG = np.random.default_rng(0)


def test_recall_and_precision_are_scikit_learns():
    targets, answers = RNG.integers(0, 4, 500), RNG.integers(0, 4, 500)
    counts = count_classes(targets, answers, 4)
    assert counts.right / counts.examples == pytest.approx(recall_score(targets, answers, average=None))
    assert counts.right / counts.answers == pytest.approx(precision_score(targets, answers, average=None))
    assert counts.recall(2) == wilson(counts.right[2], counts.examples[2])


def test_labels_are_counted_each_on_its_own():
    targets, answers = RNG.integers(0, 2, (300, 3)), RNG.integers(0, 2, (300, 3))
    counts = count_labels(targets, answers)
    assert counts.right / counts.examples == pytest.approx(recall_score(targets, answers, average=None))
    assert counts.right / counts.answers == pytest.approx(precision_score(targets, answers, average=None))


def test_one_of_eighty_is_missed_among_thousands_that_are_found():
    targets = np.repeat([0, 1], [3920, 80])
    answers = np.zeros(4000, np.int64)
    answers[-1] = 1
    assert count_classes(targets, answers, 2).missed(0.01).tolist() == [1]


def test_two_examples_that_are_missed_tell_nothing():
    targets = np.repeat([0, 1], [98, 2])
    assert len(count_classes(targets, np.zeros(100, np.int64), 2).missed(0.01)) == 0


def test_classes_that_are_found_alike_are_rarely_called_missed():
    false = 0
    for _ in range(200):
        targets = RNG.choice(5, 400, p=(0.6, 0.2, 0.1, 0.06, 0.04))
        answers = np.where(RNG.random(400) < 0.7, targets, (targets + RNG.integers(1, 5, 400)) % 5)
        false += len(count_classes(targets, answers, 5).missed(0.01)) > 0
    assert false <= 2


@pytest.mark.parametrize("labels", [False, True])
def test_the_recall_of_a_class_is_as_certain_as_its_groups_allow(labels):
    targets, answers = RNG.integers(0, 2, 60), RNG.integers(0, 2, 60)
    numbers = np.repeat(np.arange(60), 10)
    many = targets[numbers], answers[numbers]
    if labels:
        counts = count_labels(many[0][:, None], many[1][:, None], Groups(numbers))
        k = 0
    else:
        counts, k = count_classes(*many, 2, Groups(numbers)), 1
    once = count_classes(targets, answers, 2)
    assert counts.recall(k) == pytest.approx(once.recall(1)) and counts.precision(k) == pytest.approx(once.precision(1))


def test_of_a_class_in_few_groups_nothing_is_known():
    targets = np.repeat([1, 0], [50, 150])
    counts = count_classes(targets, targets, 2, Groups(np.arange(200) // 10))
    assert counts.recall(1) == (0.0, 1.0) and counts.recall(0).low > 0.5
