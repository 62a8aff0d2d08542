"""The confusion matrix, worked by hand from logits that name their class."""

import numpy as np
import pytest

from dl_reports.build import build_report
from dl_reports.confusion import LARGEST_MATRIX, confusion
from dl_reports.statistics import NotComputable

HEALTHY = {"signal": [2.0, 3.0, *[3.5] * 6], "probe_signal": [2.1, 3.1, *[4.5] * 6]}


@pytest.fixture
def predicted(parts, plugins):
    """Facts of one epoch at which these classes were predicted for these targets."""
    draw, facts_of = parts

    def make(targets, answers, classes=3):
        part = draw(np.random.default_rng(0), len(targets), 1, classes=classes)
        part.logits[:] = 0.0
        part.logits[:, np.arange(len(targets)), answers] = 1.0
        part.targets[:] = targets
        return facts_of(part, part, plugins)

    return make


def test_confusion_counts_every_validation_example(simulated):
    report = build_report(simulated(**HEALTHY))
    assert report.confusion.counts.sum() == report.header.val
    assert sum(pair.count for pair in report.confusion.pairs) <= report.header.val - report.confusion.counts.trace()


def test_a_matrix_worked_by_hand(predicted):
    found = confusion(predicted([0, 0, 0, 0, 1, 1, 2], [0, 0, 1, 1, 1, 2, 2]))
    assert found.counts.tolist() == [[2, 2, 0], [0, 1, 1], [0, 0, 1]]
    assert [(one.true, one.predicted, one.count, one.share) for one in found.pairs] == [
        ("class 0", "class 1", 2, 0.5),
        ("class 1", "class 2", 1, 0.5),
    ]


def test_of_many_classes_the_most_confused_are_shown(predicted):
    classes = np.arange(LARGEST_MATRIX + 10)
    answers = classes.copy()
    answers[[35, 38]] = [38, 35]
    found = confusion(predicted(classes, answers, classes=len(classes)))
    assert len(found.names) == LARGEST_MATRIX and found.left_out == 10
    assert {"class 35", "class 38"} <= set(found.names)


def test_targets_that_are_no_classes_have_no_matrix(predicted):
    assert isinstance(confusion(predicted([-1, 0, 1], [0, 0, 1])), NotComputable)
