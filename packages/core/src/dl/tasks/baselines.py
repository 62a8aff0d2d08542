"""Baselines: trivial answers that a network has to beat, learnt from the training target, scored on validation.

Each is a constant answer, expressed as constant logits, with the loss and metrics of a network.
Letters: ``N`` examples, ``C`` classes, ``K`` outputs of the network.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from dl.data.examples import Subset
from dl.domain import Preprocessor
from dl.runs.manifest import Baseline, TaskInfo
from dl.tasks.task import Target, Task
from dl.words import show_number

LEAST_SHARE = 1e-4  # of a class that the training set does not have; keeps log-odds finite
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Constant:
    """An answer that is the same for every example.

    Args:
        name: Such as ``median``.
        answer: The answer in words: ``always 4.2``.
        logits: (K,) of a network with this answer.
        has_loss: Whether the loss of these logits is meaningful, and not only their score.
    """

    name: str
    answer: str
    logits: Floats
    has_loss: bool = True


def constant(
    rule: Callable[[Target, TaskInfo], Sequence[Constant]],
) -> Callable[[Task, Subset, Subset, Preprocessor], tuple[Baseline, ...]]:
    """Make the baselines of a task's row from a rule that learns constant answers from the training target."""

    def baselines(task: Task, train: Subset, val: Subset, _preprocessor: Preprocessor) -> tuple[Baseline, ...]:
        return tuple(score_constant(task, one, val.targets) for one in rule(train.targets, task.info))

    return baselines


def score_constant(task: Task, one: Constant, target: Target) -> Baseline:
    """Score a constant answer on a stored target, (N, ...)."""
    encoded = task.encode(target)
    logits = torch.from_numpy(one.logits.astype(np.float32)).expand(len(encoded), -1).contiguous()
    loss = float(task.row.loss(logits, encoded, "mean")) if one.has_loss else None
    return Baseline(one.name, one.answer, task.metrics(logits, encoded)[task.info.headline.name], loss)


def constant_classes(target: Target, info: TaskInfo) -> tuple[Constant, ...]:
    """Return the most common class, and each class at its share."""
    counts = np.bincount(target, minlength=max(len(info.names), 2))
    shares = np.maximum(counts / counts.sum(), LEAST_SHARE)
    logits = log_odds(shares[1:]) if info.outputs == 1 else np.log(shares)
    common = info.names[int(counts.argmax())]
    return (
        Constant("majority", f"always {common!r}", logits, has_loss=False),
        Constant("prior", "each class at its share", logits),
    )


def constant_labels(target: Target, _info: TaskInfo) -> tuple[Constant, ...]:
    """Return each label at its share."""
    return (Constant("prior", "each label at its share", log_odds(_columns(target).mean(axis=0))),)


def constant_numbers(target: Target, info: TaskInfo) -> tuple[Constant, ...]:
    """Return mean and median of each column."""
    shift, scale = (np.array(values) for values in (info.shift, info.scale))
    learnt: Callable[[Floats], Floats] = np.log if info.log_limits else np.asarray
    return _mean_and_median(target, lambda values: np.asarray((learnt(values) - shift) / scale))


def constant_shares(target: Target, _info: TaskInfo) -> tuple[Constant, ...]:
    """Return mean and median of each column of numbers from 0 to 1."""
    return _mean_and_median(target, log_odds)


def _mean_and_median(target: Target, as_logits: Callable[[Floats], Floats]) -> tuple[Constant, ...]:
    columns = _columns(target)
    found = {"mean": columns.mean(axis=0), "median": np.median(columns, axis=0)}
    return tuple(Constant(name, f"always {_words(values)}", as_logits(values)) for name, values in found.items())


def _columns(target: Target) -> Floats:
    return target.reshape(len(target), -1).astype(np.float64)


def log_odds(shares: Floats) -> Floats:
    """Return the logits of shares, kept finite."""
    clipped = np.clip(shares, LEAST_SHARE, 1 - LEAST_SHARE)
    return np.asarray(np.log(clipped) - np.log1p(-clipped))


def _words(values: Floats) -> str:
    shown = ", ".join(show_number(value) for value in values[:3])
    return shown + (", …" if len(values) > 3 else "")
