"""The recall of each class and label is counted, of one target and of several."""

import numpy as np

from dl.data.heads import CLASSES, NUMBERS, Head, HeadNames, join
from dl.exporting.recall import Recall, recalls_of
from dl.tasks.table import decide


def test_of_classes_those_answered_rightly_count():
    targets = np.array([0, 0, 1, 1, 2, 2, 2])
    answers = np.array([0, 1, 1, 1, 0, 2, 2])
    found = recalls_of(decide(targets, ("line", "box", "ball")), targets, [np.zeros((7, 3)), answers])
    assert found == (Recall("line", 2, 1), Recall("box", 2, 2), Recall("ball", 3, 2))


def test_of_labels_those_given_where_they_belong_count():
    targets = np.array([[1, 0], [1, 1], [0, 1], [1, 1]], np.uint8)
    answers = np.array([[1, 1], [0, 1], [1, 0], [1, 1]])
    found = recalls_of(decide(targets, ("red", "round")), targets, [np.zeros((4, 2)), answers])
    assert found == (Recall("red", 3, 2), Recall("round", 3, 2))


def test_of_several_targets_each_class_has_the_name_of_its_target():
    heads = HeadNames.of((Head("price", NUMBERS, ("price",)), Head("sold", CLASSES, ("no", "yes"))))
    targets = join([np.array([1.0, 2.0, 3.0, 6.0]), np.array([0, 0, 0, 1])])
    outputs = [np.zeros((4, 1)), np.zeros((4, 2)), np.array([0, 0, 1, 1])]
    found = recalls_of(decide(targets, heads), targets, outputs)
    assert found == (Recall("sold: no", 3, 2), Recall("sold: yes", 1, 1))
    numbers = np.array([1.5, 2.5, 3.5])
    assert recalls_of(decide(numbers, ("price",)), numbers, [np.zeros((3, 1))]) == ()
