"""Residuals of a regression, target less prediction, against the predictions on the validation set at the best epoch.

Where their mean leaves zero, the network misses a curve; where they widen, large predictions are less certain.
Letters: ``n`` validation examples, ``D`` target columns.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from dl.data.heads import NUMBERS
from dl.groups import Groups
from dl.intervals import Estimate, interval_of_mean
from dl.runs.manifest import TaskInfo
from dl_reports.facts import Facts
from dl_reports.report import ResidualBin, Residuals
from dl_reports.statistics import NotComputable

MOST_COLUMNS = 3  # of several targets
MOST_POINTS = 400
BINS, PER_BIN = 8, 12
LEVEL = 0.95  # of all intervals of a column together
NAN = float("nan")

Numbers = NDArray[np.float64]


def residuals(facts: Facts) -> tuple[Residuals, ...]:
    """Return the residuals of the first target columns; none where the answers are no numbers, or were not kept."""
    task, val, answers = facts.manifest.task, facts.kept.val, facts.kept.answers
    if isinstance(val, NotComputable) or isinstance(answers, NotComputable):
        return ()
    if task.has_classes or task.has_labels or task.answers or task.from_inputs:
        return ()
    predicted, targets = (one.reshape(len(one), -1).astype(np.float64) for one in (answers, val.targets))
    columns = _columns(task)
    if predicted.shape != targets.shape or predicted.shape[1] != len(columns):
        return ()
    found = []
    for k, name in [(k, name) for k, name in enumerate(columns) if name][:MOST_COLUMNS]:
        good = np.isfinite(predicted[:, k]) & np.isfinite(targets[:, k])
        if good.sum() >= 2 * PER_BIN:
            groups = None if val.groups is None else val.groups.take(good)
            found.append(_residuals(name, predicted[good, k], (targets - predicted)[good, k], groups))
    return tuple(found)


def _columns(task: TaskInfo) -> list[str]:
    """Return the name of each target column; of several targets empty for those that are no numbers."""
    if not task.heads:
        return list(task.names)
    return [one.name if one.kind == NUMBERS else "" for one in task.heads for _ in range(one.head.width)]


def _residuals(name: str, predicted: Numbers, residual: Numbers, groups: Groups | None) -> Residuals:
    order = np.argsort(predicted, kind="stable")
    parts = np.array_split(order, min(BINS, len(order) // PER_BIN))
    shared = [None if groups is None else groups.take(part) for part in parts]
    bins = tuple(_bin(predicted[part], residual[part], of, len(parts)) for part, of in zip(parts, shared, strict=True))
    shown = order[np.unique(np.linspace(0, len(order) - 1, min(MOST_POINTS, len(order))).astype(int))]
    points = tuple((float(predicted[k]), float(residual[k])) for k in shown)
    return Residuals(name, points, bins, float(np.median(np.abs(residual))))


def _bin(predicted: Numbers, residual: Numbers, groups: Groups | None, bins: int) -> ResidualBin:
    low, high = interval_of_mean(residual, groups, 1 - (1 - LEVEL) / bins)
    ends = (low, high) if math.isfinite(low) and math.isfinite(high) else (NAN, NAN)
    mean = Estimate(float(residual.mean()), *ends)
    return ResidualBin(float(predicted.mean()), mean, float(np.median(np.abs(residual))), len(residual))
