"""Classes: how many examples of each class, or of each label, a network finds, and how many of its answers are right.

Letters: ``n`` examples, ``K`` classes or labels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dl.intervals import Interval, wilson

HALF = 0.5


@dataclass(frozen=True)
class ClassCounts:
    """Counts of the classes or labels on one set, each (K,).

    Attributes:
        examples: Examples of the class.
        answers: Examples that the network gives the class.
        right: Of those, the right ones.
    """

    examples: NDArray[np.int64]
    answers: NDArray[np.int64]
    right: NDArray[np.int64]

    def recall(self, k: int, level: float = 0.95) -> Interval:
        """Return the interval of the share of the class's examples that are found. Source: Wilson 1927."""
        return wilson(int(self.right[k]), int(self.examples[k]), level)

    def precision(self, k: int, level: float = 0.95) -> Interval:
        """Return the interval of the share of the answers that are right. Source: Wilson 1927."""
        return wilson(int(self.right[k]), int(self.answers[k]), level)

    @property
    def pooled_recall(self) -> float:
        """The share of all examples that are found; the accuracy, where each example has one class."""
        return float(self.right.sum() / max(1, self.examples.sum()))

    def missed(self, level: float) -> NDArray[np.intp]:
        """Return the classes certainly found less than half as often as all examples are, the least found first.

        A class that is never found is among them where the same would surprise at a recall of one half.

        Args:
            level: Chance of any false one among all classes.
        """
        tested = np.flatnonzero(self.examples > 0)
        one_sided = 1 - 2 * level / max(1, len(tested))
        bars = np.where(self.right > 0, HALF * self.pooled_recall, HALF)
        found = [k for k in tested if self.recall(int(k), one_sided).high < bars[k]]
        return np.array(sorted(found, key=lambda k: self.right[k] / self.examples[k]), dtype=np.intp)


def count_classes(targets: NDArray[np.integer], answers: NDArray[np.integer], size: int) -> ClassCounts:
    """Count K classes from targets and answers, (n,) class numbers."""
    right = targets[targets == answers]
    counted = (np.bincount(numbers, minlength=size).astype(np.int64) for numbers in (targets, answers, right))
    return ClassCounts(*counted)


def count_labels(targets: NDArray[np.generic], answers: NDArray[np.generic]) -> ClassCounts:
    """Count K labels from targets and answers, (n, K) zeros and ones."""
    true, given = targets.astype(np.bool_), answers.astype(np.bool_)
    return ClassCounts(*(flags.sum(axis=0, dtype=np.int64) for flags in (true, given, true & given)))
