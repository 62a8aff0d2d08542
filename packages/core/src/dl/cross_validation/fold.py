"""Fit the folds of a protocol that are not finished: one after the other, or side by side in processes of their own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import torch

from dl.cross_validation.plan import Plan, make_plan
from dl.errors import TrainingFailed
from dl.plugins.at_hand import NOTHING, AtHand
from dl.plugins.loading import load_plugins
from dl.plugins.registry import Plugins
from dl.recipes.recipe import Recipe
from dl.runs.outcomes import ALL_LOGITS
from dl.runs.run import Run
from dl.signals import StopFlag, end_with_parent
from dl.splits.partition import load_dataset
from dl.training.devices import Devices
from dl.training.run_fit import fit_into
from dl.training.setup import FitSetup, set_up


def fit_missing(
    plan: Plan, folder: Path, first: FitSetup, devices: Devices, plugins: Plugins, at_hand: AtHand, jobs: int
) -> Iterator[tuple[int, Run]]:
    """Yield the run of each fold with its number as it is finished; the last one may have been interrupted.

    Args:
        plan: Of the fits.
        folder: Of the runs of the folds.
        first: The set-up of the first fold.
        devices: Where to train.
        plugins: The registered plugins.
        at_hand: Arguments in memory.
        jobs: Number of folds fitted side by side.
    """
    numbers = range(1, plan.protocol.fits + 1)
    done = {number: run for number in numbers if (run := _finished(folder, number))}
    yield from done.items()
    missing = [number for number in numbers if number not in done]
    if jobs > 1 and len(missing) > 1:
        yield from _side_by_side(plan, folder, devices, missing, min(jobs, len(missing)))
        return
    for number in missing:
        setup = first if number == 1 else set_up(plan.fold_recipe(number), plugins, at_hand, plan.dataset)
        run = _fit(folder, number, setup, devices, plugins)
        yield number, run
        if run.manifest.status != "finished":
            return


def _path(folder: Path, number: int) -> Path:
    return folder / f"{number:02d}"


def _finished(folder: Path, number: int) -> Run | None:
    """Return the run of a fold if it is finished, with the logits that pooling needs."""
    run = Run(_path(folder, number))
    whole = run.status == "finished" and (run.outcomes_folder / ALL_LOGITS).exists()
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


_work: list[_Work] = []  # of this process, if it is a worker


def _start(recipe: Recipe, folder: Path, devices: Devices, threads: int) -> None:
    """Read the data, once in each process."""
    end_with_parent()
    torch.set_num_threads(threads)
    plugins = load_plugins()
    dataset = load_dataset(recipe, plugins, plugins.domain(recipe.domain).load())
    _work.append(_Work(make_plan(recipe, dataset, plugins, by_size=False), folder, devices, plugins))


def _fit_here(number: int) -> int:
    """Fit one fold in this process, and return its number."""
    work = _work[0]
    setup = set_up(work.plan.fold_recipe(number), work.plugins, NOTHING, work.plan.dataset)
    _fit(work.folder, number, setup, work.devices, work.plugins)
    return number


def _side_by_side(
    plan: Plan, folder: Path, devices: Devices, numbers: list[int], jobs: int
) -> Iterator[tuple[int, Run]]:
    """Fit folds in processes of their own, which share the cores; after a signal no further one is begun.

    Raises:
        TrainingFailed: If a process was killed.
    """
    threads = max(1, (os.cpu_count() or 1) // jobs)
    flag, given = StopFlag(), (plan.recipe, folder, devices, threads)
    processes = ProcessPoolExecutor(jobs, get_context("spawn"), initializer=_start, initargs=given)
    with flag.catching():
        try:
            pending: set[Future[int]] = {processes.submit(_fit_here, number) for number in numbers}
            while pending:
                ended, pending = wait(pending, return_when=FIRST_COMPLETED)
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
            processes.shutdown(wait=True, cancel_futures=True)
