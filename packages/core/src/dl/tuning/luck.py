"""The luck of a study: what its best score owes to being the best of many, from the outcomes of all trials."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from dl.intervals import widened
from dl.runs.estimates import possible
from dl.runs.luck import Luck, luck_of_the_best
from dl.runs.manifest import MetricInfo
from dl.runs.outcomes import PartOutcomes
from dl.tuning.pruning import FEWEST, headline_is_mean
from dl.tuning.study import RUNNING, Study, Trial

MOST_ROWS, MOST_CELLS = 4_000, 40_000_000  # epochs of all trials that are compared, and values in them
LOSS = MetricInfo("loss", False, 0.0, "mean")


def luck_of_study(study: Study) -> tuple[Luck | None, str]:
    """Estimate the score of the best trial on new examples, and name the score that is estimated.

    The rows among which a bag chooses are the epochs of all trials, since the epoch was chosen as well; of very many,
    every few and the best of each trial. Where the headline metric is no mean over examples, it is done for the loss.
    A trial that was pruned after some of its folds lacks the scores of the others, and could not have been chosen.
    """
    name = study.metric.name if headline_is_mean(study.metric) else "loss"
    ended = [trial for trial in study.trials if trial.status != RUNNING and trial.score is not None]
    scored = [trial for trial in ended if study.is_at_hand(trial) and study.is_whole(trial)]
    if not scored:
        return None, name
    parts = [study.run(trial).outcomes("val") for trial in scored]
    groups, n = parts[0].groups, parts[0].loss.shape[1]
    if n < FEWEST or (groups is not None and groups.few):
        return None, name
    most = max(len(scored), min(MOST_ROWS, MOST_CELLS // n))
    stride = -(-sum(len(part.loss) for part in parts) // most)
    rows = [_kept(trial, part, stride) for trial, part in zip(scored, parts, strict=True)]
    loss, score = (
        np.concatenate([getattr(part, one)[kept] for part, kept in zip(parts, rows, strict=True)])
        for one in ("loss", "score")
    )
    if name == "loss":
        found = luck_of_the_best(loss, False, groups=groups)
    else:
        by = loss if study.monitor == "loss" else None
        found = luck_of_the_best(score, study.metric.higher, groups=groups, losses=by)
    if found is not None and study.protocol:  # each network learnt from what the others are scored on
        metric = LOSS if name == "loss" else study.metric
        found = replace(found, interval=possible(metric, widened(found.corrected, found.interval)))
    return found, name


def _kept(trial: Trial, part: PartOutcomes, stride: int) -> NDArray[np.intp]:
    """Return the epochs of a trial that are compared, from 0."""
    return np.unique([*range(0, len(part.loss), stride), trial.best_epoch - 1])
