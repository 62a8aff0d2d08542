"""The road of a fit: choose, load, guard, prepare, task, build, fit, keep, report. It reads straight down.

run = fit("vision", "mnist")
run.best["val_accuracy"]
"""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning.pytorch.loggers import Logger
from lightning.pytorch.utilities.seed import isolate_rng
from numpy.typing import NDArray
from rich.console import Console
from torch import nn

from dl import files, terminal
from dl.data.examples import Dataset, Subset, subset_fingerprint
from dl.domain import Domain, Preprocessor, encode_examples
from dl.errors import BadDevices, CannotWrite, DLError, PluginFailed, TrainingFailed
from dl.options import Options
from dl.plugins.loading import load_plugins
from dl.plugins.registry import Plugins
from dl.plugins.states import describe_error
from dl.recipes.recipe import Recipe
from dl.recipes.resolve import named_options, resolve
from dl.runs import outcomes
from dl.runs.manifest import Manifest, Parts
from dl.runs.run import Run, claim_run, write_findings, write_json
from dl.runs.wording import show_findings
from dl.signals import StopFlag, StoppedAtOnce
from dl.specs import NEXT_TOKEN
from dl.splits.partition import DataSplits, load_dataset, split_data
from dl.tasks.baselines import baselines
from dl.tasks.ngrams import token_baselines
from dl.tasks.task import Task, decide
from dl.training.attribution import attribute_errors
from dl.training.batches import DeviceDataset, batch_sizes, check_width
from dl.training.callbacks import EarlyStopping, LoggerCallback, ProgressCallback, RunWriter, ScoredParts, SignalStop
from dl.training.devices import Devices, is_first_device, quiet_lightning
from dl.training.module import FitModule, FitParts
from dl.training.progress import ProgressDisplay, show_baselines, show_layers, show_regularizers
from dl.training.regularizers import Regularizers, build_network
from dl.training.summary import count_parameters, fault_of_network, summarize
from dl.version import VERSION
from dl.words import hold, many


@dataclass(frozen=True)
class FitSetup:
    """All that is decided before the first step."""

    recipe: Recipe
    divided: DataSplits
    preprocessor: Preprocessor
    task: Task
    network: nn.Module
    regularizers: Regularizers
    manifest: Manifest
    feeds: FitParts
    sketch: Callable[[Any], Any]  # Any: as the domain stores and shows inputs
    loggers: Mapping[str, Logger] = field(default_factory=dict)


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
    screen = console or Console(quiet=True)
    recipe_ = resolve(plugins, domain, data, recipe=recipe, model=model, task=task, seed=seed, options=options, reg=reg)
    logger_options = named_options(plugins, loggers or {})
    return fit_recipe(recipe_, plugins, devices or Devices(), Path(runs), screen, logger_options)


def fit_recipe(
    recipe: Recipe,
    plugins: Plugins,
    devices: Devices,
    root: Path,
    console: Console,
    loggers: Mapping[str, Options] | None = None,
) -> Run:
    """Walk the whole road with a resolved recipe, and loggers with checked options.

    Raises:
        PluginFailed: For what is no error of ours, where a third party's plugin takes part.
    """
    with attribute_errors(recipe, plugins):
        return _walk(recipe, plugins, devices, root, console, loggers)


def _walk(
    recipe: Recipe,
    plugins: Plugins,
    devices: Devices,
    root: Path,
    console: Console,
    loggers: Mapping[str, Options] | None,
) -> Run:
    main = is_first_device()
    console = console if main else Console(quiet=True)
    devices.check()
    if main:
        files.make_folder(root)
    domain = plugins.domain(recipe.domain).load()
    dataset = load_dataset(recipe, plugins, domain)
    divided = split_data(dataset, recipe)
    task = decide(divided.train.targets, dataset.train.names, recipe.task, str(recipe.train["loss"]))
    _say_data(console, dataset, divided, task)
    with isolate_rng():
        torch.manual_seed(recipe.seed)
        built = _build(recipe, plugins, domain, dataset, divided, task, console)
        if not main:
            return _train(built, devices, None, console, plugins)
        folder = write_run(root, built, devices)
        with _no_half_run(folder):
            built_loggers = {
                name: plugins.logger(name).build(folder, options) for name, options in (loggers or {}).items()
            }
        built = replace(built, manifest=replace(built.manifest, name=folder.name), loggers=built_loggers)
        return _train(built, devices, folder, console, plugins)


def _build(
    recipe: Recipe,
    plugins: Plugins,
    domain: Domain,
    dataset: Dataset,
    divided: DataSplits,
    task: Task,
    console: Console,
) -> FitSetup:
    """Learn the preprocessor, build the network and the feeds, and show them; nothing is kept yet.

    Raises:
        PluginFailed: If the network is not one for this task.
    """
    preprocessor = domain.learn(divided.train, recipe.data_options)
    regularizers = Regularizers.of(recipe, plugins, task)
    network = build_network(recipe, plugins, preprocessor.input_shape, task, regularizers)
    if fault := fault_of_network(network, preprocessor.example_input(), task):
        message = f"the model {recipe.model!r} {fault}"
        raise PluginFailed(plugins.line("models", (recipe.domain, recipe.model), message))
    regularizers.rehearse(network, preprocessor.example_input(), task.encode(divided.train.targets[:1]), task.row)
    feeds = _feeds(divided, preprocessor, task, int(recipe.train["batch_size"]), console)
    if task.info.name == NEXT_TOKEN:
        to_beat = token_baselines(task, preprocessor, divided.train, divided.val)
    else:
        to_beat = baselines(task, divided.train.targets, divided.val.targets)
    show_layers(console, summarize(network, preprocessor.example_input()), recipe.model)
    show_regularizers(console, [plugins.regularizers[name].typed(o) for name, o in recipe.regularizers.items()])
    show_baselines(console, task.info.headline, to_beat)
    manifest = Manifest(
        name="",
        status="running",
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        dl_version=VERSION,
        domain=recipe.domain,
        model=recipe.model,
        parameters=count_parameters(network),
        task=task.info,
        parts=_parts(dataset, divided, preprocessor),
        baselines=to_beat,
        pid=os.getpid(),
        host=platform.node(),
    )
    return FitSetup(recipe, divided, preprocessor, task, network, regularizers, manifest, feeds, domain.sketch)


def write_run(root: Path, built: FitSetup, devices: Devices) -> Path:
    """Claim a run folder and write into it all that is known before the first step."""
    folder = claim_run(root, f"{built.manifest.parts.name}-{built.recipe.model}")
    with _no_half_run(folder):
        files.make_folder(folder / "outcomes")
        files.write_text(folder / "recipe.toml", built.recipe.to_toml())
        write_json(folder / "preprocessor.json", built.preprocessor.settings())
        write_json(folder / "environment.json", environment(devices))
        write_findings(folder / "findings.json", built.divided.findings)
        parts = {"val": built.divided.val, "probe": built.divided.probe}
        outcomes.write_examples(folder / "outcomes", parts, built.divided.leaked)
        files.write_text(folder / "run.json", replace(built.manifest, name=folder.name).to_json())
    return folder


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


def _train(road: FitSetup, devices: Devices, folder: Path | None, console: Console, plugins: Plugins) -> Run:
    """Run the Trainer; ``folder`` is None on all devices but the first, which alone writes."""
    recipe, divided = road.recipe, road.divided
    flag = StopFlag()
    steps = len(batch_sizes(len(divided.train), int(recipe.train["batch_size"])))
    screen = ProgressDisplay(console, road.task.info.headline, int(recipe.train["epochs"]), steps)
    keeper = RunWriter(
        folder or Path(os.devnull),
        road.manifest,
        ScoredParts({"val": divided.val, "probe": divided.probe}, road.sketch),
        str(recipe.train["monitor"]),
        screen,
    )
    ender, teller = (
        EarlyStopping(keeper, road.regularizers),
        LoggerCallback(keeper, road.loggers, road.recipe.flat(), plugins),
    )
    trainer = devices.trainer(
        int(recipe.train["epochs"]), [keeper, ender, teller, ProgressCallback(screen), SignalStop(flag)]
    )
    if trainer.world_size > len(divided.val):
        raise BadDevices(
            f"{trainer.world_size} devices, but {many(len(divided.val), 'validation example')}; use fewer devices"
        )
    module = FitModule(
        road.network,
        road.preprocessor,
        road.task,
        road.feeds,
        recipe.train,
        recipe.seed,
        road.regularizers,
        stop=lambda: flag.received is not None,
        blocks=trainer.world_size == 1 and devices.takes_blocks,
    )
    try:
        with flag.catching(), screen, quiet_lightning():
            trainer.fit(module)
        if flag.received is None:
            keeper.end("finished", ender.why)
        else:
            words = f"stopped by a signal in epoch {len(keeper.rows)}, after step {module.steps_done}"
            keeper.end("interrupted", words, flag.received)
    except StoppedAtOnce:
        keeper.end("interrupted", "stopped at once by a second signal", flag.received or 0)
    except BaseException as error:  # a network may call sys.exit
        failure = _in_our_words(error, recipe)
        with suppress(CannotWrite):  # what cannot be written now is no reason to hide why it ended
            keeper.end("failed", str(failure) if isinstance(failure, DLError) else describe_error(error))
        teller.end("failed")
        if failure is error:
            raise
        raise failure from error
    teller.end(keeper.manifest.status)
    path = Path(trainer.strategy.broadcast(str(folder)))
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()  # left to the end of the program, its threads may abort it
    return Run(path)


def _in_our_words(error: BaseException, recipe: Recipe) -> BaseException:
    """Say in one line what a user can mend; anything else stays as it is."""
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)) or "can't allocate memory" in str(error):
        size = int(recipe.train["batch_size"])
        return TrainingFailed(f"out of memory with batches of {size}  try: batch_size={max(size // 2, 1)}")
    return error


def _feeds(divided: DataSplits, preprocessor: Preprocessor, task: Task, batch_size: int, console: Console) -> FitParts:
    """Bring the inputs into the form they are fed in; what the parts share is brought there once."""
    for_training = encode_examples(divided.train.examples, preprocessor)
    train = DeviceDataset.of(for_training, task)
    check_width(divided.train, train.lengths, batch_size)
    shared = divided.val.examples is divided.train.examples
    for_scoring = for_training if shared else encode_examples(divided.val.examples, preprocessor)
    val = train if shared else DeviceDataset.of(for_scoring, task)
    for name, part, held in (("training", divided.train, for_training), ("validation", divided.val, for_scoring)):
        _say_blind(console, name, part, preprocessor.all_unknown(held.inputs)[part.index])
    return FitParts(train, val, divided.train.index, divided.val.index, divided.probe.index)


def _say_blind(console: Console, name: str, part: Subset, blind: NDArray[np.bool_]) -> None:
    """Say how many examples of a part hold nothing that is known, and the first of them."""
    if blind.any():
        found, first = int(blind.sum()), part.examples.source(int(part.index[np.argmax(blind)]))
        count = f"{found:,} of {len(part):,} {name} examples {hold(found)} nothing that is known, as"
        console.print(terminal.plain(f"  - {count} {first}"))


def _parts(dataset: Dataset, divided: DataSplits, preprocessor: Preprocessor) -> Parts:
    return Parts(
        name=dataset.name,
        train=len(divided.train),
        val=len(divided.val),
        probe=len(divided.probe),
        rule=divided.rule,
        val_fingerprint=subset_fingerprint(divided.val),
        input_shape=preprocessor.input_shape,
        test=dataset.open_test is not None,
    )


def _say_data(console: Console, dataset: Dataset, divided: DataSplits, task: Task) -> None:
    """Say what is learnt from, what is looked at, what is closed, and what is predicted and why."""
    leaked = int(divided.leaked.sum())
    shared = many(leaked, "exact duplicate") if leaked else "no exact duplicate"
    facts = {
        "train": f"{len(divided.train):,}",
        "validation": f"{len(divided.val):,}, {divided.rule}; {shared} across it",
        "test": "closed; dl test opens it" if dataset.open_test else "none",
        "task": f"{task.info.name} - {task.info.reason}",
    }
    console.print(terminal.plain(f"{dataset.name}: {dataset.title}" if dataset.title else dataset.name, "bold"))
    for name, value in facts.items():
        console.print(terminal.plain(f"  {name:<11} {value}"))
    for note in dataset.notes:
        console.print(terminal.plain(f"  - {note}"))
    show_findings(console, divided.findings)
