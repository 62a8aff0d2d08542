"""The section on the folds of a cross-validated run: the score of each, and the spread between them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dl.intervals import Estimate, corrected_interval
from dl.runs.estimates import possible
from dl.runs.manifest import MetricInfo
from dl.runs.wording import show_estimate, show_value
from dl.words import many
from dl_reports.facts import Facts
from dl_reports.formatting import metric_word

UNEQUAL = 1.5  # times that the largest fold is the smallest, from where on their mean is another than the score


def show_folds(facts: Facts) -> list[str]:
    """Return a line on all folds, and one for each; nothing for a run of one fit."""
    folds, metric = facts.manifest.folds, facts.metric
    if not folds:
        return []
    scores = np.array([fold.score for fold in folds])
    share = float(np.mean([fold.val / fold.train for fold in folds]))
    sizes = [fold.val for fold in folds]
    alike = "each counted alike, " if max(sizes) > UNEQUAL * min(sizes) else ""  # the score above goes by example
    least, most = (show_value(metric, float(end)) for end in (scores.min(), scores.max()))
    lines = [
        f"{many(len(folds), 'fit')} of {facts.manifest.protocol}: {metric_word(metric.name)} from {least} to {most}",
        f"mean {_mean(metric, scores, share, alike)}",
    ]
    for fold in folds:
        size = f"{fold.train:,} to train on, {fold.val:,} held out"
        lines.append(f"fold {fold.fold}: {show_value(metric, fold.score)}, loss {fold.loss:.4f}; {size}")
    return lines


def _mean(metric: MetricInfo, scores: NDArray[np.float64], share: float, alike: str) -> str:
    """Describe the mean of the folds' scores; without an interval where all are alike, since none follows from it."""
    mean = float(scores.mean())
    if scores.min() == scores.max():
        return f"{show_value(metric, mean)}; they do not differ, so that no interval follows from their spread"
    estimate = Estimate(mean, *possible(metric, corrected_interval(scores, share)))
    return f"{show_estimate(metric, estimate)}, {alike}the interval by their spread (Nadeau and Bengio)"
