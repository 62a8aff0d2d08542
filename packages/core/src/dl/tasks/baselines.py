"""Baselines: the dumb answers that a network has to beat, learnt from the training target, scored on validation.

Each is a constant answer, so it is expressed as constant logits and goes through the loss and metrics of a network.
"""

from __future__ import annotations

import numpy as np
import torch

from dl.runs.manifest import Baseline
from dl.tasks.task import Target, Task

LEAST_SHARE = 1e-4  # of a class that the training part does not have; keeps log-odds finite


def baselines(task: Task, train: Target, val: Target) -> tuple[Baseline, ...]:
    """Score the baselines of the task's row on the validation part.

    Args:
        task: What is predicted.
        train: The training part's target, (n, ...).
        val: The validation part's target, (m, ...).
    """
    if task.row.is_classes:
        return _of_classes(task, train, val)
    columns = train.reshape(len(train), -1).astype(np.float64)
    if task.row.name == "multilabel":
        return (_constant(task, "prior", "each label at its share", _log_odds(columns.mean(axis=0)), val),)
    mean, median = columns.mean(axis=0), np.median(columns, axis=0)
    return (
        _constant(task, "mean", f"always {_words(mean)}", _as_logits(task, mean), val),
        _constant(task, "median", f"always {_words(median)}", _as_logits(task, median), val),
    )


def _of_classes(task: Task, train: Target, val: Target) -> tuple[Baseline, ...]:
    counts = np.bincount(train, minlength=max(len(task.info.names), 2))
    shares = np.maximum(counts / counts.sum(), LEAST_SHARE)
    logits = _log_odds(shares[1:]) if task.info.outputs == 1 else np.log(shares)
    prior = _constant(task, "prior", "each class at its share", logits, val)
    common = task.info.names[int(counts.argmax())]
    return (Baseline("majority", f"always {common!r}", prior.score), prior)


def _constant(task: Task, name: str, answer: str, logits: np.ndarray, val: Target) -> Baseline:
    target = task.encode(val)
    repeated = torch.from_numpy(logits.astype(np.float32)).expand(len(target), -1).contiguous()
    loss = float(task.row.loss(repeated, target, "mean"))
    return Baseline(name, answer, task.metrics(repeated, target)[task.info.headline.name], loss)


def _log_odds(shares: np.ndarray) -> np.ndarray:
    clipped = np.clip(shares, LEAST_SHARE, 1 - LEAST_SHARE)
    return np.asarray(np.log(clipped) - np.log1p(-clipped))


def _as_logits(task: Task, values: np.ndarray) -> np.ndarray:
    if task.row.name == "unit-regression":
        return _log_odds(values)
    return np.asarray((values - np.array(task.info.shift)) / np.array(task.info.scale))


def _words(values: np.ndarray) -> str:
    shown = ", ".join(f"{value:.4g}" for value in values[:3])
    return shown + (", …" if len(values) > 3 else "")
