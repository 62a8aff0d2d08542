"""Fit a learner of scikit-learn, and answer with it in the form of a task's preds, or as logits.

Letters: ``n`` training and ``m`` other examples, ``C`` classes, ``L`` labels, ``D`` values, ``K`` outputs of the task.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dl.data.examples import Subset
from dl.learner import Learner
from dl.options import Options
from dl.specs import ModelSpec
from dl.tasks.task import Task, TaskKind

CLASSIFIER = "classifier"
SOFTMAX = "softmax"
CLOSEST = 1e-12  # distance of a probability from 0 and 1, so that its logit is finite
SUREST = 1e-6  # likewise of a model's, so that one mistake of five neighbours who agree is not most of the loss


@dataclass(frozen=True)
class Prepared:
    """What a learner's preparation learnt, and the rows of the training set."""

    learnt: Any  # Any: objects of scikit-learn
    rows: Any  # Any: an array or a sparse matrix


@dataclass(frozen=True)
class FittedLearner:
    """A learner fitted to a training set.

    Args:
        learner: The learner.
        learnt: By its preparation.
        estimators: One, or one for each label or value; a number for a label that all training examples share.
    """

    learner: Learner
    learnt: Any  # Any: objects of scikit-learn
    estimators: tuple[Any, ...]  # Any: likewise

    def preds(self, task: Task, subset: Subset) -> Tensor:
        """Answer raw examples in the form of the task's preds: probabilities, or values in target units."""
        with _quiet():
            return self.preds_of(task, self.learner.rows(self.learnt, subset))

    def preds_of(self, task: Task, rows: Any) -> Tensor:  # Any: an array or a sparse matrix
        """Answer the rows (m, D) of examples, as `preds`."""
        with _quiet():
            if task.row.learner != CLASSIFIER:
                return _numbers(self.estimators, task, rows)
            return _labels(self.estimators, rows) if task.info.has_labels else _classes(self.estimators[0], task, rows)

    def logits(self, task: Task, subset: Subset) -> Tensor:
        """Answer raw examples as a network does, (m, K) float32: the task's preds of these are those of the learner."""
        return as_logits(task, self.preds(task, subset), SUREST)


def learner_of(spec: ModelSpec, row: TaskKind, options: Options) -> Learner | None:
    """Return the learner of a model that answers as a row of the task table asks; None where it has none."""
    build = {CLASSIFIER: spec.classifier, "regressor": spec.regressor}.get(row.learner)
    return None if build is None else build(options)


def prepare(learner: Learner, train: Subset) -> Prepared:
    """Learn a learner's preparation from the training set."""
    with _quiet():
        return Prepared(*learner.prepare(train))


def fit_learner(learner: Learner, task: Task, train: Subset, prepared: Prepared | None = None) -> FittedLearner:
    """Fit a learner to the training set, by its preparation where that is known."""
    prepared = prepared or prepare(learner, train)
    with _quiet():
        columns = _columns(task, task.row.learnt(train.targets))
        estimators = tuple(_fit_column(learner, task, prepared.rows, column) for column in columns)
    return FittedLearner(learner, prepared.learnt, estimators)


def as_logits(task: Task, preds: Tensor, closest: float = CLOSEST) -> Tensor:
    """Return logits (m, K) float32 that the task turns into these preds.

    Args:
        task: Of the fit.
        preds: Probabilities, or values in target units.
        closest: Distance that probabilities keep from 0 and 1.
    """
    if task.info.by_query:
        return preds.reshape(len(preds), -1).float()
    if task.row.learner != CLASSIFIER and not task.info.bounded:
        return task.encode(preds.numpy()).float()
    close = preds.double().clamp(closest, 1 - closest)
    logits = close.log() if task.info.probabilities == SOFTMAX else close.logit()
    return logits.reshape(len(preds), -1).float()


@contextmanager
def _quiet() -> Iterator[None]:
    """Ignore warnings of iterations that ran out: a cheap answer need not be the best of its kind."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _columns(task: Task, targets: NDArray[np.generic]) -> list[NDArray[Any]]:  # Any: class numbers or numbers
    """Return what each estimator is fitted to: classes, or each label, or each value, as a logarithm where asked."""
    if task.row.learner == CLASSIFIER:
        return list(targets.T.astype(np.int64)) if task.info.has_labels else [targets.astype(np.int64)]
    columns = targets.reshape(len(targets), -1).astype(np.float64)
    return list((np.log(columns) if task.info.log_limits else columns).T)


def _fit_column(learner: Learner, task: Task, rows: Any, column: NDArray[Any]) -> Any:  # Any: as above
    if task.info.has_labels and column.min() == column.max():  # there is nothing to tell apart
        return float(column[0])
    return learner.build().fit(rows, column)


def _classes(estimator: Any, task: Task, rows: Any) -> Tensor:  # Any: as above
    """Return the probability of each class, (m, C), or of the second of two, (m,)."""
    found = np.zeros((rows.shape[0], max(len(task.info.names), 2)))
    found[:, estimator.classes_.astype(np.int64)] = estimator.predict_proba(rows)
    probabilities = torch.from_numpy(found)
    return probabilities[:, 1] if task.info.outputs == 1 else probabilities


def _labels(estimators: tuple[Any, ...], rows: Any) -> Tensor:  # Any: as above
    """Return the probability of each label, (m, L)."""
    columns = [
        np.full(rows.shape[0], one) if isinstance(one, float) else one.predict_proba(rows)[:, 1] for one in estimators
    ]
    return torch.from_numpy(np.stack(columns, axis=1))


def _numbers(estimators: tuple[Any, ...], task: Task, rows: Any) -> Tensor:  # Any: as above
    """Return the numbers in target units, (m, D)."""
    found = np.stack([one.predict(rows) for one in estimators], axis=1)
    if task.info.log_limits:
        low, high = np.array(task.info.log_limits).T
        found = np.exp(found.clip(low, high))
    elif task.info.bounded:
        found = found.clip(0, 1)
    return torch.from_numpy(np.ascontiguousarray(found, np.float64))
