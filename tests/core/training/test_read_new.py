"""New data in the form of a run: inputs as it prepared its own, targets in its numbers."""

import numpy as np
import pytest

from dl.data.examples import Examples
from dl.errors import BadData
from dl.runs.manifest import MetricInfo, TaskInfo
from dl.training.read_new import adopt_targets

METRIC = (MetricInfo("accuracy", True, 1.0, "proportion"),)
CLASSES = TaskInfo("multiclass", "", 3, ("ant", "bee", "cat"), METRIC, "cross_entropy", has_classes=True)
VALUES = TaskInfo("regression", "", 1, ("price",), METRIC, "squared_error")
LABELS = TaskInfo("multilabel", "", 2, ("red", "green"), METRIC, "bce", probabilities="sigmoid")


def labelled(targets, *names):
    return Examples(np.zeros((len(targets), 1)), np.array(targets), np.arange(len(targets)), names)


def test_classes_are_those_of_the_run_by_their_names_in_any_order_and_number():
    found = adopt_targets(labelled([0, 1, 0], "cat", "ant"), CLASSES, "1-a")
    assert found.targets.tolist() == [2, 0, 2] and found.names == ("ant", "bee", "cat")


def test_a_class_that_the_run_does_not_know_is_one_line():
    with pytest.raises(BadData, match="'dog': a class that 1-a does not know; it knows 'ant', 'bee', 'cat'"):
        adopt_targets(labelled([0, 1], "cat", "dog"), CLASSES, "1-a")
    kept = adopt_targets(labelled([0, 0], "cat", "dog"), CLASSES, "1-a")  # named, but no example has it
    assert kept.targets.tolist() == [2, 2]


def test_whole_numbers_that_were_read_as_classes_are_values_where_the_run_predicts_values():
    assert adopt_targets(labelled([1, 0], "3", "5.5"), VALUES, "1-a").targets.tolist() == [5.5, 3.0]
    with pytest.raises(BadData, match="the targets are classes, 'low', 'high'; 1-a predicts numbers"):
        adopt_targets(labelled([1, 0], "low", "high"), VALUES, "1-a")
    with pytest.raises(BadData, match="the target is 'rent'; 1-a predicts 'price'"):
        adopt_targets(labelled([1.0, 2.0], "rent"), VALUES, "1-a")


def test_labels_are_brought_into_the_order_of_the_run():
    flags = np.array([[1, 0], [0, 1]])
    assert adopt_targets(labelled(flags, "green", "red"), LABELS, "1-a").targets.tolist() == [[0, 1], [1, 0]]
    assert adopt_targets(labelled(flags[:, :1], "red"), LABELS, "1-a").targets.tolist() == [[1, 0], [0, 0]]
    with pytest.raises(BadData, match="'blue': labels that 1-a does not know"):
        adopt_targets(labelled(flags, "blue", "red"), LABELS, "1-a")
