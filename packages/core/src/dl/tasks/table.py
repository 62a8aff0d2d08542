"""The task table: decide the row from the training target or the user's choice, and restore the task of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from dl.errors import BadOption, BadRun, unknown
from dl.runs.manifest import TaskInfo
from dl.specs import TaskSpec
from dl.tasks.plugin import OWN
from dl.tasks.targets import AUTO, are_unlabelled, class_to_find, refuse_unlearnable
from dl.tasks.task import Loss, Names, Target, Task, TaskKind


def decide(
    target: Target,
    names: Names,
    asked: str = "",
    loss: str = "auto",
    tasks: Mapping[str, TaskSpec] = OWN,
    positive: str = AUTO,
) -> Task:
    """Choose the row of the table from the training target, or check that the user's choice fits.

    Args:
        target: The training set's target.
        names: Of the classes, labels or columns; empty if unknown.
        asked: The user's choice; empty to decide from the target.
        loss: One of the row's `TaskKind.losses`; ``auto`` for its default.
        tasks: The rows to choose from, by name.
        positive: The class to find, of two; ``auto`` for the rarer one.

    Raises:
        BadData: If no row fits the target.
        BadOption: If the target does not fit the chosen row, or the row has no such loss or class to find.
        UnknownName: If the chosen row is unknown.
    """
    found, reason = _recognize(target, names)
    row = _load(tasks, asked) if asked else found
    if row.name != found.name:
        unlabelled = are_unlabelled(target)
        if unlabelled != row.from_inputs or not (unlabelled or row.fits(target)):
            raise BadOption(f"--task {asked} needs {row.target}, but the target is {reason} ({found.name})")
        reason = f"as asked with --task; the target alone ({reason}) would be {found.name}"
    if not row.from_inputs:
        row.check(target, names)
    if loss != "auto":
        row = _with_loss(row, loss)
    return Task(row, _info(row, target, names, reason, positive))


def restore(info: TaskInfo, tasks: Mapping[str, TaskSpec] = OWN) -> Task:
    """Restore the task of a run from its manifest.

    Args:
        info: Of the run.
        tasks: The registered rows, by name.

    Raises:
        BadRun: If no plugin registers its row.
    """
    if info.name not in tasks:
        raise BadRun(
            f"its task {info.name!r} is not known to this dl; known: {', '.join(tasks)}  "
            "install the plugin that registers it; see: dl plugins"
        )
    row = _load(tasks, info.name)
    for loss in row.losses.values():
        row = replace(row, loss=loss) if loss_name(loss) == info.loss else row
    return Task(row, info)


def loss_name(loss: Loss) -> str:
    """Return the name of a loss for the manifest."""
    return str(getattr(loss, "__name__", type(loss).__name__))


def _load(tasks: Mapping[str, TaskSpec], name: str) -> TaskKind:
    """Load a row under its registered name."""
    if name not in tasks:
        raise unknown("task", name, tasks, "dl ls tasks")
    return replace(tasks[name].load(), name=name)


def _recognize(target: Target, names: Names) -> tuple[TaskKind, str]:
    """Return dl's own row for the target, and the reason in words."""
    refuse_unlearnable(target)
    for name in OWN:
        row = _load(OWN, name)
        if row.recognize and (reason := row.recognize(target, names)):
            return row, reason
    raise AssertionError("every target fits one of the rows")


def _spread(columns: Target) -> NDArray[np.float64]:
    """Return the deviation of each column, (D,); one for a column of a single value, whatever its size."""
    values = columns.astype(np.float64)
    largest = np.abs(values).max(axis=0)
    unit = np.where(largest > 0, largest, 1.0)  # scaled by the column, since 1e200 has no finite square
    spread = (values / unit).std(axis=0) * unit
    return np.where(spread > 1e-12 * largest, spread, 1.0)


def _with_loss(row: TaskKind, loss: str) -> TaskKind:
    if loss in row.losses:
        return replace(row, loss=row.losses[loss])
    if row.losses:
        raise BadOption(f"loss={loss}: {row.name} has {', '.join(row.losses)}")
    able = [name for name in OWN if loss in _load(OWN, name).losses]
    raise BadOption(f"loss={loss} is for {', '.join(able) or 'no task'}; {row.name} has one loss only")


def _info(row: TaskKind, target: Target, names: Names, reason: str, positive: str) -> TaskInfo:
    names = row.names(target, names)
    metrics = tuple(metric.info for metric in row.metrics)
    if row.headline is not None:
        first = row.headline(target)
        metrics = tuple(sorted(metrics, key=lambda metric: metric.name != first))
    shift: tuple[float, ...] = ()
    scale: tuple[float, ...] = ()
    if row.scaled:
        columns = target.reshape(len(target), -1)
        shift = tuple(columns.mean(axis=0, dtype=np.float64).tolist())
        scale = tuple(_spread(columns).tolist())
    return TaskInfo(
        row.name,
        reason,
        row.outputs(names),
        names,
        metrics,
        loss_name(row.loss),
        shift,
        scale,
        answers=row.answers(names),
        score=row.score_name,
        score_higher=row.score_higher,
        bounded=row.score_higher or row.bounded,
        has_classes=row.has_classes,
        probabilities=row.probabilities,
        from_inputs=row.from_inputs,
        positive=_class_to_find(row, target, names, positive),
        counts=_counts(row, target, names),
    )


def _counts(row: TaskKind, target: Target, names: Names) -> tuple[int, ...]:
    """Count the examples of each class, or with each label."""
    if row.has_classes:
        return tuple(np.bincount(target.astype(np.int64), minlength=len(names)).tolist())
    return tuple(target.sum(axis=0, dtype=np.int64).tolist()) if row.probabilities and target.ndim == 2 else ()


def _class_to_find(row: TaskKind, target: Target, names: Names, asked: str) -> str:
    if row.finds_class:
        return class_to_find(target, names, asked)
    if asked != AUTO:
        raise BadOption(f"positive={asked} is for two classes; the task is {row.name}")
    return ""
