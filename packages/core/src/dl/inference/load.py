"""Load a run for use: its task, preprocessor and network with the best weights, ready to score or predict."""

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


def reopen(run: Run, plugins: Plugins, model: Model | None = None) -> LoadedRun:
    """Rebuild a run's network and load its best weights.

    Args:
        run: The run.
        plugins: The registered plugins.
        model: The network, or the function that builds it, if the fit used one in memory.

    Raises:
        BadRun: If the run has no weights, they do not fit the network, or a network in memory is missing.
        UnknownName: If the run's domain or model is not installed.
    """
    task, needed = restore(run.manifest.task, plugins.tasks), run.manifest.in_memory
    plugins = _at_hand(run, model).register(without(plugins, needed, run.name))
    # older runs kept val=0 for the default size; an optimizer in memory is needed only for training
    replaced: dict[str, object] = {"val": AUTO} if run.recipe.split.get("val") == 0 else {}
    replaced |= {"optimizer": "sgd"} if "optimizer" in needed else {}
    recipe = resolve(plugins, recipe=str(run.path / "recipe.toml"), options=replaced)
    domain = plugins.domain(recipe.domain).load()
    preprocessor = domain.restore(read_json(run.path / "preprocessor.json", dict[str, Any]))
    network = build_network(recipe, plugins, preprocessor, task, Regularizers.of(recipe, plugins, task))
    load_weights(run.path / "best.safetensors", network)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    return LoadedRun(run, recipe, domain, preprocessor.to(device), task, network.eval().to(device))


def _at_hand(run: Run, model: Model | None) -> AtHand:
    """Return the in-memory arguments that the run still holds, with the given network.

    Raises:
        BadOption: If a network is given for a run whose network has a name.
    """
    if model is not None and "model" not in run.manifest.in_memory:
        raise BadOption(f"{run.name} has the network {run.manifest.model!r} by name; leave model= out")
    at_hand = run.at_hand or NOTHING
    return at_hand if model is None else replace(at_hand, model=model)
