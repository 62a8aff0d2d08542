"""Fit a network: resolve the recipe, set up, describe, write the run, train. The order in which it happens.

run = fit("vision", "mnist")
run.best["val_accuracy"]
"""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.utilities.seed import isolate_rng
from rich.console import Console
from torch import Tensor, nn
from torch.optim import Optimizer

from dl import files, sealed
from dl.detached import take_log
from dl.diagram import as_json
from dl.errors import BadDevices, BadOption, CannotWrite
from dl.learners.keep import add_rivals, are_wanted
from dl.limits import why_stopped
from dl.options import Options
from dl.plugins.at_hand import NOTHING, AtHand, take_arguments, take_step
from dl.plugins.loading import load_plugins
from dl.plugins.model_file import label_of
from dl.plugins.registry import Plugins
from dl.recipes.asked import Asked
from dl.recipes.recipe import RECIPE, Recipe, recipe_text, write_recipe
from dl.recipes.resolve import named_options
from dl.runs import outcomes
from dl.runs.commit import commit, remove_run, replace_file
from dl.runs.forgotten import write_forgotten
from dl.runs.identity import Identity
from dl.runs.lock import run_lock
from dl.runs.report import Which, find_run
from dl.runs.run import HEADS, NETWORK, PREPROCESSOR, WEIGHTS, Run, claim_run, json_bytes, keep_json, write_findings
from dl.runs.seen import SEEN, write_fingerprints
from dl.signals import signal_of
from dl.terminal import plain
from dl.training.attribution import attribute_errors
from dl.training.description import describe
from dl.training.devices import Devices, is_first_device
from dl.training.found_options import find_options
from dl.training.heads import head_splits
from dl.training.notebook import default_console
from dl.training.origin import resolve_from
from dl.training.ranks import Ranks, join
from dl.training.resume import (
    ENVIRONMENT,
    begin_again,
    cut_off,
    devices_of,
    find_same,
    is_unfinished,
    need_resumable,
    need_same_data,
    need_same_versions,
    note_on_schedule,
    resolve_resumed,
)
from dl.training.setup import FitSetup, set_up, set_up_alike
from dl.training.state import Resumed
from dl.training.summary import diagram_of
from dl.training.trackers import Tracker, Trackers
from dl.training.train import need_fit_on, train
from dl.version import CORE

if TYPE_CHECKING:
    from dl.plugins.at_hand import Model

FINISHED = "finished"  # what the first process tells the others where nothing is left to fit


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
    resume_if_exists: bool = False,
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
        console: For progress; None shows it below the cell of a notebook, and is silent elsewhere.
        plugins: The registered plugins; None loads the installed ones.
        reg: Regularizers by name: ``{"l2": 1e-4}``, or ``{"noise": {"scale": 0.1}}``.
        loggers: Loggers of the metrics of each epoch, by name: ``{"csv": {}}``.
        rivals: Whether the domain's learners are fitted beside the network, on few examples, so that the report
            compares it with them; None does so unless ``$DL_RIVALS`` is ``no``.
        from_run: A run, its path, name or number, or ``last``, to go on from: its network, weights, task and
            preprocessor are kept, and trained further on this data, at a tenth of its rate unless ``lr`` is given.
        resume_if_exists: Whether a run of the same recipe on the same data is resumed, or returned if it is finished,
            in place of a new one.
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
    console = console or default_console()
    places = (recipe_, plugins, devices, Path(runs), console, logger_options, at_hand)
    return fit_recipe(*places, rivals=rivals, resume_if_exists=resume_if_exists)


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
    resume_if_exists: bool = False,
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
        resume_if_exists: As for `fit`.

    Raises:
        DLError: For every mistake of the user.
        PluginFailed: For any other error, if the recipe names a third-party plugin.
    """
    devices.check()
    if at_hand and (world := devices.trainer(1, []).world_size) > 1:
        raise BadDevices(f"data, networks and callbacks in memory need one device, not {world}; leave devices= out")
    if at_hand and resume_if_exists:
        raise BadOption(
            f"resume_if_exists: the {', '.join(at_hand.names)} in memory cannot be found again; leave it out"
        )
    with attribute_errors(recipe, plugins), isolate_rng():
        ranks = join(devices)
        if not is_first_device():
            return _follow(recipe, plugins, devices, ranks)
        files.make_folder(root)
        setup = set_up(recipe, plugins, at_hand)
        identity = None if at_hand else Identity.of(setup.recipe, setup.dataset)
        same = find_same(identity, root) if identity and resume_if_exists else None
        if same is not None and not is_unfinished(same):
            console.print(plain(f"{same.name} is this recipe on this data, and finished; nothing is fitted"))
            ranks.share(FINISHED)
            return same
        if same is not None:
            console.print(plain(f"{same.name} is this recipe on this data, and unfinished: it is resumed"))
            return resume_run(same, plugins, devices, console, loggers, rivals=rivals, ranks=ranks)
        setup = find_options(setup, plugins, devices, console, fit_into)
        need_fit_on(setup, devices)
        ranks.share((setup.shared(), None) if ranks.world_size > 1 else None)
        _need_epochs(setup, loggers)
        describe(console, setup, plugins)
        folder = claim_run(root, f"{setup.dataset.name}-{label_of(setup.recipe.model)}")
        with run_lock(folder):
            write_run(folder, setup, devices, identity=identity)
            return _train_in(folder, setup, devices, console, plugins, loggers, rivals, ranks=ranks)


def _follow(
    recipe: Recipe,
    plugins: Plugins,
    devices: Devices,
    ranks: Ranks,
    resumed_of: Callable[[FitSetup], Resumed | None] = lambda _setup: None,
) -> Run:
    """Train on a device that is not the first, as that one has prepared it; nothing is printed or written.

    Args:
        recipe: Every choice.
        plugins: The registered plugins.
        devices: Where to train.
        ranks: The processes of the fit.
        resumed_of: Returns what a fit begins with that each process sets up for itself, as in a program.
    """
    told = ranks.share(None)
    if told == FINISHED:
        return Run(Path(os.devnull))
    if told is None:
        setup = set_up(recipe, plugins)
        resumed = resumed_of(setup)
    else:
        shared, resumed = told
        setup = set_up_alike(shared, plugins)
    return train(setup, devices, None, Console(quiet=True), Trackers(), resumed=resumed, ranks=ranks)


def resume_run(
    run: Run,
    plugins: Plugins,
    devices: Devices | None,
    console: Console,
    loggers: Mapping[str, Options] | None = None,
    *,
    epochs: int | None = None,
    save_every: float | None = None,
    rivals: bool | None = None,
    accept_changes: bool = False,
    ranks: Ranks | None = None,
) -> Run:
    """Continue a run in its folder, to the end that it would have had.

    Args:
        run: That was interrupted, killed, or failed; or a finished one, with more epochs.
        plugins: The registered plugins.
        devices: What is asked for; the rest is as the run had it.
        console: For progress.
        loggers: Checked options of each logger, by name.
        epochs: In place of those of its recipe; None for these.
        save_every: In place of that of its recipe.
        rivals: As for `fit`.
        accept_changes: Whether other versions and another number of devices are accepted.
        ranks: The processes of the fit, if they are connected already.

    Raises:
        DLError: For a run that cannot be resumed, or would be another fit.
    """
    need_resumable(run, epochs)
    where = devices_of(run, devices)
    where.check()
    recipe = resolve_resumed(plugins, run, epochs, save_every)
    raised = int(recipe.train.get("epochs", 0)) != run.recipe.train.get("epochs", 0)

    def resumed_of(setup: FitSetup) -> Resumed:
        return begin_again(run, setup, raised=raised, accepts=accept_changes)

    with attribute_errors(recipe, plugins), isolate_rng(), ExitStack() as stack:
        ranks = ranks or join(where)
        if not is_first_device():
            return _follow(recipe, plugins, where, ranks, resumed_of)
        stack.enter_context(run_lock(run.path))
        now = environment(where)
        if changed := need_same_versions(run, now, accept=accept_changes):
            console.print(plain(f"{run.name}: {changed}; its numbers may differ in their last digits"))
        setup = set_up(recipe, plugins)
        need_same_data(run, setup.dataset)
        need_fit_on(setup, where)
        if raised and (note := note_on_schedule(setup)):
            console.print(plain(note, longest=500))
        resumed = resumed_of(setup)
        ranks.share((setup.shared(), resumed) if ranks.world_size > 1 else None)
        describe(console, setup, plugins)
        replace_file(run.path / RECIPE, recipe_text(setup.recipe, setup.defaults).encode())
        replace_file(run.path / ENVIRONMENT, json_bytes(now))
        commit(run.path, resumed.manifest)
        return _train_in(run.path, setup, where, console, plugins, loggers, rivals, resumed, ranks=ranks)


def _need_epochs(setup: FitSetup, loggers: Mapping[str, Options] | None) -> None:
    """Refuse loggers of a model that is not trained in epochs.

    Raises:
        BadOption: Naming one.
    """
    if setup.learner is not None and loggers:
        name = next(iter(loggers))
        raise BadOption(f"--logger {name}: the model {setup.recipe.model!r} is not trained in epochs; leave it out")


def _train_in(
    folder: Path,
    setup: FitSetup,
    devices: Devices,
    console: Console,
    plugins: Plugins,
    loggers: Mapping[str, Options] | None,
    rivals: bool | None,
    resumed: Resumed | None = None,
    *,
    ranks: Ranks,
) -> Run:
    """Train in a run folder that is written; then add what was forgotten, and the rivals, and end the loggers."""
    with _told_if_stopped(folder):
        trackers = _track(folder, plugins, loggers, is_new=resumed is None)
        take_log(folder)  # not before: what refuses a logger is told by whoever started this
        try:
            run = train(setup, devices, folder, console, trackers, resumed=resumed, ranks=ranks)
        except BaseException:
            trackers.end("failed")
            raise
    if setup.as_it_was is not None and sealed.exists(folder / WEIGHTS):
        found = setup.as_it_was.forgotten(setup.network, folder)
        if found is not None:
            write_forgotten(folder, found)
            commit(folder, run.manifest)
    if are_wanted(rivals) and run.manifest.status == "finished":
        for note in _add_rivals(run, setup, plugins):
            console.print(plain(f"  - {note}"))
    whole = Run(run.path, run.at_hand)  # read anew, with the rivals
    manifest = whole.manifest
    trackers.end(manifest.status, manifest.seconds, lambda: whole.report(plugins=plugins))
    return whole


def _track(folder: Path, plugins: Plugins, loggers: Mapping[str, Options] | None, *, is_new: bool) -> Trackers:
    """Begin the loggers; the folder of a new run with one that cannot be built is removed."""
    named = {plugins.logger(name): options for name, options in (loggers or {}).items()}
    try:
        return Trackers([Tracker(spec, folder, options, plugins) for spec, options in named.items()])
    except KeyboardInterrupt:
        raise
    except BaseException:
        if is_new:
            remove_run(folder)
        raise


@contextmanager
def _told_if_stopped(folder: Path) -> Iterator[None]:
    """Write into a run that a signal has stopped it before training took the signals over: it goes on from there."""
    try:
        yield
    except KeyboardInterrupt as error:
        manifest = Run(folder).manifest
        message = f"{why_stopped()} before the first step"
        with suppress(CannotWrite):
            commit(folder, manifest.with_status("interrupted", message=message, signal=signal_of(error)))
        raise


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
    """Fit one of several fits in a folder of its own, without output.

    A fit of the same choices that was cut off there goes on from its state, if it had saved one; else it is removed.

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
    resumed = cut_off(folder, setup, environment(devices), name)
    if resumed is None:
        remove_run(folder)
        files.make_folder(folder)
        write_run(folder, setup, devices, name)
    else:
        commit(folder, resumed.manifest)
    return train(setup, devices, folder, Console(quiet=True), Trackers(), name=name, resumed=resumed, **how)


def write_run(
    folder: Path, setup: FitSetup, devices: Devices, name: str = "", identity: Identity | None = None
) -> None:
    """Write everything known before the first step into a new run folder; the run is named like it, unless named."""
    with _no_half_run(folder):
        files.make_inner(folder / "outcomes")
        write_recipe(folder, setup.recipe, setup.defaults)
        if setup.learner is None:
            keep_json(folder / NETWORK, as_json(diagram_of(setup.network, setup.preprocessor.example_input())))
        keep_json(folder / PREPROCESSOR, setup.preprocessor.settings())
        keep_json(folder / ENVIRONMENT, environment(devices))
        if identity is not None:
            identity.write(folder)
        write_findings(folder / "findings.json", setup.splits.findings)
        subsets = {"val": setup.splits.val, "probe": setup.splits.probe}
        outcomes.write_examples(folder / "outcomes", subsets, setup.splits.leaked, setup.splits.groups)
        if setup.kept_scores:
            logits = {one.baseline.name: one.logits for one in setup.rules if one.logits is not None}
            outcomes.write_rivals(folder / "outcomes", setup.kept_scores, logits)
        if setup.at_hand.data is not None:
            write_fingerprints(folder / SEEN, setup.fingerprints())
        commit(folder, setup.manifest(name or folder.name))


@contextmanager
def _no_half_run(folder: Path) -> Iterator[None]:
    """Remove a run folder that cannot be written completely, as on a full disk."""
    try:
        yield
    except BaseException:
        remove_run(folder)
        raise


def environment(devices: Devices) -> dict[str, object]:
    """Return the environment of a run: versions, machine, devices."""
    packages = (CORE, "torch", "lightning", "torchmetrics", "numpy")
    return {
        "python": platform.python_version(),
        "packages": {name: version(name) for name in packages},
        "machine": f"{platform.system()} {platform.machine()}",
        "cpus": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "accelerators": [torch.cuda.get_device_name(k) for k in range(torch.cuda.device_count())],
        "trainer": asdict(devices),
    }
