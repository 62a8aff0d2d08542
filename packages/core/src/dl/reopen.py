"""Opening a run for use: its task, preparation and network with the best weights, ready to score or to predict."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from dl.checkpoint import load_weights
from dl.choose import resolve
from dl.data import Examples
from dl.domain import Domain, Preparation
from dl.feed import EVAL_BATCH
from dl.plugins import Plugins
from dl.recipe import Recipe
from dl.run import Run, read_json
from dl.task import Task, restore


@dataclass(frozen=True)
class Opened:
    """A run that can be used.

    Args:
        run: The folder.
        recipe: Its choices, checked against what is installed.
        domain: Reads raw inputs.
        preparation: As learnt from the training part.
        task: As decided by the training target.
        network: With the weights of the best epoch, in eval mode, on a GPU if there is one.
    """

    run: Run
    recipe: Recipe
    domain: Domain
    preparation: Preparation
    task: Task
    network: nn.Module

    def logits(self, inputs: Tensor) -> Tensor:
        """Score stored inputs (N, ...), a batch at a time; returns (N, K)."""
        device = next(self.network.parameters()).device
        with torch.inference_mode():
            prepared = (self.preparation(batch.to(device)) for batch in inputs.split(EVAL_BATCH))
            batches = [self.network(batch).float().cpu() for batch in prepared]
        return torch.cat(batches) if batches else torch.empty(0, self.task.info.outputs)


def reopen(run: Run, plugins: Plugins) -> Opened:
    """Make a run's network again and load its best weights.

    Raises:
        BadRun: If the run has kept no weights, or they do not fit the recipe beside them.
        UnknownName: If the run's domain or model is not installed.
    """
    task = restore(run.manifest.task)
    run.recipe  # noqa: B018 - reading it is the check
    recipe = resolve(plugins, recipe=str(run.path / "recipe.toml"))
    domain = plugins.domain(recipe.domain).load()
    preparation = domain.restore(read_json(run.path / "preparation.json"))
    spec = plugins.model(recipe.domain, recipe.model)
    network = spec.build(preparation.input_shape, task.info.outputs, recipe.model_options)
    load_weights(run.path / "best.safetensors", network)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    return Opened(run, recipe, domain, preparation.to(device), task, network.eval().to(device))


def as_tensor(examples: Examples) -> Tensor:
    """Return the stored inputs as a tensor, sharing memory."""
    return torch.from_numpy(examples.inputs)
