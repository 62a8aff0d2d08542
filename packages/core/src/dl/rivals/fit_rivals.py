"""Fit the cheap learners of a domain on a split, and score them as a network is scored.

Letters: ``n`` training and ``m`` validation examples, ``C`` classes, ``L`` labels, ``D`` values.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from dl.data.examples import Subset
from dl.domain import Domain, Rival
from dl.groups import Groups
from dl.intervals import Estimate
from dl.runs.estimates import estimate
from dl.runs.manifest import Baseline
from dl.runs.outcomes import Scored
from dl.splits.holdout import choose_probe
from dl.tasks.task import Task

CLASSIFIER = "classifier"


@dataclass(frozen=True)
class RivalScore:
    """A rival scored on the validation set.

    Args:
        baseline: Its score, its time, and how many examples it learnt from.
        scores: (m,) of each validation example, as the task scores a network.
        estimate: Of the headline metric, with its interval.
    """

    baseline: Baseline
    scores: NDArray[np.float32]
    estimate: Estimate


def fit_rivals(
    domain: Domain, task: Task, train: Subset, val: Subset, seed: int = 0, groups: Groups | None = None
) -> list[RivalScore]:
    """Fit each rival of the domain on the training set, and score it on the validation set.

    Args:
        domain: With the rivals.
        task: Of the fit; without learners of scikit-learn's kind there is no rival.
        train: The training set.
        val: The validation set.
        seed: Of the draw where a rival learns from some examples alone.
        groups: Of the validation examples; None where they are independent.
    """
    if not task.row.learner:
        return []
    return [_fit(rival, task, train, val, seed, groups) for rival in domain.rivals(task.row.learner)]


def _fit(rival: Rival, task: Task, train: Subset, val: Subset, seed: int, groups: Groups | None) -> RivalScore:
    started = time.perf_counter()
    some = Subset(train.examples, choose_probe(train.index, min(rival.most, len(train)), seed))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # on iterations that ran out: a cheap answer need not be the best of its kind
        learnt, judged = rival.inputs(some, val)
        preds = _predict(rival, task, learnt, some.targets, judged)
    seconds = round(time.perf_counter() - started, 3)
    target = task.encode(val.targets)
    flipped = 1 - preds if task.info.finds_first else preds
    score = task.metrics_of(flipped, target)[task.info.headline.name]
    scores = task.row.score(preds, task.decode(target)).float().numpy()
    answer = rival.answer if len(some) == len(train) else f"{rival.answer} on {len(some):,} examples"
    baseline = Baseline(rival.name, answer, score, rival=True, train=len(some), seconds=seconds)
    logits = _logits(preds) if task.row.learner == CLASSIFIER else preds
    scored = Scored(scores, scores, scores, logits.reshape(len(scores), -1).float().numpy())
    return RivalScore(baseline, scores, estimate(task.info, scored, val.targets, groups))


def _logits(probabilities: torch.Tensor) -> torch.Tensor:
    """Return logits that rank and choose as these probabilities do."""
    return probabilities.clamp(1e-12, 1 - 1e-12).logit()


def _predict(rival: Rival, task: Task, learnt: Any, targets: NDArray[np.generic], judged: Any) -> torch.Tensor:
    """Fit a rival, and return its answers in the form of the task's preds."""
    if task.row.learner != CLASSIFIER:
        return _numbers(rival, task, learnt, targets, judged)
    if task.info.has_labels:
        return _labels(rival, learnt, targets, judged)
    learner = rival.learner().fit(learnt, targets.astype(np.int64))
    found = np.zeros((judged.shape[0], max(len(task.info.names), 2)))
    found[:, learner.classes_.astype(np.int64)] = learner.predict_proba(judged)
    probabilities = torch.from_numpy(found)
    return probabilities[:, 1] if task.info.outputs == 1 else probabilities


def _labels(rival: Rival, learnt: Any, targets: NDArray[np.generic], judged: Any) -> torch.Tensor:
    """Return the probability of each label, (m, L), by a learner of its own."""
    columns = []
    for label in targets.T.astype(np.int64):
        if label.min() == label.max():  # there is nothing to tell apart
            columns.append(np.full(judged.shape[0], float(label[0])))
        else:
            columns.append(rival.learner().fit(learnt, label).predict_proba(judged)[:, 1])
    return torch.from_numpy(np.stack(columns, axis=1))


def _numbers(rival: Rival, task: Task, learnt: Any, targets: NDArray[np.generic], judged: Any) -> torch.Tensor:
    """Return the numbers in target units, (m, D), each column by a learner of its own; logarithms where the fit has."""
    columns = targets.reshape(len(targets), -1).astype(np.float64)
    if task.info.log_limits:
        columns = np.log(columns)
    found = np.stack([rival.learner().fit(learnt, column).predict(judged) for column in columns.T], axis=1)
    if task.info.log_limits:
        low, high = np.array(task.info.log_limits).T
        found = np.exp(found.clip(low, high))
    elif task.info.bounded:
        found = found.clip(0, 1)
    return torch.from_numpy(np.ascontiguousarray(found))


def ordered(found: Sequence[RivalScore], *, higher: bool) -> list[RivalScore]:
    """Return rivals by their score, the best first."""
    return sorted(found, key=lambda one: one.baseline.score, reverse=higher)
