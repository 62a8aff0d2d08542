"""The section on the folds of a cross-validated run: the score of each, and the spread between them."""

from __future__ import annotations

import numpy as np

from dl.intervals import Estimate, corrected_interval
from dl.runs.wording import show_estimate, show_value
from dl.words import many
from dl_reports.facts import Facts


def show_folds(facts: Facts) -> list[str]:
    """Return a line on all folds, and one for each; nothing for a run of one fit."""
    folds, metric = facts.manifest.folds, facts.metric
    if not folds:
        return []
    scores = np.array([fold.score for fold in folds])
    share = float(np.mean([fold.val / fold.train for fold in folds]))
    low, high = corrected_interval(scores, share)
    if metric.kind != "mean" or metric.higher:
        low, high = max(low, 0.0), min(high, 1.0)
    estimate = Estimate(float(scores.mean()), low, high)
    least, most = (show_value(metric, float(end)) for end in (scores.min(), scores.max()))
    lines = [
        f"{many(len(folds), 'fit')} of {facts.manifest.protocol}: {metric.name} from {least} to {most}",
        f"mean {show_estimate(metric, estimate)}, the interval by their spread (Nadeau and Bengio)",
    ]
    for fold in folds:
        size = f"{fold.train:,} to train on, {fold.val:,} held out"
        lines.append(f"fold {fold.fold}: {show_value(metric, fold.score)}, loss {fold.loss:.4f}; {size}")
    return lines
