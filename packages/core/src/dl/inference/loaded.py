"""A run with its network, ready to score and predict."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from dl.data.examples import Examples, whole
from dl.data.memory import take
from dl.domain import Domain, Preprocessor, encode_examples
from dl.learners.fitted import FittedLearner
from dl.options import Options
from dl.padded import Padded
from dl.plugins.at_hand import read_given
from dl.recipes.recipe import Recipe
from dl.regularizer import Prepared
from dl.runs.run import Run
from dl.tasks.task import Task
from dl.training.batches import DeviceDataset, EvalBatchSampler, Shard


@dataclass(frozen=True)
class LoadedRun:
    """A run with its network, ready to score and predict.

    Args:
        run: The run.
        recipe: Its choices, checked against the installed plugins.
        domain: Reads raw inputs.
        preprocessor: As learnt from the training set.
        task: As decided by the training target.
        network: With the weights of the best epoch, in eval mode, on a GPU if there is one.
    """

    run: Run
    recipe: Recipe
    domain: Domain
    preprocessor: Preprocessor
    task: Task
    network: nn.Module

    @property
    def members(self) -> tuple[LoadedRun, ...]:
        """The networks whose predictions are averaged: this one alone."""
        return (self,)

    def logits(self, examples: Examples) -> Tensor:
        """Compute the logits of raw examples batch by batch, (N, K) in their order."""
        if not len(examples):
            return torch.empty(0, self.task.info.outputs)
        data = DeviceDataset.of(encode_examples(examples, self.preprocessor), self.task)
        data.targets = data.targets.to(next(self.network.parameters()).device)
        sampler = EvalBatchSampler(np.arange(len(examples)), Shard(), data.lengths, self.task.row.eval_batch_size)
        batches = []
        with torch.inference_mode():
            for positions in sampler:
                inputs, _ = data.take(positions)
                prepared = self._prepared(inputs)
                batches.append(self.task.row.reduce_logits(self.network(prepared), prepared).float().cpu())
        return torch.cat(batches)[torch.from_numpy(np.argsort(sampler.local_positions))]

    def read(self, inputs: object, options: Options | None = None, *, skip: bool = False) -> Examples:
        """Convert inputs in memory to examples.

        Args:
            inputs: As `dl.data.memory.take` takes them.
            options: How to read them; None reads them like the run's own data.
            skip: Whether rows may be skipped, as ``bad_rows`` asks; else each must be usable.

        Raises:
            BadData: If they do not fit the run.
        """
        chosen = self.recipe.data_options if options is None else options
        return read_given(self.domain, self.recipe.domain, take(inputs), chosen, self.preprocessor, skip=skip).train

    def _prepared(self, inputs: Tensor | Padded) -> Prepared:
        """Prepare encoded inputs, cast to the dtype of the network."""
        prepared: Prepared = self.preprocessor(inputs)
        return prepared.to(next(self.network.parameters()).dtype) if isinstance(prepared, Tensor) else prepared


@dataclass(frozen=True)
class LoadedLearner(LoadedRun):
    """A run whose model is a learner of scikit-learn; its network is empty.

    Args:
        fitted: The learner, fitted to the training set.
    """

    fitted: FittedLearner

    def logits(self, examples: Examples) -> Tensor:
        """Compute the logits of raw examples, (N, K) in their order."""
        if not len(examples):
            return torch.empty(0, self.task.info.outputs)
        return self.fitted.logits(self.task, whole(examples))
