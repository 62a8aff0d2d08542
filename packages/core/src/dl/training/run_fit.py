"""Fit a network: resolve the recipe, set up, describe, write the run, train. The order in which it happens.

run = fit("vision", "mnist")
run.best["val_accuracy"]
"""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.loggers import Logger
from lightning.pytorch.utilities.seed import isolate_rng
from rich.console import Console
from torch import Tensor, nn
from torch.optim import Optimizer

from dl import files
from dl.diagram import as_json
from dl.errors import BadDevices, BadOption
from dl.learners.keep import add_rivals, are_wanted
from dl.options import Options
from dl.plugins.at_hand import NOTHING, AtHand, take_arguments, take_step
from dl.plugins.loading import load_plugins
from dl.plugins.model_file import label_of
from dl.plugins.registry import Plugins
from dl.recipes.asked import Asked
from dl.recipes.recipe import Recipe, write_recipe
from dl.recipes.resolve import named_options
from dl.runs import outcomes
from dl.runs.forgotten import write_forgotten
from dl.runs.report import Which, find_run
from dl.runs.run import HEADS, NETWORK, PREPROCESSOR, WEIGHTS, Run, claim_run, write_findings, write_json
from dl.runs.seen import SEEN, write_fingerprints
from dl.terminal import plain
from dl.training.attribution import attribute_errors
from dl.training.description import describe
from dl.training.devices import Devices, is_first_device
from dl.training.found_options import find_options
from dl.training.heads import head_splits
from dl.training.origin import resolve_from
from dl.training.ranks import join
from dl.training.setup import FitSetup, set_up, set_up_alike
from dl.training.summary import diagram_of
from dl.training.train import need_fit_on, train

if TYPE_CHECKING:
    from dl.plugins.at_hand import Model


def fit(
    domain: str = "",
    data: object = "",
    *,
    target: object = None,
    test: object = None,
    model: str | Model = "",
    recipe: str = "",
    task: str = "",
    seed: int | None = None,
    optimizer: str | Callable[[list[nn.Parameter]], Optimizer] | None = None,
    training_step: Callable[..., Tensor] | None = None,
    optimizers: Callable[[nn.Module], Sequence[Optimizer]] | None = None,
    callbacks: Sequence[Callback] = (),
    devices: Devices | None = None,
    runs: str | Path = "runs",
    console: Console | None = None,
    plugins: Plugins | None = None,
    reg: Mapping[str, object] | None = None,
    loggers: Mapping[str, object] | None = None,
    rivals: bool | None = None,
    from_run: Which | None = None,
    **options: object,
) -> Run:
    """Train a network and write a new run folder.

    Args:
        domain: ``vision``, ...; in place of it the data alone may be named, and its domain is recognized.
        data: Name of a data set; a path to your own data; or data in memory: a pair ``(inputs, targets)`` of arrays,
            tensors or lists, a frame, a data set of PyTorch or Hugging Face.
        target: Names of the target columns, or the targets for inputs in memory.
        test: The test set of data in memory, in the same form; it stays closed until `dl.evaluate`.
        model: Name of a model; ``my_net.py:build``; a network, which is copied; or a function from the shape of one
            input and the number of outputs to one. Empty takes the recipe's.
        recipe: Name of a recipe, or path of a recipe file; empty takes the domain's default.
        task: Row of the task table; empty decides from the target.
        seed: Of every random draw; None takes the recipe's.
        optimizer: Name of an optimizer, or a function from the trainable parameters to one; None takes the recipe's.
            The recipe's schedule changes its learning rates.
        training_step: A function of the network, a batch and each optimizer, in place of dl's own step: it takes the
            steps of the optimizers and returns the loss to show.
        optimizers: From the network to the optimizers of ``training_step``, which needs it.
        callbacks: Of Lightning, called after dl's own; a batch of theirs is a block of optimizer steps.
        devices: Where to train; None lets Lightning choose, or takes one device for arguments in memory.
        runs: Folder of run folders.
        console: For progress; None is silent.
        plugins: The registered plugins; None loads the installed ones.
        reg: Regularizers by name: ``{"l2": 1e-4}``, or ``{"noise": {"scale": 0.1}}``.
        loggers: Loggers of the metrics of each epoch, by name: ``{"csv": {}}``.
        rivals: Whether the domain's learners are fitted beside the network, on few examples, so that the report
            compares it with them; None does so unless ``$DL_RIVALS`` is ``no``.
        from_run: A run, its path, name or number, or ``last``, to go on from: its network, weights, task and
            preprocessor are kept, and trained further on this data, at a tenth of its rate unless ``lr`` is given.
        **options: ``epochs=3``, ``width=64``, ... checked against the options of model, training, split and data.

    Returns:
        The run. Its manifest's status is ``interrupted`` after a signal.

    Raises:
        DLError: For every mistake of the caller, in one line.

    Example:
        >>> run = dl.fit("vision", (images, labels), epochs=3)
        >>> run = dl.fit("tabular", frame, target="price", test=newer)
        >>> run = dl.fit("vision", "digits", model=lambda shape, outputs: MyNetwork(shape, outputs))
    """
    plugins = plugins or load_plugins()
    own_step = take_step(training_step, optimizers, optimizer)
    given = take_arguments(plugins, data, target, test, model, task, options, optimizer, callbacks, own_step)
    at_hand, plugins = given.at_hand, given.plugins
    _check_callbacks(at_hand.callbacks)
    asked = Asked(domain, given.data, given.model, recipe, task, seed, given.options, dict(reg or {}))
    recipe_ = asked.resolved(plugins) if from_run is None else resolve_from(plugins, find_run(from_run, runs), asked)
    logger_options = named_options(plugins, loggers or {})
    devices = devices or (Devices(devices="1") if at_hand else Devices())
    console = console or Console(quiet=True)
    return fit_recipe(recipe_, plugins, devices, Path(runs), console, logger_options, at_hand, rivals=rivals)


def _check_callbacks(callbacks: Sequence[object]) -> None:
    for callback in callbacks:
        if not isinstance(callback, Callback):
            raise BadOption(f"callbacks= takes callbacks of Lightning; a {type(callback).__name__} was given")


def fit_recipe(
    recipe: Recipe,
    plugins: Plugins,
    devices: Devices,
    root: Path,
    console: Console,
    loggers: Mapping[str, Options] | None = None,
    at_hand: AtHand = NOTHING,
    *,
    rivals: bool | None = None,
) -> Run:
    """Fit a resolved recipe: set up, describe, write the run, train, and fit the rivals.

    Args:
        recipe: Every choice.
        plugins: The registered plugins.
        devices: Where to train; every process but the first prints and writes nothing.
        root: Folder of run folders.
        console: For progress.
        loggers: Checked options of each logger, by name.
        at_hand: Arguments in memory, which the recipe cannot name.
        rivals: As for `fit`.

    Raises:
        DLError: For every mistake of the user.
        PluginFailed: For any other error, if the recipe names a third-party plugin.
    """
    devices.check()
    if at_hand and (world := devices.trainer(1, []).world_size) > 1:
        raise BadDevices(f"data, networks and callbacks in memory need one device, not {world}; leave devices= out")
    with attribute_errors(recipe, plugins), isolate_rng():
        ranks = join(devices)
        if not is_first_device():
            shared = ranks.share(None)
            setup = set_up(recipe, plugins) if shared is None else set_up_alike(shared, plugins)
            return train(setup, devices, None, Console(quiet=True), plugins, {}, ranks=ranks)
        files.make_folder(root)
        setup = find_options(set_up(recipe, plugins, at_hand), plugins, devices, console, fit_into)
        need_fit_on(setup, devices)
        ranks.share(setup.shared() if ranks.world_size > 1 else None)
        if setup.learner is not None and loggers:
            name = next(iter(loggers))
            raise BadOption(f"--logger {name}: the model {recipe.model!r} is not trained in epochs; leave it out")
        describe(console, setup, plugins)
        folder = claim_run(root, f"{setup.dataset.name}-{label_of(setup.recipe.model)}")
        write_run(folder, setup, devices)
        built = _build_loggers(loggers or {}, plugins, folder)
        run = train(setup, devices, folder, console, plugins, built, ranks=ranks)
        if setup.as_it_was is not None and (folder / WEIGHTS).exists():
            found = setup.as_it_was.forgotten(setup.network, folder)
            if found is not None:
                write_forgotten(folder, found)
        if are_wanted(rivals) and run.manifest.status == "finished":
            for note in _add_rivals(run, setup, plugins):
                console.print(plain(f"  - {note}"))
        return Run(run.path, run.at_hand)  # read anew, with the rivals


def _add_rivals(run: Run, setup: FitSetup, plugins: Plugins) -> list[str]:
    """Fit the rivals of a finished fit, of several targets those of each, and keep them; return notes on failures."""
    heads = setup.task.row.heads
    if not heads:
        return add_rivals(run, setup.recipe, plugins, setup.task, setup.splits)
    return [
        note
        for number, (one, splits) in enumerate(zip(heads, head_splits(heads, setup.splits), strict=True))
        for note in add_rivals(Run(run.path / HEADS / f"{number:02d}"), setup.recipe, plugins, one.task, splits)
    ]


def fit_into(folder: Path, setup: FitSetup, devices: Devices, plugins: Plugins, name: str = "", **how: Any) -> Run:
    """Fit one of several fits in a folder of its own, without output; what a fit that was cut off left is removed.

    Args:
        folder: Of the run.
        setup: Everything to train.
        devices: Where to train.
        plugins: The registered plugins.
        name: Of the run; empty for that of its folder.
        **how: As for `train`. Any: its arguments.

    Raises:
        TrainingFailed: As `train`; the run then keeps the epochs before.
    """
    shutil.rmtree(folder, ignore_errors=True)
    files.make_folder(folder)
    write_run(folder, setup, devices, name)
    return train(setup, devices, folder, Console(quiet=True), plugins, {}, name=name, **how)


def write_run(folder: Path, setup: FitSetup, devices: Devices, name: str = "") -> None:
    """Write everything known before the first step into a new run folder; the run is named like it, unless named."""
    with _no_half_run(folder):
        files.make_folder(folder / "outcomes")
        write_recipe(folder, setup.recipe, setup.defaults)
        if setup.learner is None:
            write_json(folder / NETWORK, as_json(diagram_of(setup.network, setup.preprocessor.example_input())))
        write_json(folder / PREPROCESSOR, setup.preprocessor.settings())
        write_json(folder / "environment.json", environment(devices))
        write_findings(folder / "findings.json", setup.splits.findings)
        subsets = {"val": setup.splits.val, "probe": setup.splits.probe}
        outcomes.write_examples(folder / "outcomes", subsets, setup.splits.leaked, setup.splits.groups)
        if setup.kept_scores:
            logits = {one.baseline.name: one.logits for one in setup.rules if one.logits is not None}
            outcomes.write_rivals(folder / "outcomes", setup.kept_scores, logits)
        if setup.at_hand.data is not None:
            write_fingerprints(folder / SEEN, setup.fingerprints())
        files.write_text(folder / "run.json", setup.manifest(name or folder.name).to_json())


def _build_loggers(loggers: Mapping[str, Options], plugins: Plugins, folder: Path) -> dict[str, Logger]:
    with _no_half_run(folder):
        return {name: plugins.logger(name).build(folder, options) for name, options in loggers.items()}


@contextmanager
def _no_half_run(folder: Path) -> Iterator[None]:
    """Remove a run folder that cannot be written completely, as on a full disk."""
    try:
        yield
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def environment(devices: Devices) -> dict[str, object]:
    """Return the environment of a run: versions, machine, devices."""
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
