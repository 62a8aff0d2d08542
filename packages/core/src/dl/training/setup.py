"""Set up a fit, in silence: the data, its split, the task, the preprocessor, the network and what is trained on.

Nothing is printed and nothing is kept here; whatever does not fit is an error before a run folder exists.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import torch
from torch import nn

from dl.data.examples import Dataset, subset_fingerprint
from dl.domain import Preprocessor, encode_examples
from dl.errors import PluginFailed
from dl.plugins.registry import Plugins
from dl.recipes.recipe import Recipe
from dl.runs.manifest import Baseline, Manifest, Parts
from dl.splits.partition import DataSplits, load_dataset, split_data
from dl.tasks.table import decide
from dl.tasks.task import Task
from dl.training.batches import DeviceDataset, check_width
from dl.training.module import FitParts
from dl.training.regularizers import Regularizers, build_network
from dl.training.summary import count_parameters, find_network_fault
from dl.version import VERSION


@dataclass(frozen=True)
class FitSetup:
    """All that a fit needs before its first step.

    Args:
        recipe: Every choice.
        dataset: What was read.
        splits: The training set, the validation set, the probe, and what the guards found.
        task: What is predicted.
        preprocessor: Learnt from the training set alone.
        network: Preprocessed inputs -> logits.
        regularizers: Of the recipe, built.
        parts: What is trained on and scored.
        baselines: What dumb answers score on the validation set.
        sketch: From one encoded input to a small picture or a text.
        created: When it was made, in UTC (ISO 8601).
    """

    recipe: Recipe
    dataset: Dataset
    splits: DataSplits
    task: Task
    preprocessor: Preprocessor
    network: nn.Module
    regularizers: Regularizers
    parts: FitParts
    baselines: tuple[Baseline, ...]
    sketch: Callable[[Any], Any]  # Any: as the domain encodes and shows inputs
    created: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))

    def manifest(self, name: str) -> Manifest:
        """Return the manifest of a run that has not begun, under the name of its folder."""
        return Manifest(
            name=name,
            status="running",
            created=self.created,
            dl_version=VERSION,
            domain=self.recipe.domain,
            model=self.recipe.model,
            parameters=count_parameters(self.network),
            task=self.task.info,
            parts=_parts(self),
            baselines=self.baselines,
            pid=os.getpid(),
            host=platform.node(),
        )


def set_up(recipe: Recipe, plugins: Plugins) -> FitSetup:
    """Read and split the data, decide the task, learn the preprocessor and build the network.

    The random state of torch is seeded with the recipe's seed before anything is learnt or built.

    Raises:
        DLError: For what the user can mend: data that cannot be read, a task or an option that does not fit.
        PluginFailed: If the network is not one for this task.
    """
    domain = plugins.domain(recipe.domain).load()
    dataset = load_dataset(recipe, plugins, domain)
    splits = split_data(dataset, recipe, plugins)
    task = decide(splits.train.targets, dataset.train.names, recipe.task, str(recipe.train["loss"]), plugins.tasks)
    torch.manual_seed(recipe.seed)
    preprocessor = domain.learn(splits.train, recipe.data_options)
    regularizers = Regularizers.of(recipe, plugins, task)
    network = build_network(recipe, plugins, preprocessor.input_shape, task, regularizers)
    _check_network(network, recipe, plugins, preprocessor, task)
    regularizers.rehearse(network, preprocessor.example_input(), task.encode(splits.train.targets[:1]), task.row)
    parts = _fit_parts(splits, preprocessor, task, int(recipe.train["batch_size"]))
    to_beat = task.row.baselines(task, splits.train, splits.val, preprocessor)
    return FitSetup(recipe, dataset, splits, task, preprocessor, network, regularizers, parts, to_beat, domain.sketch)


def _check_network(
    network: nn.Module, recipe: Recipe, plugins: Plugins, preprocessor: Preprocessor, task: Task
) -> None:
    if fault := find_network_fault(network, preprocessor.example_input(), task):
        message = f"the model {recipe.model!r} {fault}"
        raise PluginFailed(plugins.line("models", (recipe.domain, recipe.model), message))


def _fit_parts(splits: DataSplits, preprocessor: Preprocessor, task: Task, batch_size: int) -> FitParts:
    """Encode the inputs; what the training set and the validation set share is encoded once."""
    for_training = encode_examples(splits.train.examples, preprocessor)
    train = DeviceDataset.of(for_training, task)
    check_width(splits.train, train.lengths, batch_size)
    shared = splits.val.examples is splits.train.examples
    for_scoring = for_training if shared else encode_examples(splits.val.examples, preprocessor)
    val = train if shared else DeviceDataset.of(for_scoring, task)
    unknown = {
        "training": preprocessor.all_unknown(for_training.inputs)[splits.train.index],
        "validation": preprocessor.all_unknown(for_scoring.inputs)[splits.val.index],
    }
    return FitParts(train, val, splits.train.index, splits.val.index, splits.probe.index, unknown)


def _parts(setup: FitSetup) -> Parts:
    splits = setup.splits
    return Parts(
        name=setup.dataset.name,
        train=len(splits.train),
        val=len(splits.val),
        probe=len(splits.probe),
        rule=splits.rule,
        val_fingerprint=subset_fingerprint(splits.val),
        input_shape=setup.preprocessor.input_shape,
        test=setup.dataset.open_test is not None,
    )
