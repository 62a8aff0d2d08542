"""The universal workflow in stages: look, baseline, fit, overfit, regularize, tune, final.

Each stage has an entry and an exit condition, which are checked and printed; what it reached is kept in one folder,
from which a workflow that was stopped or killed goes on.

found = workflow("tabular", "wine", time="30m")
found.final, found.stage("final").score
"""

from __future__ import annotations

import platform
import time as clock
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

from lightning.pytorch.utilities.seed import isolate_rng
from rich.console import Console

from dl import files
from dl.cross_validation.plan import make_plan
from dl.data.examples import Dataset, subset_fingerprint, whole
from dl.data.memory import is_named
from dl.detached import take_log
from dl.errors import BadData, BadOption, BadRun, CannotWrite, DLError, nearest
from dl.limits import parse_time
from dl.plugins.loading import load_plugins
from dl.plugins.registry import Plugins
from dl.plugins.states import describe_error
from dl.processes import this_process
from dl.recipes.asked import Asked
from dl.recipes.protocol import protocol_of
from dl.recipes.recipe import Recipe, write_recipe
from dl.recipes.resolve import resolve
from dl.runs.run import claim_run
from dl.runs.workflow import (
    FAILED,
    FINISHED,
    INTERRUPTED,
    OVER,
    RUNNING,
    SKIPPED,
    STOPPED,
    WAITING,
    StageRecord,
    Workflow,
    find_workflow,
    read_workflow,
    write_workflow,
)
from dl.signals import SecondSignal, signal_of
from dl.splits.on_leak import FIX, ON_LEAK, STOP
from dl.splits.partition import load_dataset
from dl.stages import baseline, final, fit, look, overfit, regularize, tune
from dl.stages.clock import allot, check_limit, expected_left, too_short
from dl.stages.display import WorkflowDisplay
from dl.stages.stage import Bench, Stage, StageStopped
from dl.training.attribution import attribute_errors
from dl.training.devices import Devices
from dl.training.origin import refuse_going_on
from dl.training.setup import FitSetup, set_up
from dl.version import CORE
from dl.words import show_seconds

STAGES: tuple[Stage, ...] = (
    look.STAGE,
    baseline.STAGE,
    fit.STAGE,
    overfit.STAGE,
    regularize.STAGE,
    tune.STAGE,
    final.STAGE,
)
PACKAGES = (CORE, "torch", "lightning", "numpy", "scikit-learn")


def workflow(
    domain: str = "",
    data: str = "",
    *,
    time: str = "",
    trials: int = 0,
    on_leak: str = STOP,
    keep_test_closed: bool = False,
    resume: str = "",
    target: str = "",
    model: str = "",
    recipe: str = "",
    task: str = "",
    seed: int | None = None,
    devices: Devices | None = None,
    runs: str | Path = "runs",
    console: Console | None = None,
    plugins: Plugins | None = None,
    reg: Mapping[str, object] | None = None,
    **options: object,
) -> Workflow:
    """Work in stages: look at the data, score baselines, fit, overfit, regularize, tune, and make the final score.

    Args:
        domain: ``vision``, ...
        data: Name of a data set, or path of the user's own.
        time: That all stages may take: ``30m``, ``1h30m``; empty for any.
        trials: Of the tuning; 0 for 20, or as many as the time allows.
        on_leak: ``stop`` where a finding forbids to trust a score, ``warn``, or ``fix`` what has a remedy.
        keep_test_closed: Whether the test set is left for later; else it is opened once, at the end.
        resume: Name, number or path of a workflow to go on with, in place of all other choices; ``last`` is the newest.
        target: Names of the target columns of a table.
        model: As for `dl.fit`.
        recipe: As for `dl.fit`.
        task: As for `dl.fit`.
        seed: Of every random draw; None takes the recipe's.
        devices: Where to train; one device.
        runs: Folder of run folders.
        console: For progress; None is silent.
        plugins: The registered plugins; None loads the installed ones.
        reg: Regularizers by name.
        **options: As for `dl.fit`; what is given stays as it is in all stages.

    Returns:
        The workflow: its ``stages``, and the ``final`` run.

    Raises:
        DLError: For every mistake of the caller, in one line.

    Example:
        >>> found = dl.workflow("tabular", "wine", time="10m")
        >>> found.stage("regularize").remedies
        >>> dl.predict(found.final, "new.csv")
    """
    plugins, root = plugins or load_plugins(), Path(runs)
    devices, console = devices or Devices(devices="1"), console or Console(quiet=True)
    if resume:
        return resume_workflow(find_workflow(resume, root), plugins, devices, console)
    if not (is_named(domain) and is_named(data)):
        raise BadData(
            "a workflow reads its data anew to go on, so it takes the name of a data set or a path, and found data in "
            "memory; write it to a file first: frame.to_csv('data.csv'), then "
            "dl.workflow('tabular', 'data.csv', target='column')"
        )
    every = {**options, "target": target} if target else options
    asked = Asked(domain, str(data), model, recipe, task, seed, every, dict(reg or {}))
    return begin_workflow(
        asked,
        plugins,
        devices,
        root,
        console,
        limit=parse_time(time) if time else 0.0,
        trials=trials,
        on_leak=on_leak,
        keep_test_closed=keep_test_closed,
    )


def begin_workflow(
    asked: Asked,
    plugins: Plugins,
    devices: Devices,
    root: Path,
    console: Console,
    *,
    limit: float = 0.0,
    trials: int = 0,
    on_leak: str = STOP,
    keep_test_closed: bool = False,
) -> Workflow:
    """Begin a workflow of what was asked for, and run its stages.

    Raises:
        DLError: For every mistake of the user; before there is a folder.
    """
    started = clock.monotonic()
    check_limit(limit)
    if on_leak not in ON_LEAK:
        raise BadOption(f"--on-leak {on_leak}: expected stop, warn or fix{nearest(on_leak, ON_LEAK)}")
    if trials < 0:
        raise BadOption(f"--trials {trials}: expected a whole number, at least 1")
    recipe = asked.resolved(plugins, {"on_leak": FIX} if on_leak == FIX else {})
    plugins.need_network(recipe.domain, recipe.model, "dl workflow")
    if protocol_of(recipe.split)[0].fits > 1:
        raise BadOption("protocol= is chosen by the size of the data, for the final score; leave it out, or see: dl cv")
    recipe.need_found("dl workflow")
    devices.need_one("the stages are fitted", "  try: --devices 1")
    with attribute_errors(recipe, plugins), isolate_rng():
        files.make_folder(root)
        dataset, first = _read(recipe, plugins)
        plan = make_plan(first.recipe, dataset, plugins, by_size=True)
        folder = claim_run(root, f"{dataset.name}-workflow")
        write_recipe(folder, first.recipe, first.defaults)
        manifest, info = first.manifest(folder.name), first.task.info
        state = Workflow(
            name=folder.name,
            status=RUNNING,
            created=manifest.created,
            asked=asked,
            data=dataset.name,
            title=dataset.title,
            model=manifest.model,
            task=info.name,
            metric=info.headline,
            train=manifest.parts.train,
            val=manifest.parts.val,
            rule=manifest.parts.rule,
            test=manifest.parts.test,
            protocol=str(plan.protocol),
            reason=plan.reason,
            fits=plan.protocol.fits,
            fingerprint=subset_fingerprint(whole(dataset.train)),
            val_fingerprint=manifest.parts.val_fingerprint,
            seed=first.recipe.seed,
            limit=limit,
            trials=trials,
            on_leak=on_leak,
            keep_test_closed=keep_test_closed,
            stages=tuple(StageRecord(stage.name) for stage in STAGES),
            elapsed=clock.monotonic() - started,
            versions={"python": platform.python_version(), **{name: version(name) for name in PACKAGES}},
            path=folder,
        )
        return _run_stages(state, dataset, first, plugins, devices, console)


def resume_workflow(path: Path, plugins: Plugins, devices: Devices, console: Console) -> Workflow:
    """Go on with a workflow that was stopped or killed: finished stages are not repeated.

    Raises:
        BadRun: If it is finished, or of other data.
        DLError: For every other mistake of the user.
    """
    state = read_workflow(path)
    if state.status == FINISHED:
        raise BadRun(f"{state.name} is finished  see: dl report {state.name}")
    if state.status == STOPPED:
        raise BadRun(f"{state.name} has ended: {state.message}  see: dl report {state.name}")
    recipe = resolve(plugins, recipe=str(path / "recipe.toml"))
    devices.need_one("the stages are fitted", "  try: --devices 1")
    with attribute_errors(recipe, plugins), isolate_rng():
        dataset, first = _read(recipe, plugins)
        if subset_fingerprint(whole(dataset.train)) != state.fingerprint:
            changed = f"{dataset.name} has changed since {state.name}: its examples are others"
            raise BadRun(f"{changed}; start anew: dl workflow")
        return _run_stages(state, dataset, first, plugins, devices, console)


def _read(recipe: Recipe, plugins: Plugins) -> tuple[Dataset, FitSetup]:
    """Read the data, once, and set the recipe up on it."""
    refuse_going_on(recipe, "dl workflow")
    dataset = load_dataset(recipe, plugins, plugins.domain(recipe.domain).load())
    first = set_up(recipe, plugins, dataset=dataset)
    return first.dataset, first


class _Keeper:
    """Holds the state of a workflow, and writes each change into its folder.

    Args:
        state: As it stands.
    """

    def __init__(self, state: Workflow) -> None:
        self.started, self.before = clock.monotonic(), state.elapsed
        self.state = state

    @property
    def elapsed(self) -> float:
        """Seconds of the whole workflow, over all times that it was resumed."""
        return self.before + clock.monotonic() - self.started

    def keep(self, record: StageRecord) -> None:
        """Write the record of a stage."""
        self.write(stages=self.state.with_stage(record).stages)

    def write(self, **changes: object) -> None:
        """Write the state with some changes."""
        changes |= {"elapsed": round(self.elapsed, 3), **this_process()}
        self.state = replace(self.state, **changes)  # type: ignore[arg-type]  # fields of a workflow
        write_workflow(self.state)


def _run_stages(
    state: Workflow, dataset: Dataset, first: FitSetup, plugins: Plugins, devices: Devices, console: Console
) -> Workflow:
    """Run the stages that are not over, one after the other, and write the state before and after each."""
    display = WorkflowDisplay(console, len(STAGES))
    files.make_folder(state.path / baseline.OUTCOMES)
    keeper = _Keeper(replace(state, signal=0, message=""))
    with _alone(state.path):
        keeper.write(status=RUNNING)
        take_log(state.path)
        bench = Bench(plugins, devices, dataset, first, state.path, display.inner, keeper.keep)
        _show_head(display, state)
        with _ending(keeper, display):
            for number, stage in enumerate(STAGES, start=1):
                record = keeper.state.stage(stage.name)
                if record.status not in OVER:
                    record = _run_stage(stage, number, keeper, bench, display)
                else:
                    display.end(number, record)
                if record.stops:
                    return _stopped(keeper, display, stage)
            keeper.write(status=FINISHED)
        if keeper.state.status == FINISHED:
            display.say(f"finished in {show_seconds(keeper.elapsed)}  the whole page: {keeper.state.command}")
        return keeper.state


def _run_stage(stage: Stage, number: int, keeper: _Keeper, bench: Bench, display: WorkflowDisplay) -> StageRecord:
    """Check the entry condition, run the stage, check the exit condition."""
    before = keeper.state.stage(stage.name)
    entry = stage.enter(keeper.state)
    seconds = 0.0
    if keeper.state.limit:
        seconds = allot(keeper.state.limit - keeper.elapsed, stage, STAGES, keeper.state)
        if entry.begins and (why := too_short(stage, seconds, keeper.state)):
            entry = replace(entry, begins=False, words=why)
    if not entry.begins:
        record = replace(before, status=SKIPPED, entry=entry.words)
        keeper.keep(record)
        display.end(number, record)
        return record
    started = clock.monotonic()
    record = replace(before, status=RUNNING, entry=entry.words)
    keeper.keep(record)

    def left() -> float:
        expected = expected_left(STAGES, keeper.state, clock.monotonic() - started)
        limit = keeper.state.limit
        return min(expected or limit, max(limit - keeper.elapsed, 0.0)) if limit else expected

    display.begin(number, record, left)
    try:
        record = stage.run(bench, keeper.state, record, max(seconds, 1.0) if keeper.state.limit else 0.0)
    except (BadData, BadOption) as error:
        if not stage.optional:
            raise
        record = replace(before, status=SKIPPED, entry=f"not for this task or data: {error}")
        keeper.keep(record)
        display.end(number, record)
        return record
    taken = round(before.seconds + clock.monotonic() - started, 3)
    record = replace(record, status=FINISHED, seconds=taken)
    found = stage.leave(keeper.state, record)
    record = replace(record, exit=found.words, passed=found.passed, stops=found.stops, next=found.next)
    keeper.keep(record)
    display.end(number, record)
    return record


def _stopped(keeper: _Keeper, display: WorkflowDisplay, stage: Stage) -> Workflow:
    """End a workflow at the exit condition of a stage; the stages behind it are skipped."""
    why = f"stopped after {stage.name}: {keeper.state.stage(stage.name).exit}"
    stages = tuple(
        replace(one, status=SKIPPED, entry=f"the workflow ended after {stage.name}") if one.status == WAITING else one
        for one in keeper.state.stages
    )
    keeper.write(status=STOPPED, message=why, stages=stages)
    display.say(f"ended after {stage.name}, in {show_seconds(keeper.elapsed)}  the whole page: {keeper.state.command}")
    return keeper.state


def _show_head(display: WorkflowDisplay, state: Workflow) -> None:
    """Print what the workflow is about."""
    title = f": {state.title}" if state.title else ""
    limit = f", at most {show_seconds(state.limit)}" if state.limit else ""
    display.say(f"{state.data}{title}", "bold")
    done = sum(one.status in OVER for one in state.stages)
    resumed = f", goes on after {done} of {len(state.stages)} stages" if done else ""
    display.say(f"{state.name}: {state.model}, seed {state.seed}{limit}{resumed}")


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep other processes from working in this folder; its own lock is for the numbers of runs.

    Raises:
        BadRun: If another one does.
    """
    with files.held_alone(folder / baseline.OUTCOMES) as alone:
        if not alone:
            raise BadRun(f"{folder.name} is worked on by another process; wait for its end, or stop it: dl status")
        yield


@contextmanager
def _ending(keeper: _Keeper, display: WorkflowDisplay) -> Iterator[None]:
    """Write how a workflow ended where a signal or an error ends it before its last stage.

    Raises:
        CannotWrite: With how to go on.
    """
    try:
        yield
    except StageStopped as error:
        display.pause()
        _write_end(keeper, INTERRUPTED, "stopped by a signal", error.signal)
        display.say(f"stopped by a signal; what is finished is kept  go on: {keeper.state.command}", "yellow")
    except (KeyboardInterrupt, SecondSignal) as error:
        display.pause()
        _write_end(keeper, INTERRUPTED, "stopped by a signal", signal_of(error))
        display.say(f"stopped by a signal; what is finished is kept  go on: {keeper.state.command}", "yellow")
        raise
    except CannotWrite as error:
        display.pause()
        message = f"{error}; what is finished is kept  go on: dl workflow --resume {keeper.state.name}"
        with suppress(CannotWrite):
            _write_end(keeper, INTERRUPTED, message)
        raise CannotWrite(message) from error
    except BaseException as error:
        display.pause()
        message = str(error) if isinstance(error, DLError) else describe_error(error)
        with suppress(CannotWrite):
            _write_end(keeper, FAILED, message)
        raise


def _write_end(keeper: _Keeper, status: str, message: str, signal: int = 0) -> None:
    """Write the end of a workflow, and of the stage that ran."""
    stages = tuple(replace(one, status=status) if one.status == RUNNING else one for one in keeper.state.stages)
    keeper.write(status=status, message=message, signal=signal, stages=stages)
