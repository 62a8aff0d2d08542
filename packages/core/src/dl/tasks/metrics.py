"""Metrics: the numbers that dl's own tasks report, each from the preds and the target of a whole set."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor
from torchmetrics import functional as M

from dl.runs.manifest import MetricInfo
from dl.tasks import ctc, next_token, ranking
from dl.tasks.task import Metric, metric


def _classes(preds: Tensor) -> int:
    return preds.shape[1]


def _of_two(compute: Callable[[Tensor, Tensor], Tensor], preds: Tensor, target: Tensor) -> Tensor:
    """Compute a ranking metric of two classes; NaN if there is only one class."""
    return compute(preds, target) if target.min() < target.max() else preds.new_tensor(torch.nan)


def _mean_average_precision(preds: Tensor, target: Tensor) -> Tensor:
    """Average precision, averaged over the labels with an example; NaN without any."""
    columns = zip(preds.unbind(dim=1), target.unbind(dim=1), strict=True)
    each = [M.classification.binary_average_precision(p, t) for p, t in columns if t.any()]
    return torch.stack(each).mean() if each else preds.new_tensor(torch.nan)


BINARY = (
    metric("accuracy", "proportion", lambda preds, target: M.classification.binary_accuracy(preds, target.long())),
    metric("roc_auc", "ranking", lambda preds, target: _of_two(M.classification.binary_auroc, preds, target.long())),
    metric(
        "average_precision",
        "ranking",
        lambda preds, target: _of_two(M.classification.binary_average_precision, preds, target.long()),
    ),
    metric("precision", "ranking", lambda preds, target: M.classification.binary_precision(preds, target.long())),
    metric("recall", "ranking", lambda preds, target: M.classification.binary_recall(preds, target.long())),
)
MULTICLASS = (
    metric("accuracy", "proportion", lambda preds, target: (preds.argmax(dim=1) == target).float().mean()),
    metric(
        "macro_f1",
        "confusion",
        lambda preds, target: M.classification.multiclass_f1_score(preds, target, _classes(preds), average="macro"),
    ),
)
MULTILABEL = (
    metric("mean_average_precision", "ranking", lambda preds, target: _mean_average_precision(preds, target.long())),
    metric("label_accuracy", "mean", lambda preds, target: ((preds > 0.5) == (target > 0.5)).float().mean()),
)
REGRESSION = (
    metric("mae", "mean", lambda preds, target: (preds - target).abs().mean(), higher=False),
    metric("rmse", "mean", lambda preds, target: (preds - target).square().mean().sqrt(), higher=False),
    metric("r2", "mean", lambda preds, target: 1 - _unexplained(preds, target)),
)

NEXT_TOKEN = (
    metric("bits_per_character", "mean", lambda sums, _: next_token.bits_per_character(sums), higher=False),
    Metric(MetricInfo("perplexity", False, 1.0, "mean"), lambda sums, _: next_token.perplexity(sums)),
    metric("token_accuracy", "mean", lambda sums, _: next_token.token_accuracy(sums)),
)
RECONSTRUCTION = (metric("mse", "mean", lambda errors, _: errors[:, 0].double().mean(), higher=False),)
RANKING = (
    metric("mean_average_precision", "mean", ranking.mean_average_precision),
    metric("ndcg_at_10", "mean", ranking.ndcg),
    metric("precision_at_1", "mean", partial(ranking.precision_at, 1)),
    metric("precision_at_5", "mean", partial(ranking.precision_at, 5)),
)
CTC = (
    metric("character_error_rate", "mean", ctc.character_error_rate, higher=False),
    metric("exact", "proportion", ctc.exact),
)


def _unexplained(preds: Tensor, target: Tensor) -> Tensor:
    """Squared error as a share of the target's own spread, averaged over the columns."""
    spread = (target - target.mean(dim=0)).square().sum(dim=0)
    least = torch.finfo(target.dtype).eps ** 2 * target.square().sum(dim=0)  # below it all values count as equal
    least = least.clamp_min(torch.finfo(target.dtype).tiny)
    return ((preds - target).square().sum(dim=0) / torch.maximum(spread, least)).mean()
