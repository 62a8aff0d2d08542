"""The task table: decide the row from the training target or the user's choice, and restore the task of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from dl.data.heads import NUMBERS, HeadNames, heads_of
from dl.errors import BadOption, BadRun, unknown
from dl.runs.manifest import HeadInfo, TaskInfo
from dl.specs import TaskSpec
from dl.tasks import several
from dl.tasks.plugin import OWN
from dl.tasks.scaling import TargetScale, learn_scale
from dl.tasks.targets import AUTO, are_unlabelled, class_to_find, refuse_unlearnable
from dl.tasks.task import HeadTask, Loss, Names, Target, Task, TaskKind


def decide(
    target: Target,
    names: Names,
    asked: str = "",
    loss: str = "auto",
    tasks: Mapping[str, TaskSpec] = OWN,
    positive: str = AUTO,
    target_scale: str = AUTO,
    weights: str = several.AUTO,
    scored: Target | None = None,
) -> Task:
    """Choose the row of the table from the training target, or check that the user's choice fits.

    Args:
        target: The training set's target.
        names: Of the classes, labels or columns; empty if unknown.
        asked: The user's choice; empty to decide from the target.
        loss: One of the row's `TaskKind.losses`; ``auto`` for its default.
        tasks: The rows to choose from, by name.
        positive: The class to find, of two; ``auto`` for the rarer one.
        target_scale: Of a regression, one of `dl.tasks.scaling.SCALES`.
        weights: Of the losses of several targets: ``auto``, ``equal``, or one for each.
        scored: Further targets that have to have a place on the scale, as those of the validation set.

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
        alone = "" if unlabelled else f"; the target alone ({reason}) would be {found.name}"
        reason = f"as asked with --task{alone}"
    if not row.from_inputs:
        row.check(target, names)
    if loss != "auto":
        row = _with_loss(row, loss)
    if row.of_heads:
        return _of_heads(row, target, names, reason, (positive, target_scale, weights), scored, tasks)
    if weights != several.AUTO:
        raise BadOption(f"weights={weights} is for several targets; there is one")
    if target_scale == AUTO and scored is not None and (scored.astype(np.float64) <= 0).any():
        target_scale = "plain"  # a target to be scored may have no logarithm
    return Task(row, _info(row, target, names, reason, positive, target_scale))


def _of_heads(
    row: TaskKind,
    target: Target,
    names: Names,
    reason: str,
    asked: tuple[str, str, str],
    scored: Target | None,
    tasks: Mapping[str, TaskSpec],
) -> Task:
    """Decide the task of each of several targets, and join them.

    Args:
        row: Of several targets.
        target: Of the training set, (N, W).
        names: With the heads.
        reason: As `_info`.
        asked: The class to find, the scale of numbers, and the weights.
        scored: As `decide`.
        tasks: As `decide`.
    """
    positive, scale, weights = asked
    heads = heads_of(names)
    shares = several.parse_weights(weights, tuple(head.name for head in heads))
    split = HeadNames.of(heads).split
    others = split(scored) if scored is not None else [None] * len(heads)
    found = []
    for head, own, other, share in zip(heads, split(target), others, shares, strict=True):
        mine = (positive if positive in head.names else AUTO, scale if head.kind == NUMBERS else AUTO)
        task = decide(own, head.names, tasks=tasks, positive=mine[0], target_scale=mine[1], scored=other)
        unit = max(several.constant_error(head.kind, own, own), several.LEAST_UNIT)
        found.append(HeadTask(head, task, unit, share))
    learnt = weights == several.AUTO
    assert row.of_heads is not None
    made = row.of_heads(row, found, learnt)
    info = _info(made, target, names, reason, AUTO, AUTO)
    return Task(made, replace(info, heads=several.infos(found), learns_weights=learnt))


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
    if row.of_heads:
        return Task(row.of_heads(row, [_restore_head(one, tasks) for one in info.heads], info.learns_weights), info)
    for loss in row.losses.values():
        row = replace(row, loss=loss) if loss_name(loss) == info.loss else row
    return Task(row, info)


def _restore_head(one: HeadInfo, tasks: Mapping[str, TaskSpec]) -> HeadTask:
    return HeadTask(one.head, restore(one.task, tasks), one.unit, one.weight)


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


def _with_loss(row: TaskKind, loss: str) -> TaskKind:
    if loss in row.losses:
        return replace(row, loss=row.losses[loss])
    if row.losses:
        raise BadOption(f"loss={loss}: {row.name} has {', '.join(row.losses)}")
    able = [name for name in OWN if loss in _load(OWN, name).losses]
    raise BadOption(f"loss={loss} is for {', '.join(able) or 'no task'}; {row.name} has one loss only")


def _info(row: TaskKind, target: Target, names: Names, reason: str, positive: str, target_scale: str) -> TaskInfo:
    names = row.names(target, names)
    metrics = tuple(metric.info for metric in row.metrics)
    if row.headline is not None:
        first = row.headline(target)
        metrics = tuple(sorted(metrics, key=lambda metric: metric.name != first))
    scale = _scale(row, target, target_scale)
    return TaskInfo(
        row.name,
        reason,
        row.outputs(names),
        names,
        metrics,
        loss_name(row.loss),
        scale.shift,
        scale.scale,
        answers=row.answers(names),
        score=row.score_name,
        score_higher=row.score_higher,
        bounded=row.score_higher if row.bounded is None else row.bounded,
        by_query=row.by_query,
        has_classes=row.has_classes,
        probabilities=row.probabilities,
        from_inputs=row.from_inputs,
        form=row.form,
        positive=_class_to_find(row, target, names, positive),
        counts=_counts(row, target, names),
        log_limits=scale.limits,
        skewness=scale.skewness,
    )


def _scale(row: TaskKind, target: Target, asked: str) -> TargetScale:
    """Learn the scale of a target.

    Raises:
        BadOption: If another one is asked for than the row has.
    """
    if asked == "log" and not row.log_scaled:
        able = [name for name in OWN if _load(OWN, name).log_scaled]
        raise BadOption(f"target_scale=log is for {', '.join(able)}; the task is {row.name}")
    if not row.scaled:
        return TargetScale((), ())
    return learn_scale(target, asked if row.log_scaled else "plain")


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
