"""Tasks: what a network predicts, and the last layer, activation, loss and metrics that follow from it.

A network returns logits; losses read logits, the activation is for showing and scoring.
Shapes: ``N`` samples, ``C`` classes, ``L`` labels, ``D`` regression targets, ``K`` outputs of the network.

    task             target                last layer   activation      loss (on logits)                  headline
    binary           (N,) in {0, 1}        1            sigmoid         binary cross-entropy              accuracy
    multiclass       (N,) in 0..C-1        C            softmax         cross-entropy                     accuracy
    multilabel       (N, L) in {0, 1}      L            sigmoid each    binary cross-entropy, summed      mAP
    regression       (N,) or (N, D) real   D            none            squared error, scaled targets     MAE
    unit-regression  (N,) or (N, D) 0..1   D            sigmoid         binary cross-entropy              MAE
    next-token       (N, 0)                V a token    softmax         cross-entropy, a token            bits

Where the classes of a binary or multiclass target are imbalanced, the headline becomes average precision or macro F1:
accuracy then rewards always giving the common answer.
The target of next-token stands in the inputs: its logits at every token are condensed to (N, 4) at once
(`dl.tasks.next_token`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F
from torchmetrics import functional as M

from dl.errors import BadData, BadOption, BadRun, nearest
from dl.runs.manifest import MetricInfo, TaskInfo
from dl.specs import NEXT_TOKEN
from dl.tasks import next_token
from dl.words import many

Reduction = str  # "mean" over the batch, or "none": one loss an example, (N,)
Target = NDArray[np.generic]

EVAL_BATCH = 500  # examples scored at once
IMBALANCED = 4.0  # the most common class is so many times the rarest


def binary_cross_entropy(logits: Tensor, target: Tensor, reduction: Reduction = "mean") -> Tensor:
    """Binary cross-entropy of (N, 1) logits against (N,) zeros and ones, in nats."""
    return F.binary_cross_entropy_with_logits(logits.squeeze(1), target, reduction=reduction)


def cross_entropy(logits: Tensor, target: Tensor, reduction: Reduction = "mean") -> Tensor:
    """Cross-entropy of (N, C) logits against (N,) class numbers, in nats."""
    return F.cross_entropy(logits, target, reduction=reduction)


def summed_cross_entropy(logits: Tensor, target: Tensor, reduction: Reduction = "mean") -> Tensor:
    """Binary cross-entropy of (N, K) logits against (N, K) values in 0..1, in nats, summed over the K outputs.

    Summed, not averaged: an example's loss is the negative log-likelihood of all its labels, and it does not shrink
    when a label that is easy joins.
    """
    each = F.binary_cross_entropy_with_logits(logits, target, reduction="none").sum(dim=1)
    return each if reduction == "none" else each.mean()


def squared_error(logits: Tensor, target: Tensor, reduction: Reduction = "mean") -> Tensor:
    """Squared error of (N, D) outputs against (N, D) targets, averaged over the D columns, in scaled target units."""
    each = (logits - target).square().mean(dim=1)
    return each if reduction == "none" else each.mean()


def squared_error_of_shares(logits: Tensor, target: Tensor, reduction: Reduction = "mean") -> Tensor:
    """Squared error of the sigmoid of (N, D) logits against (N, D) targets in 0..1."""
    return squared_error(torch.sigmoid(logits), target, reduction)


@dataclass(frozen=True)
class Metric:
    """A reported number, computed from preds (after the activation) and target of a whole part.

    Args:
        info: Name, direction, perfect value and kind of interval.
        compute: From preds (N, K) - (N,) for binary - and target to the number.
    """

    info: MetricInfo
    compute: Callable[[Tensor, Tensor], Tensor]


def _classes(preds: Tensor) -> int:
    return preds.shape[1]


def _of_two(compute: Callable[[Tensor, Tensor], Tensor], preds: Tensor, target: Tensor) -> Tensor:
    """Rank one class against the other; not a number where only one of them is there."""
    return compute(preds, target) if target.min() < target.max() else preds.new_tensor(torch.nan)


def _metric(name: str, kind: str, compute: Callable[[Tensor, Tensor], Tensor], *, higher: bool = True) -> Metric:
    return Metric(MetricInfo(name, higher, 1.0 if higher else 0.0, kind), compute)


def _mean_average_precision(preds: Tensor, target: Tensor) -> Tensor:
    """Average precision, averaged over the labels that some example has; not a number where none has any."""
    columns = zip(preds.unbind(dim=1), target.unbind(dim=1), strict=True)
    each = [M.classification.binary_average_precision(p, t) for p, t in columns if t.any()]
    return torch.stack(each).mean() if each else preds.new_tensor(torch.nan)


_BINARY = (
    _metric("accuracy", "proportion", lambda preds, target: M.classification.binary_accuracy(preds, target.long())),
    _metric("roc_auc", "ranking", lambda preds, target: _of_two(M.classification.binary_auroc, preds, target.long())),
    _metric(
        "average_precision",
        "ranking",
        lambda preds, target: _of_two(M.classification.binary_average_precision, preds, target.long()),
    ),
    _metric("precision", "ranking", lambda preds, target: M.classification.binary_precision(preds, target.long())),
    _metric("recall", "ranking", lambda preds, target: M.classification.binary_recall(preds, target.long())),
)
_MULTICLASS = (
    _metric("accuracy", "proportion", lambda preds, target: (preds.argmax(dim=1) == target).float().mean()),
    _metric(
        "macro_f1",
        "confusion",
        lambda preds, target: M.classification.multiclass_f1_score(preds, target, _classes(preds), average="macro"),
    ),
)
_MULTILABEL = (
    _metric("mean_average_precision", "ranking", lambda preds, target: _mean_average_precision(preds, target.long())),
    _metric("label_accuracy", "mean", lambda preds, target: ((preds > 0.5) == (target > 0.5)).float().mean()),
)
_REGRESSION = (
    _metric("mae", "mean", lambda preds, target: (preds - target).abs().mean(), higher=False),
    _metric("rmse", "mean", lambda preds, target: (preds - target).square().mean().sqrt(), higher=False),
    _metric("r2", "mean", lambda preds, target: 1 - _unexplained(preds, target)),
)

_NEXT_TOKEN = (
    _metric("bits_per_character", "mean", lambda sums, _: next_token.bits_per_character(sums), higher=False),
    Metric(MetricInfo("perplexity", False, 1.0, "mean"), lambda sums, _: next_token.perplexity(sums)),
    _metric("token_accuracy", "mean", lambda sums, _: next_token.token_accuracy(sums)),
)


def _unexplained(preds: Tensor, target: Tensor) -> Tensor:
    """Squared error as a share of the target's own spread, averaged over the columns."""
    spread = (target - target.mean(dim=0)).square().sum(dim=0)
    return ((preds - target).square().sum(dim=0) / spread.clamp_min(1e-12)).mean()


@dataclass(frozen=True)
class TaskKind:
    """One row of the task table: what all tasks of a kind share.

    Args:
        name: As asked for with ``--task``.
        target: What it is, in words.
        activation: From logits to preds.
        loss: From logits (N, K) and target, by reduction.
        metrics: The usual headline first.
        is_classes: Whether the target is a class number.
        condense: From what the network gives, and the prepared batch it read, to the logits (N, K) that all else reads;
            the same for every row but next-token.
        at_once: Examples scored at once; fewer where the network answers at every token.
    """

    name: str
    target: str
    activation: Callable[[Tensor], Tensor]
    loss: Callable[[Tensor, Tensor, Reduction], Tensor]
    metrics: tuple[Metric, ...]
    is_classes: bool
    reduce_logits: Callable[[Tensor, Any], Tensor] = lambda logits, batch: (
        logits
    )  # Any: a batch as the network reads it
    eval_batch_size: int = EVAL_BATCH


TABLE: dict[str, TaskKind] = {
    row.name: row
    for row in (
        TaskKind("binary", "two classes", lambda z: torch.sigmoid(z).squeeze(1), binary_cross_entropy, _BINARY, True),
        TaskKind(
            "multiclass", "one of several classes", lambda z: torch.softmax(z, dim=1), cross_entropy, _MULTICLASS, True
        ),
        TaskKind("multilabel", "any of several labels", torch.sigmoid, summed_cross_entropy, _MULTILABEL, False),
        TaskKind("regression", "real numbers", lambda z: z, squared_error, _REGRESSION, False),
        TaskKind("unit-regression", "numbers from 0 to 1", torch.sigmoid, summed_cross_entropy, _REGRESSION, False),
        TaskKind(
            NEXT_TOKEN,
            "nothing but the inputs",
            lambda z: z,
            next_token.nats_a_token,
            _NEXT_TOKEN,
            False,
            reduce_logits=next_token.reduce_logits,
            eval_batch_size=32,
        ),
    )
}


@dataclass(frozen=True)
class Task:
    """A row of the table, fitted to one target.

    Args:
        row: The row.
        info: Reason, width, names, metrics in order of interest, scale of a regression.
    """

    row: TaskKind
    info: TaskInfo

    def preds(self, logits: Tensor) -> Tensor:
        """Turn logits (N, K) into what is shown: probabilities, or values in target units; (N,) for binary."""
        shown = self.row.activation(logits)
        if not self.info.scale:
            return shown
        return shown * shown.new_tensor(self.info.scale) + shown.new_tensor(self.info.shift)

    def encode(self, target: Target) -> Tensor:
        """Turn stored targets into what the loss reads: int64 class numbers, else float32 (scaled for regression)."""
        if self.row.name == "multiclass":
            return torch.from_numpy(target.astype(np.int64))
        encoded = torch.from_numpy(target.astype(np.float32))
        if self.row.name in ("regression", "unit-regression"):
            encoded = encoded.reshape(len(target), -1)
        if self.info.scale:
            encoded = (encoded - encoded.new_tensor(self.info.shift)) / encoded.new_tensor(self.info.scale)
        return encoded

    def decode(self, encoded: Tensor) -> Tensor:
        """Turn what the loss reads back into target units."""
        if not self.info.scale:
            return encoded
        return encoded * encoded.new_tensor(self.info.scale) + encoded.new_tensor(self.info.shift)

    def metrics(self, logits: Tensor, target: Tensor) -> dict[str, float]:
        """Compute every metric over a whole part, the headline first.

        Args:
            logits: (N, K).
            target: As `encode` gives it.
        """
        preds, actual = self.preds(logits), self.decode(target)
        compute = {metric.info.name: metric.compute for metric in self.row.metrics}
        return {info.name: float(compute[info.name](preds, actual)) for info in self.info.metrics}

    def example_scores(self, logits: Tensor, target: Tensor) -> Tensor:
        """Score each example on its own, (N,): right or wrong, share of right labels, absolute error, or bits."""
        if self.row.name == NEXT_TOKEN:
            return next_token.example_scores(logits)
        preds, actual = self.preds(logits), self.decode(target)
        if self.row.name == "multiclass":
            return (preds.argmax(dim=1) == actual).float()
        if self.row.name == "binary":
            return ((preds > 0.5) == (actual > 0.5)).float()
        if self.row.name == "multilabel":
            return ((preds > 0.5) == (actual > 0.5)).float().mean(dim=1)
        return (preds - actual).abs().mean(dim=1)

    def margins(self, logits: Tensor, target: Tensor) -> Tensor:
        """Return how far each example is from a wrong class, (N,), in logits; zeros where there are no classes.

        Source: Pleiss et al. 2020, area under the margin: true-class logit minus the largest other.
        """
        if self.row.name == "binary":
            return torch.where(target > 0.5, 1.0, -1.0) * logits.squeeze(1)
        if self.row.name != "multiclass":
            return torch.zeros(len(logits), device=logits.device)
        true = logits.gather(1, target[:, None])
        others = logits.scatter(1, target[:, None], -torch.inf)
        return true.squeeze(1) - others.amax(dim=1)


def decide(target: Target, names: tuple[str, ...], asked: str = "", loss: str = "auto") -> Task:
    """Choose the row of the table from the training target, or check that the asked one fits.

    Args:
        target: The training part's target.
        names: Of the classes, labels or columns; empty if nothing is known.
        asked: The row that the user wants; empty to decide.
        loss: ``squared-error`` or ``cross-entropy`` for unit regression; ``auto`` elsewhere.

    Raises:
        BadOption: If the asked row is unknown or the target does not fit it.
        BadData: If no row fits the target.
    """
    found, reason = _recognize(target, names)
    if asked and asked not in TABLE:
        raise BadOption(f"no task named {asked!r}{nearest(asked, TABLE)}  tasks: {', '.join(TABLE)}")
    name = asked or found
    if asked and asked != found:
        _check_fits(target, asked, found, reason)
        reason = f"as asked with --task; the target alone ({reason}) would be {found}"
    row = TABLE[name]
    _check_values(row, target, names)
    if loss != "auto":
        row = _with_loss(row, loss)
    return Task(row, _info(row, target, names, reason))


def restore(info: TaskInfo) -> Task:
    """Make the task of a run again from what its manifest keeps.

    Raises:
        BadRun: If this dl does not have its row.
    """
    if info.name not in TABLE:
        raise BadRun(f"its task {info.name!r} is not known to this dl; known: {', '.join(TABLE)}")
    row = TABLE[info.name]
    return Task(_with_loss(row, "squared-error") if info.loss == squared_error_of_shares.__name__ else row, info)


def _recognize(target: Target, names: tuple[str, ...]) -> tuple[str, str]:
    """Return the row that the target asks for, and why in words."""
    if len(target) == 0:
        raise BadData("there are no training examples")
    if target.ndim == 2 and target.shape[1] == 0:
        return NEXT_TOKEN, "no target but the inputs themselves: each token from those before it"
    if np.issubdtype(target.dtype, np.integer) or target.dtype == bool:
        if target.ndim == 2:
            return "multilabel", f"{target.shape[1]} labels, each yes or no"
        count = len(names) or len(np.unique(target))
        row = "binary" if count == 2 else "multiclass"
        return row, f"{count} classes, one for each example"
    if not np.isfinite(target).all():
        count = int(np.count_nonzero(~np.isfinite(target)))
        raise BadData(many(count, "target is no finite number", "targets are no finite numbers"))
    columns = 1 if target.ndim == 1 else target.shape[1]
    low, high = float(target.min()), float(target.max())
    what = f"{columns} columns of real numbers" if columns > 1 else "real numbers"
    if low == high:
        raise BadData(f"every target is {low:g}; there is nothing to learn")
    row = "unit-regression" if low >= 0 and high <= 1 else "regression"
    return row, f"{what} from {low:.4g} to {high:.4g}"


def _check_fits(target: Target, asked: str, found: str, reason: str) -> None:
    if NEXT_TOKEN in (asked, found):
        what = "nothing but the inputs" if asked == NEXT_TOKEN else TABLE[asked].target
        raise BadOption(f"--task {asked} needs {what}, but the target is {reason} ({found})")
    integers = np.issubdtype(target.dtype, np.integer)
    fits = {
        "binary": integers and target.ndim == 1 and int(target.max()) <= 1,
        "multiclass": integers and target.ndim == 1,
        "multilabel": integers and target.ndim == 2,
        "regression": target.ndim == 1 or not integers,
        "unit-regression": float(target.min()) >= 0 and float(target.max()) <= 1,
    }
    if not fits[asked]:
        raise BadOption(f"--task {asked} needs {TABLE[asked].target}, but the target is {reason} ({found})")


def _check_values(row: TaskKind, target: Target, names: tuple[str, ...]) -> None:
    """Refuse class numbers below 0 or without a name, and labels that are not yes or no."""
    if row.name == NEXT_TOKEN:
        return
    low, high = target.min(), target.max()
    if row.is_classes and low < 0:
        raise BadData(f"class numbers start at 0; the least here is {low}")
    if row.is_classes and names and high >= len(names):
        raise BadData(f"a target has class number {high}, but only {len(names)} classes are named")
    if row.name == "multilabel" and (low < 0 or high > 1):
        raise BadData(f"labels are 0 or 1; these go from {low} to {high}")


def _with_loss(row: TaskKind, loss: str) -> TaskKind:
    if row.name != "unit-regression":
        raise BadOption(f"loss={loss} is for unit-regression; {row.name} has one loss only")
    return replace(row, loss=squared_error_of_shares if loss == "squared-error" else summed_cross_entropy)


def _info(row: TaskKind, target: Target, names: tuple[str, ...], reason: str) -> TaskInfo:
    metrics = tuple(metric.info for metric in row.metrics)
    shift: tuple[float, ...] = ()
    scale: tuple[float, ...] = ()
    if row.name == NEXT_TOKEN:
        return TaskInfo(row.name, reason, len(next_token.SUMS), (), metrics, row.loss.__name__)
    if row.is_classes:
        count = max(len(names), int(target.max()) + 1, 2)
        names = names or tuple(str(k) for k in range(count))
        outputs = 1 if row.name == "binary" else count
        metrics = _headline_for_balance(row.name, np.bincount(target, minlength=count), metrics)
    else:
        columns = target.reshape(len(target), -1)
        outputs = columns.shape[1]
        names = names or tuple(f"target {k}" if outputs > 1 else "target" for k in range(outputs))
    if row.name == "regression":
        shift = tuple(columns.mean(axis=0, dtype=np.float64).tolist())
        scale = tuple(np.maximum(columns.std(axis=0, dtype=np.float64), 1e-12).tolist())
    return TaskInfo(row.name, reason, outputs, names, metrics, row.loss.__name__, shift, scale)


def _headline_for_balance(
    name: str, counts: NDArray[np.int64], metrics: tuple[MetricInfo, ...]
) -> tuple[MetricInfo, ...]:
    """Put average precision or macro F1 first where the most common class is many times the rarest."""
    if counts.max() <= IMBALANCED * max(int(counts[counts > 0].min()), 1):
        return metrics
    first = "average_precision" if name == "binary" else "macro_f1"
    return tuple(sorted(metrics, key=lambda metric: metric.name != first))
