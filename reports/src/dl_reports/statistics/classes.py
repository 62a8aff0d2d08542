"""Classes: how many examples of each class, or of each label, a network finds, and how many of its answers are right.

Letters: ``n`` examples, ``K`` classes or labels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dl.groups import Groups
from dl.intervals import Interval, effective_size, wilson
from dl.runs.thresholds import widen

HALF = 0.5


@dataclass(frozen=True)
class ClassCounts:
    """Counts of the classes or labels on one set, each (K,).

    Attributes:
        examples: Examples of the class.
        answers: Examples that the network gives the class.
        right: Of those, the right ones.
        sizes: (2, K) examples and answers as independent ones, fewer where they share groups; None for the counts.
        tuned: (K,) which are answered by thresholds that differ from example to example; None for none.
    """

    examples: NDArray[np.int64]
    answers: NDArray[np.int64]
    right: NDArray[np.int64]
    sizes: NDArray[np.float64] | None = None
    tuned: NDArray[np.bool_] | None = None

    def recall(self, k: int, level: float = 0.95) -> Interval:
        """Return the interval of the share of the class's examples that are found. Source: Wilson 1927."""
        return self._share(self.examples, 0, k, level)

    def precision(self, k: int, level: float = 0.95) -> Interval:
        """Return the interval of the share of the answers that are right. Source: Wilson 1927."""
        return self._share(self.answers, 1, k, level)

    def _share(self, of: NDArray[np.int64], row: int, k: int, level: float) -> Interval:
        size = float(of[k]) if self.sizes is None else float(self.sizes[row, k])
        share = float(self.right[k] / max(1, of[k]))
        found = wilson(share * size, size, level)
        return widen(share, found) if self.tuned is not None and self.tuned[k] and of[k] else found

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


def count_classes(
    targets: NDArray[np.integer], answers: NDArray[np.integer], size: int, groups: Groups | None = None
) -> ClassCounts:
    """Count K classes from targets and answers, (n,) class numbers."""
    right = targets[targets == answers]
    counted = (np.bincount(numbers, minlength=size).astype(np.int64) for numbers in (targets, answers, right))
    true, given, found = counted
    if groups is None:
        return ClassCounts(true, given, found)
    sides = [[column == k for k in range(size)] for column in (targets, answers)]
    return ClassCounts(true, given, found, _sizes(sides, targets == answers, groups))


def count_labels(
    targets: NDArray[np.generic], answers: NDArray[np.generic], groups: Groups | None = None
) -> ClassCounts:
    """Count K labels from targets and answers, (n, K) zeros and ones."""
    true, given = targets.astype(np.bool_), answers.astype(np.bool_)
    examples, answered, found = (flags.sum(axis=0, dtype=np.int64) for flags in (true, given, true & given))
    if groups is None:
        return ClassCounts(examples, answered, found)
    # Among the examples with a label, or answered with it, those are right whose answer is the target.
    sizes = [_sizes([[true[:, k]], [given[:, k]]], true[:, k] == given[:, k], groups) for k in range(true.shape[1])]
    return ClassCounts(examples, answered, found, np.hstack(sizes))


def _sizes(
    sides: Sequence[Sequence[NDArray[np.bool_]]], right: NDArray[np.bool_], groups: Groups
) -> NDArray[np.float64]:
    """Return the effective sizes (2, K) of the examples under each mask."""
    return np.array(
        [[effective_size(right[mask], groups.take(mask)) if mask.any() else 0.0 for mask in side] for side in sides]
    )
