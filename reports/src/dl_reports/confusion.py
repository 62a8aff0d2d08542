"""The confusion matrix of the validation set at the best epoch, by the run's thresholds, and the most confused classes.

Letters: ``C`` classes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dl_reports.checks.labels import class_name
from dl_reports.facts import Facts
from dl_reports.report import ConfusedPair, Confusion
from dl_reports.statistics import NotComputable

LARGEST_MATRIX = 30  # classes; of more, the most confused ones are shown
PAIRS = 10


def confusion(facts: Facts) -> Confusion | NotComputable:
    """Count the predicted class of each validation example by its true class."""
    if isinstance(facts.answers, NotComputable):
        return facts.answers
    decided, val = facts.decisions, facts.kept.val
    if isinstance(decided, NotComputable):
        return decided
    answers = decided.astype(np.int64)
    if isinstance(val, NotComputable):
        return val
    targets = val.targets.astype(np.int64)
    if targets.shape != answers.shape or targets.min() < 0:
        return NotComputable("targets and answers do not match")
    size = int(max(targets.max(), answers.max())) + 1
    pairs = _pairs(facts, targets, answers, size)
    classes = max(size, len(facts.manifest.task.names))
    shown = np.arange(classes) if classes <= LARGEST_MATRIX else _most_confused(targets, answers, size)
    place = np.full(max(size, classes), -1)
    place[shown] = np.arange(len(shown))
    inside = (place[targets] >= 0) & (place[answers] >= 0)
    cells = place[targets[inside]] * len(shown) + place[answers[inside]]
    counts = np.bincount(cells, minlength=len(shown) ** 2).reshape(len(shown), len(shown)).astype(np.int64)
    names = tuple(class_name(facts, int(k)) for k in shown)
    return Confusion(names, counts, pairs, classes - len(shown))


def _pairs(facts: Facts, targets: NDArray[np.int64], answers: NDArray[np.int64], size: int) -> tuple[ConfusedPair, ...]:
    wrong = targets != answers
    cells, counts = np.unique(targets[wrong] * size + answers[wrong], return_counts=True)
    of_class = np.bincount(targets, minlength=size)
    chosen = np.argsort(-counts, kind="stable")[:PAIRS]
    found = []
    for cell, count in zip(cells[chosen].tolist(), counts[chosen].tolist(), strict=True):
        true, predicted = divmod(cell, size)
        share = count / int(of_class[true])
        found.append(ConfusedPair(class_name(facts, true), class_name(facts, predicted), count, share))
    return tuple(found)


def _most_confused(targets: NDArray[np.int64], answers: NDArray[np.int64], size: int) -> NDArray[np.intp]:
    wrong = targets != answers
    errors = np.bincount(targets[wrong], minlength=size) + np.bincount(answers[wrong], minlength=size)
    return np.sort(np.argsort(-errors, kind="stable")[:LARGEST_MATRIX])
