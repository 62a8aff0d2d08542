"""Train a network: one LightningModule, one Trainer, and the callbacks that keep the run."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import lightning.pytorch as pl
import torch
from lightning.pytorch.callbacks import Callback
from rich.console import Console
from torch import Tensor, nn

from dl.errors import BadDevices, CannotWrite, DLError, ProcessLost, TrainingFailed, is_out_of_memory
from dl.features import Stopped
from dl.limits import TIME_UP, why_stopped
from dl.plugins.states import describe_error
from dl.recipes.protocol import protocol_of
from dl.recipes.recipe import Recipe
from dl.runs.run import Run
from dl.signals import SecondSignal, StopFlag
from dl.terminal import plain
from dl.training.batches import batch_sizes
from dl.training.callbacks import EarlyStopping, Judge, LoggerCallback, ProgressCallback, SignalStop
from dl.training.devices import Devices, is_first_device, quiet_lightning
from dl.training.features import Reading, read_features
from dl.training.flat_gradients import fit_in_one_message
from dl.training.heads import head_writers
from dl.training.keeper import StateKeeper
from dl.training.layout import AS_BUILT, choose_layout
from dl.training.learn import learn
from dl.training.module import FitModule
from dl.training.notebook import NotebookConsole, NotebookDisplay
from dl.training.once_writer import FoldWriter, LastWriter, OnceWriter, TrialWriter
from dl.training.progress import ProgressDisplay
from dl.training.ranks import ALONE, LOST_LINE, Ranks, is_lost_connection, reaching_others
from dl.training.run_writer import RunWriter, ScoredSubsets
from dl.training.setup import FitSetup
from dl.training.sharded import need_shardable
from dl.training.state import Resumed
from dl.training.trackers import Trackers
from dl.words import many

PASSES = 3  # times what scoring an example takes, to train on it: forward, and twice as much backward


def train(
    setup: FitSetup,
    devices: Devices,
    folder: Path | None,
    console: Console,
    trackers: Trackers,
    last_epoch: int = 0,
    judge: Judge | None = None,
    name: str = "",
    *,
    once: bool = False,
    callbacks: Sequence[Callback] = (),
    resumed: Resumed | None = None,
    ranks: Ranks = ALONE,
) -> Run:
    """Run the Trainer, or fit the learner that is there in place of a network.

    Args:
        setup: Everything to train.
        devices: Where to train.
        folder: Of the run; None on all devices but the first, which alone writes.
        console: For progress.
        trackers: The loggers of the row of each epoch.
        last_epoch: Of a schedule that is cut off, where only the weights after this epoch are kept; 0 for a whole fit.
        judge: Of a trial of a study: returns after each epoch why the fit ends, empty to continue.
        name: Of the run; empty for that of its folder.
        once: Whether it is one of several short fits, which is written once, at its end, and is not stopped early.
        callbacks: Called after the others.
        resumed: The run that is continued in its folder; None for a new one.
        ranks: The processes of the fit, as far as they are connected.

    Raises:
        ProcessLost: If another process of the fit has ended.
        TrainingFailed: If memory runs out.
    """
    recipe, splits = setup.recipe, setup.splits
    if setup.learner is not None:
        of_fold = protocol_of(recipe.split)[1] > 0
        return learn(setup, folder or Path(os.devnull), name, of_fold=of_fold, alone=last_epoch > 0)
    flag = StopFlag()
    steps = len(batch_sizes(len(splits.train), int(recipe.train["batch_size"])))
    scoring = (len(splits.val) + len(splits.probe)) / (PASSES * int(recipe.train["batch_size"]))
    shown = NotebookDisplay if isinstance(console, NotebookConsole) else ProgressDisplay
    display = shown(console, setup.task.info.headline, int(recipe.train["epochs"]), steps, scoring)
    of_protocol = last_epoch > 0 or protocol_of(recipe.split)[1] > 0  # the epoch is chosen for all folds together
    kind = TrialWriter if judge else OnceWriter if once else RunWriter
    kind = LastWriter if last_epoch else FoldWriter if of_protocol else kind
    writer = kind(
        folder or Path(os.devnull),
        resumed.manifest if resumed else setup.manifest(name or (folder.name if folder else "")),
        ScoredSubsets({"val": splits.val, "probe": splits.probe}, setup.sketch, splits.groups),
        str(recipe.train["monitor"]),
        display,
        str(recipe.train["threshold"]),
    )
    if kind is RunWriter and folder is not None:
        writer.heads = head_writers(folder, setup)
        for head in writer.heads:
            head.begin()
    keeper, at_end = None, kind is not RunWriter
    begins_anew = kind is LastWriter or setup.at_hand or callbacks  # callbacks have states of their own
    if not (at_end and begins_anew):
        writer.keeper = keeper = StateKeeper(writer.folder, float(recipe.train["save_every"]), writer, once=at_end)
    early_stopping = EarlyStopping(writer, setup.regularizers, judge)
    stop = SignalStop(flag, ranks)
    own = [writer, LoggerCallback(writer, trackers, recipe.flat()), ProgressCallback(display), stop]
    if not (of_protocol or once):
        own.insert(1, early_stopping)
    every = [*own, *setup.at_hand.callbacks, *callbacks]
    trainer = devices.trainer(last_epoch or int(recipe.train["epochs"]), every)
    alone = trainer.world_size == 1
    blocks = devices.supports_blocks and (alone or fit_in_one_message(trainer.strategy, setup.network))
    try:
        with flag.catching(), quiet_lightning():
            device = trainer.strategy.root_device
            reading = Reading(setup.preprocessor, setup.data)
            if alone:
                reading = read_features(setup, device, lambda: flag.received is not None)
            layout = AS_BUILT
            if alone or (blocks and trainer.world_size == ranks.world_size):
                mine = _layout_of(setup, reading, device, resumed, ranks.world_size) if ranks.first else None
                layout = ranks.share(mine)
            writer.manifest = replace(writer.manifest, layout=layout)
            module = FitModule(
                setup.network,
                reading.preprocessor,
                setup.task,
                reading.data,
                recipe.train,
                recipe.seed,
                setup.regularizers,
                stop=stop.stops,
                blocks=blocks,
                make_own=setup.at_hand.optimizer,
                goes_on=bool(recipe.from_run),
                own_step=setup.own_step,
                beside={"writer": writer, "early_stopping": early_stopping},
                after_step=keeper.after_step if keeper else lambda _module: None,
                resumed=resumed,
                layout=layout,
            )
            with display, reading.context:
                trainer.fit(module, ckpt_path=resumed.state if resumed else None)
        if flag.received is None:
            writer.end("finished", early_stopping.why or _why_cut_off(trainer, module, devices))
            if keeper and is_first_device():
                with suppress(CannotWrite):  # older states then stay
                    keeper.clear(module)
        else:
            words = f"{why_stopped()} in epoch {len(writer.rows)}, after step {module.steps_done}"
            writer.end("interrupted", words, flag.received)
    except Stopped:
        writer.end("interrupted", f"{why_stopped()} while features were computed", flag.received or 0)
    except SecondSignal:
        writer.end("interrupted", "stopped at once by a second signal", flag.received or 0)
        if trainer.world_size > 1:  # nobody waits for the others, which may have ended
            return Run(folder or Path(os.devnull))
    except BaseException as error:  # a network may call sys.exit
        failure = _as_training_failed(error, recipe)
        with suppress(CannotWrite):  # the error of the fit matters more
            writer.end("failed", str(failure) if isinstance(failure, DLError) else describe_error(error))
        if failure is error:
            raise
        raise failure from error
    if words := writer.trouble_at_end():
        console.print(plain(f"  ! {words}", "bold red"))
        if console.quiet and writer.trouble:
            warnings.warn(f"{folder}: {words}", stacklevel=2)
    with reaching_others():
        path = Path(trainer.strategy.broadcast(str(folder)))
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()  # at exit, its threads may abort the program
    return Run(path, setup.at_hand or None)


def _layout_of(setup: FitSetup, reading: Reading, device: torch.device, resumed: Resumed | None, world: int) -> str:
    """Return the layout of feature maps: that of the run which is continued, else the one that is chosen here."""
    if resumed is not None:
        return resumed.manifest.layout
    if device.type != "cpu":
        return AS_BUILT
    options, row, train_set = setup.recipe.train, setup.task.row, reading.data.train
    batch = int(options["batch_size"])
    steps = len(batch_sizes(len(train_set), batch)) * int(options["epochs"])
    inputs, targets = reading.data.train_data.take(torch.from_numpy(train_set[: max(batch // world, 1)]))

    def loss(network: nn.Module, prepared: Tensor) -> Tensor:
        return row.loss(row.reduce_logits(network(prepared), prepared), targets, "mean")

    return choose_layout(setup.network, lambda: reading.preprocessor(inputs), loss, steps)


def _why_cut_off(trainer: pl.Trainer, module: FitModule, devices: Devices) -> str:
    """Return that the time was up, and where; empty for a fit with all of its steps."""
    whole = module.steps_done >= module.total_steps
    if not devices.max_time or not trainer.should_stop or whole:
        return ""
    return f"{TIME_UP} in epoch {trainer.current_epoch}, after step {module.steps_done}"


def need_fit_on(setup: FitSetup, devices: Devices) -> None:
    """Refuse devices that this fit cannot use, before its run folder is made.

    Raises:
        BadDevices: For more devices than examples to score, and for a training step of the user's own on several.
    """
    need_shardable(devices.strategy, setup.regularizers, setup.task.row)
    world = devices.trainer(1, []).world_size
    for subset, name in ((setup.splits.val, "validation"), (setup.splits.probe, "probe")):
        if setup.learner is None and world > len(subset):
            raise BadDevices(f"{world} devices, but {many(len(subset), f'{name} example')}; use fewer devices")
    if setup.own_step is not None and not (world == 1 and devices.supports_blocks):
        raise BadDevices("a training step of your own needs one device, in full precision")


def _as_training_failed(error: BaseException, recipe: Recipe) -> BaseException:
    """Convert an error of too little memory, or of a lost process, to one line; return any other error unchanged."""
    if is_out_of_memory(error):
        size = int(recipe.train["batch_size"])
        advice = f"try: batch_size={size // 2}" if size > 1 else "take a smaller network, or smaller inputs"
        return TrainingFailed(f"out of memory with batches of {size}  {advice}")
    if is_lost_connection(error):
        return ProcessLost(LOST_LINE)
    return error
