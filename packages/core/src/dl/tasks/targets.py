"""Targets: recognize the task of a training target, and encode it for the loss.

For each kind of target: whether it fits where it is asked for, why it is recognized, and what is wrong with its values.
Letters: ``N`` examples, ``L`` labels, ``D`` target columns.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from dl.errors import BadData, BadOption
from dl.runs.manifest import TaskInfo
from dl.tasks.task import Names, Target
from dl.words import many, show_number

AUTO = "auto"
LARGEST, SMALLEST = 1e30, 1e-30  # of the targets of a regression: their errors must fit single precision
LEAST_RANGE = 0.1  # of numbers from 0 to 1 to be shares
IMBALANCED = 4.0  # ratio of the most common class to the rarest


def are_whole(target: Target) -> bool:
    """Return whether a target is whole numbers."""
    return bool(np.issubdtype(target.dtype, np.integer)) or target.dtype == bool


def are_unlabelled(target: Target) -> bool:
    """Return whether examples have no target, (N, 0)."""
    return target.ndim == 2 and target.shape[1] == 0


def are_classes(target: Target) -> bool:
    """Return whether a target may be class numbers."""
    return are_whole(target) and target.ndim == 1


def are_two_classes(target: Target) -> bool:
    """Return whether a target may be two class numbers."""
    return are_classes(target) and int(target.max()) <= 1


def are_labels(target: Target) -> bool:
    """Return whether a target may be a yes or no for every label."""
    return are_whole(target) and target.ndim == 2


def are_numbers(target: Target) -> bool:
    """Return whether a target may be taken as values: counts, too, but not labels."""
    return target.ndim == 1 or not are_whole(target)


def are_shares(target: Target) -> bool:
    """Return whether all values are from 0 to 1."""
    return float(target.min()) >= 0 and float(target.max()) <= 1


def recognize_unlabelled(target: Target, _names: Names) -> str:
    """Return why the target is the inputs themselves."""
    return "no target but the inputs themselves: each token from those before it" if are_unlabelled(target) else ""


def recognize_two_classes(target: Target, names: Names) -> str:
    """Return why a target is two classes."""
    return _classes_of(target, names) if are_classes(target) and _count(target, names) == 2 else ""


def recognize_classes(target: Target, names: Names) -> str:
    """Return why a target is several classes."""
    return _classes_of(target, names) if are_classes(target) and _count(target, names) != 2 else ""


def recognize_labels(target: Target, _names: Names) -> str:
    """Return why a target is labels."""
    return f"{target.shape[1]} labels, each yes or no" if are_labels(target) and not are_unlabelled(target) else ""


def recognize_shares(target: Target, _names: Names) -> str:
    """Return why a target is numbers from 0 to 1."""
    return _numbers_of(target) if not are_whole(target) and _use_the_unit(target) else ""


def recognize_numbers(target: Target, _names: Names) -> str:
    """Return why a target is real numbers."""
    return _numbers_of(target) if not are_whole(target) and not _use_the_unit(target) else ""


def _use_the_unit(target: Target) -> bool:
    """Return whether all values are from 0 to 1 with a range of at least `LEAST_RANGE`."""
    return are_shares(target) and float(target.max()) - float(target.min()) >= LEAST_RANGE


def _count(target: Target, names: Names) -> int:
    return len(names) or len(np.unique(target))


def _classes_of(target: Target, names: Names) -> str:
    return f"{_count(target, names)} classes, one for each example"


def _numbers_of(target: Target) -> str:
    columns = 1 if target.ndim == 1 else target.shape[1]
    what = f"{columns} columns of real numbers" if columns > 1 else "real numbers"
    return f"{what} from {show_number(float(target.min()))} to {show_number(float(target.max()))}"


def refuse_unlearnable(target: Target) -> None:
    """Refuse a target that no task can be learnt from.

    Raises:
        BadData: If there is no example, a value is not finite, or all values are the same.
    """
    if len(target) == 0:
        raise BadData("there are no training examples")
    if are_unlabelled(target) or are_whole(target):
        return
    if not np.isfinite(target).all():
        count = int(np.count_nonzero(~np.isfinite(target)))
        raise BadData(many(count, "target is not a finite number", "targets are not finite numbers"))
    if (low := float(target.min())) == float(target.max()):
        raise BadData(f"every target is {low:g}; there is nothing to learn")
    largest = float(np.abs(target).max())
    if not SMALLEST <= largest <= LARGEST:
        raise BadData(
            f"the largest target is {largest:.3g}, and errors are kept from {SMALLEST:g} to {LARGEST:g}; "
            "write the targets in another unit"
        )


def check_classes(target: Target, names: Names) -> None:
    """Refuse class numbers below 0 or without a name.

    Raises:
        BadData: Naming the number.
    """
    low, high = target.min(), target.max()
    if low < 0:
        raise BadData(f"class numbers start at 0; the least here is {low}")
    if names and high >= len(names):
        raise BadData(f"a target has class number {high}, but only {len(names)} classes are named")


def check_labels(target: Target, _names: Names) -> None:
    """Refuse labels that are not yes or no.

    Raises:
        BadData: Naming the values.
    """
    low, high = target.min(), target.max()
    if low < 0 or high > 1:
        raise BadData(f"labels are 0 or 1; these go from {low} to {high}")


def class_names(target: Target, names: Names) -> Names:
    """Return the names of the classes, by default their numbers."""
    return names or tuple(str(k) for k in range(max(int(target.max()) + 1, 2)))


def column_names(target: Target, names: Names) -> Names:
    """Return the names of the labels or columns, by default ``target``, or ``target 0``, ..."""
    columns = target.reshape(len(target), -1).shape[1]
    if len(names) == columns:  # names of classes do not name the column if they are taken as numbers
        return names
    return tuple(f"target {k}" if columns > 1 else "target" for k in range(columns))


def class_to_find(target: Target, names: Names, asked: str = AUTO) -> str:
    """Return the name of the class to find, of two: the rarer one in training, or the second where both are as common.

    Args:
        target: (N,) class numbers of the training set, 0 or 1.
        names: Of the two classes.
        asked: The name of one of them, or ``auto``.

    Raises:
        BadOption: If neither class has the name that is asked for.
    """
    if asked != AUTO:
        if asked not in names:
            raise BadOption(f"positive={asked}: the classes are {names[0]!r} and {names[1]!r}")
        return asked
    first, second = np.bincount(target.astype(np.int64), minlength=2)[:2]
    return names[0] if first < second else names[1]


def as_class_numbers(target: Target, _info: TaskInfo) -> Tensor:
    """Encode class numbers as int64, (N,)."""
    return torch.from_numpy(target.astype(np.int64))


def as_flags(target: Target, _info: TaskInfo) -> Tensor:
    """Encode zeros and ones as float32 of the same shape."""
    return torch.from_numpy(target.astype(np.float32))


def by_balance(otherwise: str) -> Callable[[Target], str]:
    """Return the rule that replaces accuracy as the headline if classes are imbalanced.

    Args:
        otherwise: Name of the headline metric for imbalanced classes.
    """

    def headline(target: Target) -> str:
        counts = np.bincount(target)
        return otherwise if counts.max() > IMBALANCED * int(counts[counts > 0].min()) else "accuracy"

    return headline
