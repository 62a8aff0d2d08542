"""Duplicates: validation examples that were also trained on, and what they add to the score.

Hashes stand for the canonical bytes of an example: any array of one value per example that can be compared.
Letters: ``N`` training examples, ``n`` validation examples.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dl.intervals import Interval, mean_difference, newcombe, wilson
from dl_reports.statistics.not_computable import NotComputable


@dataclass(frozen=True)
class Leak:
    """Validation examples whose input is also in the training part.

    Attributes:
        leaked: (n,) whether the example was also trained on.
        count: How many were.
        share: Their share of the validation part.
        interval: Of the share, for examples drawn alike.
    """

    leaked: NDArray[np.bool_]
    count: int
    share: float
    interval: Interval


@dataclass(frozen=True)
class Inflation:
    """What the leaked examples add to the mean score of the validation part.

    Attributes:
        on_leaked: Mean score of the leaked examples.
        on_clean: Mean score of the others: the honest score.
        inflation: Mean over all examples minus the mean over clean ones.
        interval: Of the inflation, at the share that is leaked here.
    """

    on_leaked: float
    on_clean: float
    inflation: float
    interval: Interval


@dataclass(frozen=True)
class Conflicts:
    """The same input with two targets.

    Attributes:
        groups: Inputs that come with more than one target.
        examples: Indices of all examples of those inputs, in order.
        share: Their share of all examples.
    """

    groups: int
    examples: NDArray[np.intp]
    share: float


def leak(train_hashes: NDArray[np.generic], val_hashes: NDArray[np.generic]) -> Leak | NotComputable:
    """Which validation examples (n,) are also among the training examples (N,), by hash."""
    n = len(val_hashes)
    if n == 0 or len(train_hashes) == 0:
        return NotComputable(f"there are {len(train_hashes)} training and {n} validation examples")
    leaked = np.isin(val_hashes, train_hashes)
    count = int(leaked.sum())
    return Leak(leaked, count, count / n, wilson(count, n))


def inflation(scores: NDArray[np.generic], leaked: NDArray[np.bool_]) -> Inflation | NotComputable:
    """How much the leaked examples add to the mean of per-example scores (n,), right and wrong or real.

    The inflation is the leaked share times the difference between leaked and clean, whose interval is Newcombe's for
    right and wrong and Welch's for real scores, somewhat short when fewer than a hundred skewed losses are leaked.
    Leaked and clean examples may differ in other ways, too.

    Source: the mean over all is the share-weighted mean of both parts.
    """
    n, count = len(leaked), int(leaked.sum())
    if count == 0:
        return NotComputable("no validation example is leaked")
    if count == n:
        return NotComputable("every validation example is leaked: no clean one is left to compare with")
    if not np.isfinite(np.asarray(scores, np.float64)).all():
        return NotComputable("some scores are not finite")
    ours, clean = (np.asarray(scores[mask], np.float64) for mask in (leaked, ~leaked))
    if scores.dtype == np.bool_:
        low, high = newcombe(float(ours.sum()), count, float(clean.sum()), n - count)
    elif min(count, n - count) < 2:
        return NotComputable(f"it takes two leaked and two clean examples; found {count} and {n - count}")
    else:
        low, high = mean_difference(
            float(ours.mean()), float(ours.std(ddof=1)), count, float(clean.mean()), float(clean.std(ddof=1)), n - count
        )
    share = count / n
    on_leaked, on_clean = float(ours.mean()), float(clean.mean())
    return Inflation(on_leaked, on_clean, share * (on_leaked - on_clean), Interval(share * low, share * high))


def conflicts(hashes: NDArray[np.generic], targets: NDArray[np.generic]) -> Conflicts | NotComputable:
    """Inputs (N,) by hash that come with more than one target; targets are (N,) or (N, D)."""
    total = len(hashes)
    if total == 0:
        return NotComputable("there are no examples")
    _, group = np.unique(hashes, return_inverse=True)
    target = targets if targets.ndim == 1 else np.unique(targets, axis=0, return_inverse=True)[1].ravel()
    first = np.empty(int(group.max()) + 1, dtype=target.dtype)
    first[group] = target  # any one target of the group
    mixed = np.zeros(len(first), dtype=np.bool_)
    mixed[group[target != first[group]]] = True
    examples = np.flatnonzero(mixed[group])
    return Conflicts(int(mixed.sum()), examples, len(examples) / total)
