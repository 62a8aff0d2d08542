"""Rates: counts from 0 up, predicted by the mean of a Poisson distribution.

Letters: ``N`` examples, ``D`` columns of counts.
"""

from __future__ import annotations

import numpy as np
import torch
from dl.runs.manifest import TaskInfo
from dl.tasks.baselines import Constant, constant
from dl.tasks.targets import column_names
from dl.tasks.task import Target, TaskKind, metric
from torch import Tensor

LEAST = 1e-6  # smallest mean, for a finite logarithm


def row(name: str) -> TaskKind:
    """Return the row of the task table."""
    return TaskKind(
        name=name,
        target="counts from 0 up",
        fits=lambda target: target.size > 0 and float(target.min()) >= 0,
        names=column_names,
        outputs=len,
        activation=torch.exp,
        loss=half_deviance,
        metrics=(  # the first is the headline, which chooses the best epoch
            metric("deviance", "mean", lambda rates, counts: deviance(rates, counts).mean(), higher=False),
            metric("mae", "mean", lambda rates, counts: (rates - counts).abs().mean(), higher=False),
        ),
        score=deviance,
        score_name="deviance",
        baselines=constant(mean_rate),
    )


def deviance(rates: Tensor, counts: Tensor) -> Tensor:
    """Return the Poisson deviance of rates (N, D), one number per example, (N,).

    Source: McCullagh and Nelder 1989, section 2.3.
    """
    return 2 * (torch.xlogy(counts, counts / rates) - counts + rates).mean(dim=1)


def half_deviance(logits: Tensor, counts: Tensor, reduction: str = "mean") -> Tensor:
    """Return half of the deviance of rates exp(logits), (N, D): of each example, or their mean."""
    each = (torch.xlogy(counts, counts) - counts * logits - counts + logits.exp()).mean(dim=1)
    return each if reduction == "none" else each.mean()


def mean_rate(target: Target, _info: TaskInfo) -> tuple[Constant, ...]:
    """Return the baseline: always the mean of the training counts."""
    means = target.reshape(len(target), -1).astype(np.float64).mean(axis=0)
    shown = ", ".join(f"{mean:.4g}" for mean in means)
    return (Constant("mean", f"always {shown}", np.log(np.maximum(means, LEAST))),)
