"""Fit a network: resolve the recipe, set up, describe, write the run, train. The order in which it happens.

run = fit("vision", "mnist")
run.best["val_accuracy"]
"""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

import torch
from lightning.pytorch.loggers import Logger
from lightning.pytorch.utilities.seed import isolate_rng
from rich.console import Console

from dl import files
from dl.options import Options
from dl.plugins.loading import load_plugins
from dl.plugins.registry import Plugins
from dl.recipes.recipe import Recipe
from dl.recipes.resolve import named_options, resolve
from dl.runs import outcomes
from dl.runs.run import Run, claim_run, write_findings, write_json
from dl.training.attribution import attribute_errors
from dl.training.description import describe
from dl.training.devices import Devices, is_first_device
from dl.training.setup import FitSetup, set_up
from dl.training.train import train


def fit(
    domain: str = "",
    data: str = "",
    *,
    model: str = "",
    recipe: str = "",
    task: str = "",
    seed: int | None = None,
    devices: Devices | None = None,
    runs: str | Path = "runs",
    console: Console | None = None,
    plugins: Plugins | None = None,
    reg: Mapping[str, object] | None = None,
    loggers: Mapping[str, object] | None = None,
    **options: object,
) -> Run:
    """Train a network and keep everything about it in a new run folder.

    Args:
        domain: ``vision``, ...
        data: Name of a data set, or a path to the user's own.
        model: Name of a model; empty takes the recipe's.
        recipe: Name of a recipe, or path of a recipe file; empty takes the domain's default.
        task: Row of the task table; empty decides from the target.
        seed: Of every random draw; None takes the recipe's.
        devices: Where to train; None lets Lightning choose.
        runs: Folder of run folders.
        console: Where progress goes; None is silent.
        plugins: What is registered; None loads what is installed.
        reg: Regularizers by name: ``{"l2": 1e-4}``, or ``{"noise": {"scale": 0.1}}``.
        loggers: What is told each epoch's numbers, by name: ``{"csv": {}}``.
        **options: ``epochs=3``, ``width=64``, ... checked against the options of model, training, split and data.

    Returns:
        The run. Its manifest's status is ``interrupted`` where a signal ended it.

    Raises:
        DLError: For everything the caller can mend, in one line.
    """
    plugins = plugins or load_plugins()
    recipe_ = resolve(plugins, domain, data, recipe=recipe, model=model, task=task, seed=seed, options=options, reg=reg)
    logger_options = named_options(plugins, loggers or {})
    return fit_recipe(
        recipe_, plugins, devices or Devices(), Path(runs), console or Console(quiet=True), logger_options
    )


def fit_recipe(
    recipe: Recipe,
    plugins: Plugins,
    devices: Devices,
    root: Path,
    console: Console,
    loggers: Mapping[str, Options] | None = None,
) -> Run:
    """Fit a resolved recipe: set up, describe, write the run, train.

    Args:
        recipe: Every choice.
        plugins: What is registered.
        devices: Where to train; every process but the first trains along in silence and writes nothing.
        root: Folder of run folders.
        console: Where progress goes.
        loggers: Checked options of each logger, by name.

    Raises:
        DLError: For everything the user can mend.
        PluginFailed: For what is no error of ours, where a third party's plugin takes part.
    """
    devices.check()
    with attribute_errors(recipe, plugins), isolate_rng():
        if not is_first_device():
            return train(set_up(recipe, plugins), devices, None, Console(quiet=True), plugins, {})
        files.make_folder(root)
        setup = set_up(recipe, plugins)
        describe(console, setup, plugins)
        folder = write_run(root, setup, devices)
        return train(setup, devices, folder, console, plugins, _build_loggers(loggers or {}, plugins, folder))


def write_run(root: Path, setup: FitSetup, devices: Devices) -> Path:
    """Claim a run folder and write into it all that is known before the first step."""
    folder = claim_run(root, f"{setup.dataset.name}-{setup.recipe.model}")
    with _no_half_run(folder):
        files.make_folder(folder / "outcomes")
        files.write_text(folder / "recipe.toml", setup.recipe.to_toml())
        write_json(folder / "preprocessor.json", setup.preprocessor.settings())
        write_json(folder / "environment.json", environment(devices))
        write_findings(folder / "findings.json", setup.splits.findings)
        subsets = {"val": setup.splits.val, "probe": setup.splits.probe}
        outcomes.write_examples(folder / "outcomes", subsets, setup.splits.leaked)
        files.write_text(folder / "run.json", setup.manifest(folder.name).to_json())
    return folder


def _build_loggers(loggers: Mapping[str, Options], plugins: Plugins, folder: Path) -> dict[str, Logger]:
    with _no_half_run(folder):
        return {name: plugins.logger(name).build(folder, options) for name, options in loggers.items()}


@contextmanager
def _no_half_run(folder: Path) -> Iterator[None]:
    """Remove a run folder that cannot be finished, on a full disk, say: half of one is worse than none."""
    try:
        yield
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def environment(devices: Devices) -> dict[str, object]:
    """Return what a run ran on: versions, machine, devices."""
    packages = ("dl-core", "torch", "lightning", "torchmetrics", "numpy")
    return {
        "python": platform.python_version(),
        "packages": {name: version(name) for name in packages},
        "machine": f"{platform.system()} {platform.machine()}",
        "cpus": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "accelerators": [torch.cuda.get_device_name(k) for k in range(torch.cuda.device_count())],
        "trainer": asdict(devices),
    }
