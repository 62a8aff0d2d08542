"""A run with its network, ready to score and predict."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from torch import Tensor, nn

from dl.data.examples import Examples, whole
from dl.data.memory import take
from dl.domain import Domain, Preprocessor, encode_examples
from dl.errors import BadOption
from dl.learners.fitted import FittedLearner
from dl.options import Options
from dl.padded import as_tensor
from dl.plugins.at_hand import read_given
from dl.recipes.recipe import Recipe
from dl.runs.run import Run
from dl.tasks.task import Task
from dl.training.batches import DeviceDataset
from dl.training.scoring import compute_features, compute_logits, fits_a_batch, logits_of_batch


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
        stored = self.preprocessor.encode(examples.inputs)
        if fits_a_batch(stored, self.task):
            return logits_of_batch(self.network, self.preprocessor, self.task, as_tensor(stored), self._weight)
        data = DeviceDataset.of(replace(examples, inputs=stored), self.task)
        return compute_logits(self.network, self.preprocessor, self.task, data, np.arange(len(examples)))

    @cached_property
    def _weight(self) -> Tensor:
        """The first weight; to look for it takes as long as a small layer."""
        return next(self.network.parameters())

    def features(self, examples: Examples) -> Tensor:
        """Compute what the network has learnt of raw examples, (N, F): codes, or the inputs of its last linear layer.

        Raises:
            BadOption: If the run has no single network with such a layer, or generates text.
        """
        if self.task.info.tells_tokens:
            raise BadOption(f"{self.run.name} tells tokens, and has no features of a whole text")
        data = DeviceDataset.of(encode_examples(examples, self.preprocessor), self.task)
        return compute_features(self.network, self.preprocessor, self.task, data, np.arange(len(examples)))

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

    def features(self, examples: Examples) -> Tensor:
        """Refuse features: nothing is learnt but the answer.

        Raises:
            BadOption: Always.
        """
        raise BadOption(f"{self.run.name} is a learner of scikit-learn, which learns no features")
