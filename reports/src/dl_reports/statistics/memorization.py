"""Memorization: which examples were learnt, forgotten or memorized over the epochs, and which look mislabelled.

Letters: ``T`` epochs, ``m`` examples (the probe). Right and wrong, and margins, are (T, m).
A margin is the logit of the given class minus the largest other; negative when the network prefers another class.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dl.groups import Groups
from dl.intervals import Interval, proportion_interval
from dl_reports.statistics.not_computable import NotComputable


@dataclass(frozen=True)
class Memorization:
    """When the examples were fitted, and which look mislabelled.

    Attributes:
        forgetting: (m,) times an example went from right to wrong.
        first_fitted: (m,) first epoch from which it stays right to the end; T when it never does.
        unforgettable: Share learnt at some epoch and never forgotten.
        late: Share fitted for good only after the onset; NotComputable without an onset.
        late_interval: Of that share.
    """

    forgetting: NDArray[np.intp]
    first_fitted: NDArray[np.intp]
    unforgettable: float
    late: float | NotComputable
    late_interval: Interval | NotComputable


@dataclass(frozen=True)
class Suspects:
    """Examples most likely mislabelled, or very hard.

    Attributes:
        order: (m,) indices of all examples, the most suspect first.
        margin: (m,) area under the margin of each example, in the order of the examples.
        negative: Examples whose area is negative: on average the network preferred another class.
        epochs: Epochs averaged over.
    """

    order: NDArray[np.intp]
    margin: NDArray[np.float64]
    negative: int
    epochs: int


def forgetting_events(correct: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Count how often each example (m,) goes from right to wrong between successive epochs of (T, m).

    Source: Toneva et al. 2019, An empirical study of example forgetting, definition of a forgetting event.
    """
    return np.asarray((correct[:-1] & ~correct[1:]).sum(axis=0, dtype=np.intp))


def first_fitted(correct: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Find the first epoch from which each example of (T, m) stays right, (m,); T when the last is wrong."""
    last_wrong = np.argmax(~correct[::-1], axis=0)  # counted from the end; 0 also when never wrong
    return np.where(correct.all(axis=0), 0, len(correct) - last_wrong).astype(np.intp)


def memorization(
    correct: NDArray[np.bool_], onset: int | None, groups: Groups | None = None
) -> Memorization | NotComputable:
    """Find when each example of (T, m) was fitted, and the share fitted only after the onset of overfitting.

    Source: Toneva et al. 2019 for forgetting; the share is the part of the fit that validation did not profit from.
    """
    epochs, m = correct.shape
    if epochs < 2 or m == 0:
        return NotComputable(f"it takes two epochs and one example; found {epochs} and {m}")
    events, fitted = forgetting_events(correct), first_fitted(correct)
    kept = float(((events == 0) & correct.any(axis=0)).mean())
    if onset is None:
        absent = NotComputable("no onset of overfitting is established")
        return Memorization(events, fitted, kept, absent, absent)
    late = (fitted >= onset) & (fitted < epochs)
    return Memorization(events, fitted, kept, float(late.mean()), proportion_interval(late, groups))


def suspects(margins: NDArray[np.floating], until: int | None = None) -> Suspects | NotComputable:
    """Rank examples by the area under the margin over the epochs before ``until`` (all when None).

    Stop where overfitting sets in: later the network also fits the wrong labels, and their margins turn. Epochs with
    a margin that is not finite are left out. For regression pass the negative absolute errors.

    Source: Pleiss et al. 2020, Identifying mislabeled data using the area under the margin ranking, section 3.
    """
    early = margins[:until]
    usable = [row for row in early if np.isfinite(row).all()]
    if not usable or margins.shape[1] == 0:
        return NotComputable("no epoch has finite margins on all examples")
    area = sum(row.astype(np.float64) for row in usable) / len(usable)
    order = np.argsort(area, kind="stable")
    return Suspects(order, np.asarray(area), int((area < 0).sum()), len(usable))
