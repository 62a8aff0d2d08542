"""Fit the folds of a protocol that are not finished: one after the other, or side by side in processes of their own."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.queues import SimpleQueue
from pathlib import Path

import torch

from dl import sealed
from dl.cross_validation.plan import Plan, make_plan
from dl.errors import TrainingFailed
from dl.plugins.at_hand import NOTHING
from dl.plugins.loading import load_plugins
from dl.plugins.registry import Plugins
from dl.recipes.recipe import Recipe
from dl.runs.outcomes import ALL_LOGITS
from dl.runs.run import Run
from dl.signals import Interrupted, StopFlag, end_with_parent, held_back, let_through
from dl.splits.partition import load_dataset
from dl.training.devices import Devices
from dl.training.run_fit import fit_into
from dl.training.setup import FitSetup, set_up

SetUp = Callable[[Recipe], FitSetup]  # from the recipe of a fold
POLL = 0.1  # seconds between two looks for a signal


def fit_in_turn(
    plan: Plan, folder: Path, first: FitSetup, set_up_fold: SetUp, devices: Devices, plugins: Plugins
) -> Iterator[tuple[int, Run]]:
    """Yield the run of each fold with its number, in their order, those fitted before as they are.

    The last one may have been interrupted.

    Args:
        plan: Of the fits.
        folder: Of the runs of the folds.
        first: The set-up of the first fold.
        set_up_fold: Sets the recipe of another one up.
        devices: Where to train.
        plugins: The registered plugins.
    """
    for number in range(1, plan.protocol.fits + 1):
        run = _finished(folder, number)
        if run is None:
            setup = first if number == 1 else set_up_fold(plan.fold_recipe(number))
            run = _fit(folder, number, setup, devices, plugins)
        yield number, run
        if run.manifest.status != "finished":
            return


Variables = Mapping[str, str]  # of the environment of a process


def fit_side_by_side(
    plan: Plan, folder: Path, devices: Devices, jobs: int, places: Sequence[Variables]
) -> Iterator[tuple[int, Run]]:
    """Yield the run of each fold with its number as it is finished: first those that are, then as processes end.

    Args:
        plan: Of the fits.
        folder: Of the runs of the folds.
        devices: Where one process trains.
        jobs: Number of folds fitted at once at each place, each in a process of its own.
        places: Environment variables of the processes that fit there: fold k goes to place k mod N, from 0.
    """
    numbers = range(1, plan.protocol.fits + 1)
    done = {number: run for number in numbers if (run := _finished(folder, number))}
    yield from done.items()
    missing = [number for number in numbers if number not in done]
    if missing:
        yield from _side_by_side(plan, folder, devices, missing, min(jobs, len(missing)), places)


def _path(folder: Path, number: int) -> Path:
    return folder / f"{number:02d}"


def _finished(folder: Path, number: int) -> Run | None:
    """Return the run of a fold if it is finished, with the logits that pooling needs."""
    run = Run(_path(folder, number))
    whole = run.status == "finished" and sealed.exists(run.outcomes_folder / ALL_LOGITS)
    return run if whole else None


def _fit(folder: Path, number: int, setup: FitSetup, devices: Devices, plugins: Plugins) -> Run:
    """Fit one fold; what an interrupted fit left is removed."""
    return fit_into(_path(folder, number), setup, devices, plugins)


@dataclass(frozen=True)
class _Work:
    """What a process needs to fit folds; the data is read once in each."""

    plan: Plan
    folder: Path
    devices: Devices
    plugins: Plugins
    flag: StopFlag


_work: list[_Work] = []  # of this process, if it is a worker


def _start(recipe: Recipe, folder: Path, devices: Devices, threads: int, pids: SimpleQueue[int]) -> None:
    """Read the data, once in each process."""
    end_with_parent()
    if hasattr(os, "setsid"):  # Ctrl-C is the first process's to pass on
        os.setsid()
    flag = StopFlag()
    flag.take_over()
    let_through()
    pids.put(os.getpid())
    torch.set_num_threads(threads)
    plugins = load_plugins()
    dataset = load_dataset(recipe, plugins, plugins.domain(recipe.domain).load())
    _work.append(_Work(make_plan(recipe, dataset, plugins, by_size=False), folder, devices, plugins, flag))


def _fit_here(number: int) -> int:
    """Fit one fold in this process, and return its number.

    Raises:
        KeyboardInterrupt: If a signal came before the fit took the signals over.
    """
    work = _work[0]
    plan, recipe = work.plan, work.plan.fold_recipe(number)
    if work.flag.received is None:
        setup = set_up(recipe, work.plugins, NOTHING, plan.dataset, plan.split(recipe, work.plugins))
    if work.flag.received is not None:
        raise Interrupted(work.flag.received)
    run = _fit(work.folder, number, setup, work.devices, work.plugins)
    if run.manifest.status == "interrupted":  # a fold that waits in this process is not begun
        work.flag.received = run.manifest.signal
    return number


def _side_by_side(
    plan: Plan, folder: Path, devices: Devices, numbers: list[int], jobs: int, places: Sequence[Variables]
) -> Iterator[tuple[int, Run]]:
    """Fit folds in processes of their own, which share the cores; a signal ends all of them at their next step.

    Raises:
        KeyboardInterrupt: If a signal came between two folds.
        TrainingFailed: If a process was killed.
    """
    threads, context = max(1, (os.cpu_count() or 1) // (jobs * len(places))), get_context("spawn")
    flag, pids, pending = StopFlag(), context.SimpleQueue(), set[Future[int]]()
    given = (plan.recipe, folder, devices, threads, pids)
    pools = [ProcessPoolExecutor(jobs, context, initializer=_start, initargs=given) for _ in places]
    with flag.catching():
        try:
            with held_back():  # until a process can hear of a signal
                pending = {_submit(pools, places, number) for number in numbers}
            while pending:
                ended, pending = wait(pending, POLL, return_when=FIRST_COMPLETED)
                _pass_on(flag, pids)
                for number in sorted(one.result() for one in ended):
                    run = Run(_path(folder, number))
                    yield number, run
                    if run.manifest.status != "finished":
                        return
        except BrokenProcessPool as error:
            raise TrainingFailed(
                "a process that fitted a fold was killed, perhaps for want of memory; the finished folds are kept  go "
                f"on with fewer jobs: dl cv --resume {folder.parent.name} --jobs 1"
            ) from error
        finally:
            for pool in pools:
                pool.shutdown(wait=False, cancel_futures=True)
            while flag.received is not None and not all(one.done() for one in pending):
                _pass_on(flag, pids)
                time.sleep(POLL)
            for pool in pools:
                pool.shutdown(wait=True)


def _pass_on(flag: StopFlag, pids: SimpleQueue[int]) -> None:
    """Send the signal that this process was sent to all others, each once."""
    while flag.received is not None and not pids.empty():
        with suppress(OSError):  # it has ended
            os.kill(pids.get(), flag.received)


def _submit(pools: Sequence[ProcessPoolExecutor], places: Sequence[Variables], number: int) -> Future[int]:
    """Give a fold to the processes of its place; one that is started for it inherits the variables of the place."""
    k = (number - 1) % len(places)
    before = {name: os.environ.get(name) for name in places[k]}
    os.environ.update(places[k])
    try:
        return pools[k].submit(_fit_here, number)
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            os.environ |= {} if value is None else {name: value}
