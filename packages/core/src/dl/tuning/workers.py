"""The fits of a study: one trial after the other in this process, or several at once in processes of their own.

A process reads the data once, and fits trial after trial; only this process proposes them, and writes the study.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Protocol, Self

import torch
from lightning.pytorch.utilities.seed import isolate_rng

from dl.errors import BadRun, DLError, TrainingFailed
from dl.plugins.at_hand import NOTHING
from dl.plugins.loading import load_plugins
from dl.recipes.recipe import Recipe
from dl.signals import StopFlag, end_with_parent, held_back, let_through
from dl.training.attribution import attribute_errors
from dl.training.devices import Devices
from dl.tuning.pruning import FoldPruner, Pruner, Reference, first_epoch
from dl.tuning.study import FAILED, RUNNING, Study, Trial
from dl.tuning.trial import Work, fit_trial, recovered

POLL = 0.2  # seconds between two looks at the signals
READY = "ready"  # sent by a process that has read the data
TRIES = 2  # of a trial whose process is killed


@dataclass(frozen=True)
class Task:
    """A trial to fit.

    Args:
        study: To which it belongs, without its trials.
        trial: To fit.
        best: The trial that it is compared with; None for none.
    """

    study: Study
    trial: Trial
    best: Trial | None


@dataclass(frozen=True)
class Ended:
    """A trial as a fit left it.

    Args:
        trial: With what it reached; as it was if a signal stopped it.
        signal: Number of that signal; 0 for none.
    """

    trial: Trial
    signal: int = 0


class Fitter:
    """Fits trials in one process, and remembers the outcomes that they are compared with.

    Args:
        work: What all trials share.
        flag: Of a signal that may come between two fits.
    """

    def __init__(self, work: Work, flag: StopFlag | None = None) -> None:
        self.work, self.flag = work, flag
        self._reference: Reference | None = None
        self._folds: FoldPruner | None = None

    def fit(self, task: Task) -> Ended:
        """Fit a trial."""
        if self.flag and self.flag.received:
            return Ended(task.trial, self.flag.received)
        trial, run = fit_trial(self.work, task.study, task.trial, self._pruner(task), self.flag)
        if run and run.manifest.status == "interrupted":
            return Ended(trial, run.manifest.signal or signal.SIGINT)
        if trial.status == RUNNING and self.flag:  # stopped between two folds
            return Ended(trial, self.flag.received or signal.SIGINT)
        return Ended(trial)

    def _pruner(self, task: Task) -> Pruner | FoldPruner | None:
        best, by_loss, plan = task.best, task.study.monitor == "loss", self.work.plan
        if best is None:
            return None
        if plan is not None:
            if self._folds is None or self._folds.number != best.number:
                each = tuple(Reference.of(best.number, run, by_loss) for run in task.study.run(best).folds)
                self._folds = FoldPruner(best.number, each, plan.groups, plan.protocol.fits, task.study.monitor)
            return self._folds
        if self._reference is None or self._reference.number != best.number:
            self._reference = Reference.of(best.number, task.study.run(best), by_loss)
        epochs = int(self.work.recipe.train["epochs"])
        groups = self.work.first.splits.groups["val"]
        return Pruner(self._reference, first_epoch(epochs), epochs, task.study.monitor, groups)


class Fits(Protocol):
    """The fits that are under way."""

    @property
    def numbers(self) -> frozenset[int]:
        """Numbers of the trials that are being fitted."""

    @property
    def has_room(self) -> bool:
        """Whether another trial can begin."""

    @property
    def signal(self) -> int:
        """Number of a signal that has come; 0 for none."""

    def begin(self, task: Task) -> None:
        """Begin the fit of a trial."""

    def wait(self) -> Ended:
        """Wait for a trial that ends."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *error: object) -> None: ...


class InTurn:
    """One trial after the other, in this process; a signal between two fits is heard before the next one.

    Args:
        work: What all trials share.
    """

    def __init__(self, work: Work) -> None:
        self._flag = StopFlag()
        self._catching = self._flag.catching()
        self._fitter = Fitter(work, self._flag)
        self._stopped = 0
        self._tasks: list[Task] = []

    @property
    def signal(self) -> int:
        """Number of a signal that has come; 0 for none."""
        return self._stopped or self._flag.received or 0

    @property
    def numbers(self) -> frozenset[int]:
        """Numbers of the trials that are being fitted."""
        return frozenset(task.trial.number for task in self._tasks)

    @property
    def has_room(self) -> bool:
        """Whether another trial can begin."""
        return not self._tasks

    def begin(self, task: Task) -> None:
        """Keep the trial for `wait`."""
        self._tasks.append(task)

    def wait(self) -> Ended:
        """Fit the trial."""
        ended = self._fitter.fit(self._tasks.pop())
        self._stopped = ended.signal
        return ended

    def __enter__(self) -> Self:
        self._catching.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._catching.__exit__(None, None, None)


@dataclass(frozen=True)
class Given:
    """What a process needs to fit trials.

    Args:
        recipe: Before tuning, settled.
        devices: Where to train.
        fingerprint: Of all examples, as the first process read them.
        threads: Its share of them.
    """

    recipe: Recipe
    devices: Devices
    fingerprint: str
    threads: int


@dataclass
class Worker:
    """A process that fits trials.

    Args:
        process: Its process.
        pipe: To it.
        task: What it fits; None if it waits.
        tries: Processes that were given this task.
        is_ready: Whether it has read the data.
    """

    process: BaseProcess
    pipe: Connection
    task: Task | None = None
    tries: int = 0
    is_ready: bool = False

    def end(self) -> None:
        """End the process: one that waits by itself, one that fits at once."""
        self.pipe.close()
        if self.task is not None:
            self.process.kill()
        self.process.join()


class SideBySide:
    """Several trials at once, each in a process of its own.

    A signal is passed on to the fits, which end with their epoch; a second one ends all processes at once.

    Args:
        work: What all trials share.
        study: Of the trials.
    """

    def __init__(self, work: Work, study: Study) -> None:
        threads = max(1, min(torch.get_num_threads(), (os.cpu_count() or 1) // study.jobs))
        self._given = Given(work.recipe, work.devices, study.fingerprint, threads)
        self._jobs = study.jobs
        self._workers: list[Worker] = []
        self._flag = StopFlag()
        self._catching = self._flag.catching()
        self._told = False  # whether the fits know of the signal

    @property
    def _busy(self) -> list[Worker]:
        return [worker for worker in self._workers if worker.task]

    @property
    def numbers(self) -> frozenset[int]:
        """Numbers of the trials that are being fitted."""
        return frozenset(worker.task.trial.number for worker in self._workers if worker.task)

    @property
    def has_room(self) -> bool:
        """Whether another trial can begin."""
        return len(self._busy) < self._jobs

    @property
    def signal(self) -> int:
        """Number of a signal that has come; 0 for none."""
        return self._flag.received or 0

    def begin(self, task: Task, tries: int = 1) -> None:
        """Give a trial to a process that waits, or to a new one."""
        worker = next((one for one in self._workers if one.task is None), None)
        if worker is None:
            worker = self._start()
        worker.task, worker.tries = task, tries
        try:
            worker.pipe.send(task)
        except OSError:  # it was killed while it waited, which `wait` finds
            return

    def _start(self) -> Worker:
        context = get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=work_for, args=(theirs, self._given))
        with held_back():
            process.start()
        theirs.close()
        self._workers.append(Worker(process, ours))
        return self._workers[-1]

    def wait(self) -> Ended:
        """Wait for a trial that ends; one whose process was killed is tried once more.

        Raises:
            DLError: What ended a fit that the study cannot do without.
        """
        while True:
            if self.signal and not self._told:
                self._pass_on(self.signal)
            busy = {worker.pipe: worker for worker in self._busy}
            for pipe in wait(list(busy), POLL):
                worker = busy[pipe]  # type: ignore[index]
                try:
                    answer = worker.pipe.recv()
                except (EOFError, OSError):
                    answer = self._after_kill(worker)
                if answer == READY:
                    worker.is_ready = True
                    continue
                if isinstance(answer, BaseException):
                    raise answer
                if answer is not None:
                    worker.task = None
                    return answer  # type: ignore[no-any-return]

    def _pass_on(self, number: int) -> None:
        """Tell the fits of a signal, once: they are in another session than the terminal's.

        A process that reads the data still has begun no fit, and is ended.
        """
        self._told = True
        for worker in self._busy:
            if not worker.is_ready:
                worker.process.kill()
            elif worker.process.pid is not None and worker.process.is_alive():
                os.kill(worker.process.pid, number)

    def _after_kill(self, worker: Worker) -> Ended | None:
        """Return the trial of a killed process if it is over; else begin it again, once."""
        task = worker.task
        assert task is not None
        self._workers.remove(worker)
        worker.end()
        if ended := recovered(task.study, task.trial):
            return Ended(ended)
        if self.signal:
            return Ended(task.trial, self.signal)
        if worker.tries < TRIES:
            self.begin(task, worker.tries + 1)
            return None
        why = f"its process was killed {worker.tries} times, perhaps for want of memory"
        return Ended(replace(task.trial, status=FAILED, message=why))

    def __enter__(self) -> Self:
        self._catching.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        try:
            for worker in self._workers:
                worker.end()
        finally:
            self._catching.__exit__(None, None, None)


def work_for(pipe: Connection, given: Given) -> None:
    """Fit the trials that come through a pipe until it is closed: the life of a process."""
    end_with_parent()
    if hasattr(os, "setsid"):  # Ctrl-C is the first process's to pass on
        os.setsid()
    flag = StopFlag()
    flag.take_over()
    let_through()
    sys.stdout = sys.stderr  # a network may print
    torch.set_num_threads(given.threads)
    try:
        work = _read(given)
        pipe.send(READY)
        _answer(pipe, work, flag)
    except EOFError:
        return
    except Exception as error:
        pipe.send(error if isinstance(error, DLError) else TrainingFailed(f"{type(error).__name__}: {error}"))


def _read(given: Given) -> Work:
    """Read the data, which is to be what the first process read."""
    plugins = load_plugins()
    with attribute_errors(given.recipe, plugins), isolate_rng():
        work = Work.of(given.recipe, plugins, given.devices, NOTHING)
    if work.fingerprint != given.fingerprint:
        raise BadRun(f"{work.dataset.name} has changed while it is tuned: its examples are others; start anew: dl tune")
    return work


def _answer(pipe: Connection, work: Work, flag: StopFlag) -> None:
    fit: Callable[[Task], Ended] = Fitter(work, flag).fit
    with attribute_errors(work.recipe, work.plugins):
        while True:
            pipe.send(fit(pipe.recv()))
