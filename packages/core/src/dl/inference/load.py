"""Load a run for use: its task, preprocessor and network with the best weights, or the ensemble of its folds."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from dl import collector
from dl.errors import BadOption, BadRun
from dl.inference.ensemble import need_all_folds, open_ensemble
from dl.inference.loaded import LoadedLearner, LoadedRun
from dl.learners.fitted import learner_of
from dl.learners.store import load_learner
from dl.plugins.at_hand import NOTHING, AtHand, without
from dl.plugins.registry import Plugins
from dl.recipes.recipe import AUTO
from dl.recipes.resolve import looks_like_path, resolve
from dl.runs.run import PREPROCESSOR, Run, read_json
from dl.specs import DatasetSpec
from dl.tasks.table import restore
from dl.training.checkpoint import load_weights
from dl.training.regularizers import Regularizers, build_network

if TYPE_CHECKING:
    from dl.data.examples import Dataset
    from dl.options import Options
    from dl.plugins.at_hand import Model


def reopen(run: Run, plugins: Plugins, model: Model | None = None) -> LoadedRun:
    """Rebuild a run's network and load its best weights; of a run of several fits, the networks of its folds.

    Args:
        run: The run.
        plugins: The registered plugins.
        model: The network, or the function that builds it, if the fit used one in memory.

    Raises:
        BadRun: If the run has no weights, they do not fit the network, or a network in memory is missing.
        UnknownName: If the run's domain or model is not installed.
    """
    if run.manifest.protocol and not run.weights.exists():
        need_all_folds(run)
        return open_ensemble(run, [reopen(fold, plugins, model) for fold in run.folds], plugins)
    task, needed = restore(run.manifest.task, plugins.tasks), run.manifest.in_memory
    plugins = _at_hand(run, model).register(without(plugins, needed, run.name))
    # older runs kept val=0 for the default size; an optimizer in memory is needed only for training
    replaced: dict[str, object] = {"val": AUTO} if run.recipe.split.get("val") == 0 else {}
    replaced |= {"optimizer": "sgd"} if "optimizer" in needed else {}
    plugins = _without_lost_data(run, plugins)
    recipe = resolve(plugins, recipe=str(run.path / "recipe.toml"), options=replaced)
    domain = plugins.domain(recipe.domain).load()
    collector.resume()
    preprocessor = domain.restore(read_json(run.path / PREPROCESSOR, dict[str, Any]))
    spec = plugins.model(recipe.domain, recipe.model)
    if spec.is_learner:
        learner = learner_of(spec, task.row, recipe.model_options)
        if learner is None:
            raise BadRun(f"{run.name}: the model {spec.name!r} no longer answers the task {task.row.name}")
        fitted = load_learner(run.weights, learner)
        return LoadedLearner(run, recipe, domain, preprocessor, task, nn.Identity(), fitted)
    regularizers = Regularizers.of(recipe, plugins, task)
    network = build_network(recipe, plugins, preprocessor, task, regularizers, of_run=True)
    load_weights(run.weights, network)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    return LoadedRun(run, recipe, domain, preprocessor.to(device), task, network.eval().to(device))


def _without_lost_data(run: Run, plugins: Plugins) -> Plugins:
    """Register a placeholder for data that has been moved, in a copy of the plugins: a run is of use without it."""
    key = (run.recipe.domain, run.recipe.data)
    if key in plugins.datasets or os.path.lexists(run.recipe.data) or not looks_like_path(run.recipe.data):
        return plugins

    def no_data(_options: Options) -> Dataset:
        raise BadRun(f"{run.recipe.data!r}, the data of {run.name}, is no longer there; put it back")

    lost = DatasetSpec(run.recipe.data, run.recipe.domain, "", no_data)
    return replace(plugins, datasets={**plugins.datasets, key: lost})


def _at_hand(run: Run, model: Model | None) -> AtHand:
    """Return the in-memory arguments that the run still holds, with the given network.

    Raises:
        BadOption: If a network is given for a run whose network has a name.
    """
    if model is not None and "model" not in run.manifest.in_memory:
        raise BadOption(f"{run.name} has the network {run.manifest.model!r} by name; leave model= out")
    at_hand = run.at_hand or NOTHING
    return at_hand if model is None else replace(at_hand, model=model)
