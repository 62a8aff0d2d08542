"""Fit the learners of a domain on a split, and score them as a network is scored.

Letters: ``n`` training and ``m`` validation examples.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from dl.data.branches import Part, split
from dl.data.examples import Index, Subset
from dl.data.ragged import Ragged
from dl.groups import Groups
from dl.intervals import Estimate
from dl.learner import Learner
from dl.learners import known_answers
from dl.learners.fitted import CLASSIFIER, Prepared, as_logits, fit_learner, learner_of, prepare
from dl.limits import cut_short, is_time_up
from dl.options import check
from dl.plugins.attribution import unwrapped
from dl.plugins.registry import Plugins
from dl.runs.estimates import estimate
from dl.runs.manifest import Baseline, drawn
from dl.runs.outcomes import Scored
from dl.splits.holdout import choose_probe
from dl.tasks.task import Task

FEWEST = 1_000  # examples below which a quick rival's share is not cut
MOST_FITS = 50  # estimators that a quick rival may take, or classes where it takes longer with each
Failed = Callable[[str, Exception], None]


@dataclass(frozen=True)
class Rival:
    """A learner that a network has to beat.

    Args:
        name: Of the model.
        learner: With the model's default options.
    """

    name: str
    learner: Learner


@dataclass(frozen=True)
class RivalScore:
    """A rival scored on the validation set.

    Args:
        baseline: Its score, its time, and how many examples it learnt from.
        scores: (m,) of each validation example, as the task scores a network.
        estimate: Of the headline metric, with its interval.
        logits: (m, K) of each validation example, where the headline is no mean of scores; None elsewhere.
    """

    baseline: Baseline
    scores: NDArray[np.float32]
    estimate: Estimate
    logits: NDArray[np.float32] | None = None


def rivals_of(plugins: Plugins, domain: str, task: Task, but: str = "", failed: Failed | None = None) -> list[Rival]:
    """Return the learners of a domain that answer as the task asks, in the order in which they were registered.

    Args:
        plugins: The registered plugins.
        domain: Name of the domain.
        task: Of the fit.
        but: Name of a model to leave out, as it is itself what was fitted.
        failed: Called with the name of one that cannot be made, which is left out; None raises its error.
    """
    found: list[Rival] = []
    for spec in (spec for (home, name), spec in plugins.models.items() if home == domain and name != but):
        try:
            learner = learner_of(spec, task.row, check(spec.options, {}, spec.name))
        except Exception as error:  # of whoever registered it
            if failed is None:
                raise
            failed(spec.name, error)
            continue
        if learner is not None:
            found.append(Rival(spec.name, learner))
    return found


def fit_rivals(
    rivals: Sequence[Rival],
    task: Task,
    train: Subset,
    val: Subset,
    seed: int = 0,
    groups: Groups | None = None,
    *,
    quick: bool = False,
    failed: Failed | None = None,
) -> list[RivalScore]:
    """Fit each rival on the training set, and score it on the validation set.

    Args:
        rivals: To fit.
        task: Of the fit.
        train: The training set.
        val: The validation set.
        seed: Of the draw where a rival learns from some examples alone.
        groups: Of the validation examples; None where they are independent.
        quick: Whether each gets so few examples that it takes a part of a short fit.
        failed: Called with the name of a rival that failed, which is left out; None raises its error.

    Returns:
        The scores; where a limit of time is over, of those that are fitted by then.
    """
    found, preparing = list[RivalScore](), _Preparing(val)
    with cut_short():
        for rival in rivals:
            if is_time_up():
                break
            try:
                count = examples_of(rival.learner, task, train, quick=quick) if rival.learner.reads(train) else 0
                if count and rival.learner.suits(train, val):
                    some = Subset(train.examples, choose_probe(train.index, count, seed))
                    found.append(_score(rival, task, some, len(train), val, groups, preparing))
            except Exception as error:  # of scikit-learn, or of whoever registered the learner
                if failed is None:
                    raise
                failed(rival.name, error)
    return found


def examples_of(learner: Learner, task: Task, train: Subset, *, quick: bool) -> int:
    """Return how many training examples a rival learns from; 0 if it takes too long beside a short fit."""
    most = min(learner.most, len(train))
    if not quick:
        return most
    classifies = task.row.learner == CLASSIFIER
    estimators = task.info.outputs if task.info.has_labels or not classifies else 1
    fits = estimators * (task.info.outputs if learner.by_class and estimators == 1 else 1)
    if not learner.quick or fits > MOST_FITS:
        return 0
    return min(most, max(FEWEST, int(learner.quick / (_size(train) * fits))))


def _size(train: Subset) -> float:
    """Return the numbers in an example: pixels, cells, or bytes of a text."""
    return sum(_size_of(part, train.index) for part in split(train.examples.inputs).values())


def _size_of(inputs: Part, index: Index) -> float:
    if isinstance(inputs, Ragged):
        each = len(inputs.values.dtype.names or (0,))
        return max(1.0, each * float(np.mean(inputs.lengths[index])))
    return float(len(inputs.dtype.names)) if inputs.dtype.names else float(max(1, math.prod(inputs.shape[1:])))


class _Preparing:
    """Prepares training and validation set once for learners that do it alike, as on a split of long texts.

    Args:
        val: The validation set.
    """

    def __init__(self, val: Subset) -> None:
        self.val = val
        self.key: tuple[object, int] | None = None
        self.prepared, self.rows = Prepared(None, None), None
        self.seconds = 0.0

    def of(self, learner: Learner, train: Subset) -> tuple[Prepared, Any, float]:  # Any: as in Prepared
        """Return the preparation, the rows of the validation set, and the seconds that both took."""
        key = (unwrapped(learner.prepare), len(train))
        if key != self.key:
            started = time.perf_counter()
            self.prepared = prepare(learner, train)
            self.rows = learner.rows(self.prepared.learnt, self.val)
            self.key, self.seconds = key, time.perf_counter() - started
        return self.prepared, self.rows, self.seconds


def _score(
    rival: Rival,
    task: Task,
    some: Subset,
    of: int,
    val: Subset,
    groups: Groups | None,
    preparing: _Preparing,
) -> RivalScore:
    preds, seconds = _answers(rival, task, some, val, preparing)
    learner = rival.learner
    answer = learner.answer if len(some) == of else learner.answer + drawn(len(some))
    blank = Baseline(rival.name, answer, 0.0, rival=True, train=len(some), seconds=round(seconds, 3))
    return score_preds(blank, task, preds, val, groups)


def score_preds(blank: Baseline, task: Task, preds: Tensor, val: Subset, groups: Groups | None) -> RivalScore:
    """Score the preds of a rival on the validation set.

    Args:
        blank: The rival, without its score.
        task: Of the fit.
        preds: (m, ...) probabilities, or values in target units.
        val: The validation set.
        groups: Of its examples; None where they are independent.
    """
    target = task.encode(val.targets)
    score = task.metrics_of(1 - preds if task.info.finds_first else preds, target)[task.info.headline.name]
    scores = task.row.score(preds, task.decode(target)).float().numpy()
    scored = Scored(scores, scores, scores, as_logits(task, preds).numpy())
    found = estimate(task.info, scored, val.targets, groups)
    averaged = task.info.headline.kind in ("proportion", "mean")
    baseline = replace(blank, score=score, interval=_finite(found))
    return RivalScore(baseline, scores, found, None if averaged else scored.logits)


def _finite(found: Estimate) -> tuple[float, float] | None:
    return (found.low, found.high) if math.isfinite(found.low) and math.isfinite(found.high) else None


def _answers(rival: Rival, task: Task, some: Subset, val: Subset, preparing: _Preparing) -> tuple[Tensor, float]:
    """Return the rival's preds for the validation set, and the seconds it took; from the cache where it has them."""
    key = known_answers.key_of(rival.name, rival.learner.answer, task, some, val)
    known = known_answers.read(key)
    if known is not None:
        return known
    rival.learner.build()  # imports what it needs, which takes seconds once
    prepared, rows, before = preparing.of(rival.learner, some)
    started = time.perf_counter()
    preds = fit_learner(rival.learner, task, some, prepared).preds_of(task, rows)
    seconds = before + time.perf_counter() - started
    known_answers.write(key, preds, seconds)
    return preds, seconds


def ordered(found: Sequence[RivalScore], *, higher: bool) -> list[RivalScore]:
    """Return rivals by their score, the best first."""
    return sorted(found, key=lambda one: one.baseline.score, reverse=higher)
