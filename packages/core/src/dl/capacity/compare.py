"""Compare fits of a study in pairs, on the same validation examples, and tell whether a validation loss has turned.

Letters: ``n`` validation examples, ``T`` epochs.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dl.groups import Groups
from dl.intervals import Estimate, interval_of_mean, turned_interval
from dl.runs.estimates import gain_in_pairs
from dl.runs.manifest import TaskInfo
from dl.runs.outcomes import Scored, read_logits
from dl.runs.run import Run

FEWEST = 20  # examples from which the normal law of a mean of losses is more than a guess


def best_scored(run: Run) -> tuple[Scored, NDArray[np.generic], Groups | None]:
    """Return outcomes, targets and groups of the validation set at the best epoch of a run."""
    kept, at = run.outcomes("val"), run.manifest.best_epoch - 1
    loss, score, margin = (np.asarray(column[at], np.float32) for column in (kept.loss, kept.score, kept.margin))
    return Scored(loss, score, margin, read_logits(run.outcomes_folder, "best")), kept.targets, kept.groups


def improvement(info: TaskInfo, before: Run, after: Run, level: float = 0.95) -> Estimate:
    """Estimate how much better the second fit scores at its best epoch, in pairs; positive is better.

    Args:
        info: The task, with the headline metric.
        before: A fit.
        after: Another one with the same validation set.
        level: Confidence.
    """
    (first, targets, groups), (second, _, _) = best_scored(before), best_scored(after)
    if info.headline.kind not in ("proportion", "mean"):
        gain = gain_in_pairs(info, second.logits, first.logits, targets, groups, level)
        return Estimate(gain.better, *gain.interval)
    return lead_in_pairs(info, second.score, first.score, groups, level)


def lead_in_pairs(
    info: TaskInfo,
    scores: NDArray[np.generic],
    others: NDArray[np.generic],
    groups: Groups | None = None,
    level: float = 0.95,
) -> Estimate:
    """Estimate how much better scores (n,) are than others of the same examples, where the headline is a mean."""
    d = scores.astype(np.float64) - others.astype(np.float64)
    if not info.headline.higher:
        d = -d
    if info.headline.kind == "proportion" and groups is None:
        interval = turned_interval(int((d > 0).sum()), int((d < 0).sum()), len(d), level)
        return Estimate(float(d.mean()), *interval)
    return Estimate(float(d.mean()), *interval_of_mean(d, groups, level))


def rise(losses: NDArray[np.floating], groups: Groups | None = None, level: float = 0.95) -> Estimate | None:
    """Estimate the rise of the mean validation loss from an earlier epoch to the last, in pairs.

    The earlier one is the best of those numbered by powers of two, whose choice the interval allows for: neighbouring
    epochs are so alike that each as a candidate would cost certainty and gain nothing.

    Args:
        losses: (T, n) of each example after each epoch.
        groups: Of the examples.
        level: Confidence of all comparisons together.

    Returns:
        None for fewer than two epochs or `FEWEST` examples, or where a loss is not finite.

    Source: Bonferroni's inequality.
    """
    epochs = len(losses)
    candidates = [2**k - 1 for k in range(epochs.bit_length()) if 2**k < epochs]
    if not candidates or losses.shape[1] < FEWEST or not np.isfinite(losses[[*candidates, -1]]).all():
        return None
    best = min(candidates, key=lambda epoch: float(losses[epoch].mean(dtype=np.float64)))
    d = losses[-1].astype(np.float64) - losses[best]
    return Estimate(float(d.mean()), *interval_of_mean(d, groups, 1 - (1 - level) / len(candidates)))


def has_turned(losses: NDArray[np.floating], groups: Groups | None = None) -> bool:
    """Return whether the validation loss is certainly higher after the last epoch than after an earlier one."""
    found = rise(losses, groups)
    return found is not None and found.low > 0
