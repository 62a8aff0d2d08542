"""Learners as networks, to be traced: from the rows that a learner reads to the logits of its task.

It does in tensors what `dl.learners.fitted` does with arrays.
Letters: ``N`` rows, ``K`` outputs of the task.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from dl.domain import Preprocessor
from dl.errors import BadOption
from dl.inference.loaded import LoadedLearner, LoadedRun
from dl.learners.fitted import CLASSIFIER, SOFTMAX, SUREST, FittedLearner
from dl.options import Options
from dl.preparation import Preparation
from dl.tasks.task import Task


class AsGiven(Preprocessor):
    """Prepares nothing."""

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Of no input."""
        return ()

    def forward(self, inputs: Tensor) -> Tensor:
        """Return what is given."""
        return inputs


class LearnerNetwork(nn.Module):
    """The estimators of a learner, as a network.

    Args:
        fitted: The learner.
        task: Of the run.
        estimates: A module for each estimator that is not a constant, as `dl.learner.Learner.export` makes them.
    """

    def __init__(self, fitted: FittedLearner, task: Task, estimates: nn.Module) -> None:
        super().__init__()
        self.fitted, self.task, self.estimates = fitted, task, estimates

    def forward(self, rows: Tensor) -> Tensor:
        """Return the logits (N, K) of rows (N, D)."""
        modules: Any = self.estimates  # Any: a list of modules
        made = iter([one(rows) for one in modules])
        each = [
            rows.new_full((rows.shape[0],), one) if isinstance(one, float) else next(made)
            for one in self.fitted.estimators
        ]
        return self._logits(self._preds(each)).float()

    def _preds(self, each: list[Tensor]) -> Tensor:
        info = self.task.info
        if self.task.row.learner != CLASSIFIER:
            values = torch.stack(each, dim=1)
            if info.log_limits:
                low, high = values.new_tensor(info.log_limits).T
                return torch.minimum(torch.maximum(values, low), high).exp()
            return values.clamp(0, 1) if info.bounded else values
        if info.has_labels:
            return torch.stack([one if one.ndim == 1 else one[:, 1] for one in each], dim=1)
        classes = [int(one) for one in self.fitted.estimators[0].classes_]
        blank = torch.zeros_like(each[0][:, 0])
        found = [each[0][:, classes.index(k)] if k in classes else blank for k in range(max(len(info.names), 2))]
        return torch.stack(found[1:] if info.outputs == 1 else found, dim=1)

    def _logits(self, preds: Tensor) -> Tensor:
        info = self.task.info
        if info.by_query:
            return preds
        if self.task.row.learner != CLASSIFIER and not info.bounded:
            values = preds.log() if info.log_limits else preds
            return (values - values.new_tensor(info.shift)) / values.new_tensor(info.scale) if info.scale else values
        close = preds.clamp(SUREST, 1 - SUREST)
        return close.log() if info.probabilities == SOFTMAX else close.logit()


def as_network(opened: LoadedLearner, options: Options) -> tuple[LoadedRun, Preparation]:
    """Return a run with the learner as a network, and how its inputs are prepared.

    Raises:
        BadOption: If the learner has no exported form, with what to do.
    """
    export = opened.fitted.learner.export
    if export is None:
        raise BadOption(
            f"{opened.recipe.model} is a learner of scikit-learn without an exported form  fit a network: "
            f"dl fit {opened.recipe.domain} DATA, or use the learner where dl is: dl predict {opened.run.name}"
        )
    estimators = [one for one in opened.fitted.estimators if not isinstance(one, float)]
    preparation, estimates = export(opened.fitted.learnt, estimators, options)
    network = LearnerNetwork(opened.fitted, opened.task, estimates).eval()
    run = LoadedRun(opened.run, opened.recipe, opened.domain, AsGiven(), opened.task, network)
    return run, preparation
