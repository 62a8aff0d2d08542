"""Opening a run for use: its task, preprocessor and network with the best weights, ready to score or to predict."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from dl.data.examples import Examples
from dl.data.memory import take
from dl.domain import Domain, Preprocessor, encode_examples
from dl.errors import BadOption
from dl.options import Options
from dl.padded import Padded
from dl.plugins.at_hand import NOTHING, AtHand, read_given, without
from dl.plugins.registry import Plugins
from dl.recipes.recipe import AUTO, Recipe
from dl.recipes.resolve import resolve
from dl.regularizer import Prepared
from dl.runs.run import Run, read_json
from dl.tasks.table import restore
from dl.tasks.task import Task
from dl.training.batches import DeviceDataset, EvalBatchSampler, Shard
from dl.training.checkpoint import load_weights
from dl.training.regularizers import Regularizers, build_network

if TYPE_CHECKING:
    from dl.plugins.at_hand import Model


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
        feed = DeviceDataset.of(encode_examples(examples, self.preprocessor), self.task)
        feed.targets = feed.targets.to(next(self.network.parameters()).device)
        order = EvalBatchSampler(np.arange(len(examples)), Shard(), feed.lengths, self.task.row.eval_batch_size)
        batches = []
        with torch.inference_mode():
            for positions in order:
                inputs, _ = feed.take(positions)
                prepared = self._prepared(inputs)
                batches.append(self.task.row.reduce_logits(self.network(prepared), prepared).float().cpu())
        return torch.cat(batches)[torch.from_numpy(np.argsort(order.local_positions))]

    def read(self, inputs: object, options: Options | None = None) -> Examples:
        """Return inputs that a program has at hand as examples.

        Args:
            inputs: As `dl.data.memory.take` takes them.
            options: How to read them; None as the run's own data was read.

        Raises:
            BadData: If they do not fit the run.
        """
        chosen = self.recipe.data_options if options is None else options
        return read_given(self.domain, self.recipe.domain, take(inputs), chosen, self.preprocessor).train

    def _prepared(self, inputs: Tensor | Padded) -> Prepared:
        """Prepare stored inputs; numbers in the network's number type."""
        prepared: Prepared = self.preprocessor(inputs)
        return prepared.to(next(self.network.parameters()).dtype) if isinstance(prepared, Tensor) else prepared


def reopen(run: Run, plugins: Plugins, model: Model | None = None) -> LoadedRun:
    """Make a run's network again and load its best weights.

    Args:
        run: The run.
        plugins: What is registered.
        model: The network, or the function that builds it, where the fit was given one.

    Raises:
        BadRun: If the run has kept no weights, they do not fit the network, or the network is not at hand.
        UnknownName: If the run's domain or model is not installed.
    """
    task, needed = restore(run.manifest.task, plugins.tasks), run.manifest.in_memory
    plugins = _at_hand(run, model).register(without(plugins, needed, run.name))
    # val=0 is how runs once kept that nothing was said of it; an optimizer of the user's own is not needed any more
    unsaid: dict[str, object] = {"val": AUTO} if run.recipe.split.get("val") == 0 else {}
    unsaid |= {"optimizer": "sgd"} if "optimizer" in needed else {}
    recipe = resolve(plugins, recipe=str(run.path / "recipe.toml"), options=unsaid)
    domain = plugins.domain(recipe.domain).load()
    preprocessor = domain.restore(read_json(run.path / "preprocessor.json", dict[str, Any]))
    network = build_network(recipe, plugins, preprocessor, task, Regularizers.of(recipe, plugins, task))
    load_weights(run.path / "best.safetensors", network)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    return LoadedRun(run, recipe, domain, preprocessor.to(device), task, network.eval().to(device))


def _at_hand(run: Run, model: Model | None) -> AtHand:
    """Return what the run still has from its fit, and the network that is given now.

    Raises:
        BadOption: If a network is given for a run that has one by name.
    """
    if model is not None and "model" not in run.manifest.in_memory:
        raise BadOption(f"{run.name} has the network {run.manifest.model!r} by name; leave model= out")
    held = run.at_hand or NOTHING
    return held if model is None else replace(held, model=model)
