"""The recall of each class and label of a model, of one target or several, for its card."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dl.data.heads import HeadNames
from dl.exporting.forms import parts_of
from dl.tasks.task import Target, Task


@dataclass(frozen=True)
class Recall:
    """How many of the examples of a class, or with a label, were answered so.

    Args:
        name: Of the class or label; of several targets after the name of its own.
        examples: With it.
        right: Of these.
    """

    name: str
    examples: int
    right: int


def recalls_of(task: Task, targets: Target, outputs: Sequence[NDArray[Any]]) -> tuple[Recall, ...]:
    """Count the recall of each class and label.

    Args:
        task: Of the run.
        targets: (N, ...) as stored.
        outputs: As `dl.exporting.forms.answers_of` returns them.
    """
    rest, found = iter(outputs), list[Recall]()
    for (begin, one), own in zip(parts_of(task), _split(task, targets), strict=True):
        next(rest)  # preds
        if one.info.has_probabilities:
            found += _counted(f"{begin[:-1]}: " if begin else "", one, own, next(rest))
    return tuple(found)


def _split(task: Task, targets: Target) -> list[NDArray[Any]]:
    """Return the stored target of each head."""
    heads = [one.head for one in task.row.heads]
    return HeadNames.of(heads).split(targets) if heads else [targets]


def _counted(before: str, task: Task, targets: Target, answers: NDArray[Any]) -> Iterator[Recall]:
    for at, name in enumerate(task.info.names):
        own = targets == at if task.info.has_classes else targets[:, at] == 1
        told = answers == at if task.info.has_classes else answers[:, at] == 1
        yield Recall(f"{before}{name}", int(own.sum()), int(np.logical_and(own, told).sum()))
