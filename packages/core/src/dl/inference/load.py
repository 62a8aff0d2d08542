"""Opening a run for use: its task, preprocessor and network with the best weights, ready to score or to predict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from dl.data.examples import Examples
from dl.domain import Domain, Preprocessor, encoded
from dl.plugins.registry import Plugins
from dl.recipes.recipe import AUTO, Recipe
from dl.recipes.resolve import resolve
from dl.runs.run import Run, read_json
from dl.tasks.table import restore
from dl.tasks.task import Task
from dl.training.batches import DeviceDataset, EvalBatchSampler, Shard
from dl.training.checkpoint import load_weights
from dl.training.regularizers import Regularizers, build_network


@dataclass(frozen=True)
class LoadedRun:
    """A run that can be used.

    Args:
        run: The folder.
        recipe: Its choices, checked against what is installed.
        domain: Reads raw inputs.
        preprocessor: As learnt from the training part.
        task: As decided by the training target.
        network: With the weights of the best epoch, in eval mode, on a GPU if there is one.
    """

    run: Run
    recipe: Recipe
    domain: Domain
    preprocessor: Preprocessor
    task: Task
    network: nn.Module

    def logits(self, examples: Examples) -> Tensor:
        """Score examples as they were read, a batch at a time; returns (N, K) in their order."""
        if not len(examples):
            return torch.empty(0, self.task.info.outputs)
        feed = DeviceDataset.of(encoded(examples, self.preprocessor), self.task)
        feed.targets = feed.targets.to(next(self.network.parameters()).device)
        order = EvalBatchSampler(np.arange(len(examples)), Shard(), feed.lengths, self.task.row.eval_batch_size)
        batches = []
        with torch.inference_mode():
            for positions in order:
                inputs, _ = feed.take(positions)
                prepared = self.preprocessor(inputs)
                batches.append(self.task.row.reduce_logits(self.network(prepared), prepared).float().cpu())
        return torch.cat(batches)[torch.from_numpy(np.argsort(order.mine))]


def reopen(run: Run, plugins: Plugins) -> LoadedRun:
    """Make a run's network again and load its best weights.

    Raises:
        BadRun: If the run has kept no weights, or they do not fit the recipe beside them.
        UnknownName: If the run's domain or model is not installed.
    """
    task = restore(run.manifest.task, plugins.tasks)
    unsaid = {"val": AUTO} if run.recipe.split.get("val") == 0 else {}  # how runs once kept that nothing was said of it
    recipe = resolve(plugins, recipe=str(run.path / "recipe.toml"), options=unsaid)
    domain = plugins.domain(recipe.domain).load()
    preprocessor = domain.restore(read_json(run.path / "preprocessor.json", dict[str, Any]))
    network = build_network(recipe, plugins, preprocessor.input_shape, task, Regularizers.of(recipe, plugins, task))
    load_weights(run.path / "best.safetensors", network)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    return LoadedRun(run, recipe, domain, preprocessor.to(device), task, network.eval().to(device))
