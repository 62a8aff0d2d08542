"""Cross-validate: fit a recipe once for each fold of a protocol, and pool what the fits reached into one run.

    runs/0007-wine-dense/
        recipe.toml  run.json  history.csv  outcomes/     of all folds together
        folds/01/  folds/02/  ...                         the run of each fit

run = cv("tabular", "wine")
run.manifest.folds
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lightning.pytorch.utilities.seed import isolate_rng
from rich.console import Console

from dl import files
from dl.cross_validation.fold import Variables, fit_in_turn, fit_side_by_side
from dl.cross_validation.plan import Plan, describe_plan, make_plan, set_up_first
from dl.cross_validation.pool import FinishedFold
from dl.cross_validation.pooled import drop_logits, finish, manifest_of, start
from dl.cross_validation.refit import refit
from dl.data.examples import Dataset, subset_fingerprint, whole
from dl.detached import take_log
from dl.errors import BadDevices, BadOption, BadRun, CannotWrite, DLError, nearest
from dl.learners.keep import are_wanted, keep_safely
from dl.limits import cut_short, why_stopped
from dl.plugins.at_hand import NOTHING, AtHand, take_arguments
from dl.plugins.loading import load_plugins
from dl.plugins.model_file import label_of
from dl.plugins.registry import Plugins
from dl.plugins.states import describe_error
from dl.recipes.protocol import Protocol, protocol_of
from dl.recipes.recipe import Recipe
from dl.recipes.resolve import resolve
from dl.rivals.baseline import rivals_of_folds
from dl.runs.commit import commit
from dl.runs.manifest import Manifest
from dl.runs.run import FOLDS, Run, claim_run
from dl.runs.wording import show_value
from dl.signals import SecondSignal, signal_of
from dl.splits.on_leak import settle_leaks
from dl.splits.partition import load_dataset
from dl.terminal import plain
from dl.training.attribution import attribute_errors
from dl.training.devices import Devices
from dl.training.run_fit import fit_recipe
from dl.training.setup import FitSetup, set_up
from dl.words import many
from dl.work import reported

if TYPE_CHECKING:
    from dl.plugins.at_hand import Model

BY_SIZE = "auto"  # a protocol chosen by the size of the data
ENSEMBLE, REFIT = FINAL = ("ensemble", "refit")  # networks for new inputs


def cv(
    domain: str = "",
    data: object = "",
    *,
    protocol: str = BY_SIZE,
    target: object = None,
    test: object = None,
    model: str | Model = "",
    recipe: str = "",
    task: str = "",
    seed: int | None = None,
    devices: Devices | None = None,
    runs: str | Path = "runs",
    console: Console | None = None,
    plugins: Plugins | None = None,
    reg: Mapping[str, object] | None = None,
    jobs: int = 1,
    final: str = ENSEMBLE,
    rivals: bool | None = None,
    **options: object,
) -> Run:
    """Cross-validate: train one network for each fold of a protocol, and score each example by one that never saw it.

    Args:
        domain: ``vision``, ...
        data: As for `dl.fit`.
        protocol: ``kfold:4``, ``iterated-kfold:4x3``, ``repeated-holdout:5``, ``holdout``; ``auto`` chooses by the
            number of examples.
        target: As for `dl.fit`.
        test: As for `dl.fit`.
        model: As for `dl.fit`.
        recipe: As for `dl.fit`.
        task: As for `dl.fit`.
        seed: Of every random draw, the folds among them; None takes the recipe's.
        devices: Where to train; of several each fits a fold at once, in a process of its own.
        runs: Folder of run folders.
        console: For progress; None is silent.
        plugins: The registered plugins; None loads the installed ones.
        reg: Regularizers by name.
        jobs: Number of folds fitted side by side, each in a process of its own.
        final: The network for `dl.evaluate` and `dl.predict`: the ``ensemble`` of the folds, or one ``refit`` on all
            examples.
        rivals: As for `dl.fit`; they are fitted in each fold.
        **options: As for `dl.fit`.

    Returns:
        The run of all folds together; ``run.folds`` are those of its fits.

    Raises:
        DLError: For every mistake of the caller, in one line.

    Example:
        >>> run = dl.cv("tabular", "wine")
        >>> run = dl.cv("vision", "photos/", protocol="kfold:5", group_on="name")
        >>> [fold.score for fold in run.manifest.folds]
    """
    given = take_arguments(plugins or load_plugins(), data, target, test, model, task, options)
    asked = {} if protocol == BY_SIZE else {"protocol": protocol}
    chosen = {"recipe": recipe, "model": given.model, "task": task}
    every = {**given.options, **asked}
    recipe_ = resolve(given.plugins, domain, given.data, seed=seed, options=every, reg=reg, **chosen)
    by_size = protocol == BY_SIZE and protocol_of(recipe_.split)[0].fits == 1
    devices = devices or (Devices(devices="1") if given.at_hand else Devices())
    places = (recipe_, given.plugins, devices, Path(runs), console or Console(quiet=True))
    return cross_validate(*places, by_size=by_size, at_hand=given.at_hand, jobs=jobs, final=final, rivals=rivals)


def cross_validate(
    recipe: Recipe,
    plugins: Plugins,
    devices: Devices,
    root: Path,
    console: Console,
    *,
    by_size: bool = False,
    resumed: Run | None = None,
    at_hand: AtHand = NOTHING,
    jobs: int = 1,
    final: str = "",
    dataset: Dataset | None = None,
    rivals: bool | None = None,
) -> Run:
    """Fit a resolved recipe once for each fold; where the protocol is a single hold-out, fit it as `dl.fit` does.

    Args:
        recipe: Every choice.
        plugins: The registered plugins.
        devices: Where to train.
        root: Folder of run folders.
        console: For progress.
        by_size: Whether the number of examples chooses the protocol.
        resumed: An interrupted run to go on with; its finished folds are kept.
        at_hand: Arguments in memory, which the recipe cannot name.
        jobs: Number of folds fitted side by side, each in a process of its own.
        final: The network for new inputs: the ``ensemble`` of the folds, or one ``refit`` on all examples; empty for
            that of the run that is resumed, else the ensemble.
        dataset: As it was read, if it has been read before.
        rivals: As for `dl.fit`.

    Raises:
        DLError: For every mistake of the user.
    """
    asked, final = final, final or (resumed.manifest.final if resumed else "") or ENSEMBLE
    if final not in FINAL:
        raise BadOption(f"final={final}: expected {' or '.join(FINAL)}{nearest(final, FINAL)}")
    if jobs < 1:
        raise BadOption(f"jobs={jobs}: expected 1 or more folds side by side")
    if jobs > 1 and at_hand:
        raise BadOption(f"jobs={jobs}: what is in memory cannot be given to other processes; leave jobs= out")
    recipe.need_found("dl cv")
    places = _places(devices, jobs, at_hand)
    with attribute_errors(recipe, plugins), isolate_rng():
        domain = plugins.domain(recipe.domain).load()
        if resumed:
            _need_unfinished(resumed, asked)
        dataset = dataset or load_dataset(recipe, plugins, domain)
        recipe, dataset, mended = settle_leaks(recipe, dataset, plugins, domain)
        plan = make_plan(recipe, dataset, plugins, by_size=by_size, at_hand=at_hand, mended=mended)
        if plan.protocol.fits == 1 and len(places) > 1:
            raise BadDevices(f"{plan.protocol} is one fit, and a fold takes one device  several for it: dl fit")
        if plan.protocol.fits == 1:
            console.print(
                plain(f"  protocol    {plan.protocol}: {plan.reason}" if plan.reason else "  protocol    holdout")
            )
            return fit_recipe(plan.recipe, plugins, devices, root, console, {}, at_hand, rivals=rivals)
        if resumed:
            _need_same_data(resumed, plan)
        run = _fit_folds(plan, plugins, devices.alone, root, console, resumed, at_hand, jobs, final, places)
        if are_wanted(rivals) and run.manifest.status == "finished":
            given = (run, plan.dataset, plan.task, plugins)
            for note in keep_safely(run, lambda failed: rivals_of_folds(*given, quick=True, failed=failed)):
                console.print(plain(f"  - {note}"))
        return Run(run.path, run.at_hand)  # read anew, with the rivals


def _places(devices: Devices, jobs: int, at_hand: AtHand) -> tuple[dict[str, str], ...]:
    """Return the environment variables of the processes on each device; one place where folds share a device.

    Raises:
        BadDevices: If this machine lacks the devices.
        BadOption: For several devices, and several folds on one, or data in memory.
    """
    places = devices.each_alone()
    if len(places) > 1 and jobs > 1:
        raise BadOption(f"jobs={jobs}: each of {len(places)} devices fits one fold at once; leave jobs= out")
    if len(places) > 1 and at_hand:
        raise BadOption(f"devices={len(places)}: what is in memory cannot be given to other processes; use one device")
    return places


def _fit_folds(
    plan: Plan,
    plugins: Plugins,
    devices: Devices,
    root: Path,
    console: Console,
    resumed: Run | None,
    at_hand: AtHand,
    jobs: int,
    final: str,
    places: Sequence[Variables],
) -> Run:
    """Fit each fold that is not finished yet, and pool them."""
    started = time.monotonic()
    first = set_up_first(plan, plugins, at_hand)
    describe_plan(console, plan, first, plugins)
    folder = resumed.path if resumed else _claim(root, plan, first)
    manifest = replace(manifest_of(folder.name, plan, first), final=final)
    before = resumed.manifest.seconds if resumed else 0.0

    def write(status: str, **changes: Any) -> None:  # Any: fields of a manifest
        seconds = round(before + time.monotonic() - started, 3)
        written = manifest.with_status(status, seconds=seconds, **changes)
        commit(folder, written)

    with _alone(folder), cut_short():
        if resumed and resumed.manifest.status == "finished":  # only the network on all examples is missing
            manifest = replace(resumed.manifest, final=final)
        else:
            with _ending(folder, write):
                write("running")
                take_log(folder)
                runs = dict[int, Run]()
                fits = _folds(plan, folder / FOLDS, first, devices, plugins, at_hand, jobs, places)
                for number, run in reported(fits, "folds", plan.protocol.fits):
                    if run.manifest.status != "finished":
                        words = f"fold {number} of {plan.protocol.fits} {run.manifest.message}"
                        message = f"{words}; {_go_on(folder)}"
                        write(run.manifest.status, message=message, signal=run.manifest.signal)
                        return Run(folder)
                    _show_fold(console, run, number, plan.protocol)
                    runs[number] = run
                    write("running")
                folds = [FinishedFold.of(runs[number], plan.dataset.train) for number in sorted(runs)]
                manifest = finish(folder, manifest, plan, folds, first)
                write("running" if final == REFIT else "finished")
        message = ""
        try:
            message = _refit(plan, folder, manifest, devices, plugins, at_hand, console) if final == REFIT else ""
        finally:  # a network that fails on all examples leaves the folds, which are finished
            write("finished", message=message)
        drop_logits(folder)
    return Run(folder, at_hand or None)


def _folds(
    plan: Plan,
    folder: Path,
    first: FitSetup,
    devices: Devices,
    plugins: Plugins,
    at_hand: AtHand,
    jobs: int,
    places: Sequence[Variables],
) -> Iterator[tuple[int, Run]]:
    """Return an iterator over the run of each fold, with its number, as it is finished."""

    def set_up_fold(recipe: Recipe) -> FitSetup:
        return set_up(recipe, plugins, at_hand, plan.dataset, plan.split(recipe, plugins))

    if jobs > 1 or len(places) > 1:
        return fit_side_by_side(plan, folder, devices, jobs, places)
    return fit_in_turn(plan, folder, first, set_up_fold, devices, plugins)


def _refit(
    plan: Plan,
    folder: Path,
    manifest: Manifest,
    devices: Devices,
    plugins: Plugins,
    at_hand: AtHand,
    console: Console,
) -> str:
    """Train on all examples; return the message of a fit that was stopped, and left the run with its folds alone."""
    size = f"{len(plan.dataset.train):,} examples"
    console.print(plain(f"  refit on all {size}, {many(manifest.best_epoch, 'epoch')}"))
    if refit(plan, folder, manifest.best_epoch, devices, plugins, at_hand):
        return ""
    return f"{why_stopped()} in the fit on all examples; {_go_on(folder)} --final {REFIT}"


def _go_on(folder: Path) -> str:
    return f"go on with: dl cv --resume {folder.name}"


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep other processes from fitting the folds of this run.

    Raises:
        BadRun: If another one does.
    """
    with files.held_alone(folder) as alone:
        if not alone:
            raise BadRun(f"{folder.name} is being fitted by another process; wait for its end, or stop it")
        yield


@contextmanager
def _ending(folder: Path, write: Callable[..., None]) -> Iterator[None]:
    """Write into the manifest how the run ended, where an error or a signal ends it before its folds do."""
    try:
        yield
    except (KeyboardInterrupt, SecondSignal) as error:
        message = f"{why_stopped()} between two folds; {_go_on(folder)}"
        write("interrupted", message=message, signal=signal_of(error))
        raise
    except Exception as error:
        message = str(error) if isinstance(error, DLError) else describe_error(error)
        full = isinstance(error, CannotWrite)
        message += f"; the finished folds are kept; {_go_on(folder)}" * full
        with suppress(CannotWrite):  # the error itself matters more
            write("failed", message=message)
        if full:
            raise CannotWrite(message) from error
        raise


def _claim(root: Path, plan: Plan, first: FitSetup) -> Path:
    """Create a run folder, and write everything known before the first fold."""
    files.make_folder(root)
    folder = claim_run(root, f"{plan.dataset.name}-{label_of(plan.recipe.model)}")
    start(folder, plan, first)
    return folder


def _need_unfinished(run: Run, asked: str) -> None:
    """Refuse to go on with a run that has nothing left to do.

    Raises:
        BadRun: If it is finished, or of one fit.
    """
    if not run.manifest.protocol:
        raise BadRun(f"{run.name} is a run of one fit, which dl cv does not go on with")
    missing = run.manifest.final == REFIT and not run.weights.exists()
    if run.manifest.status == "finished" and asked != REFIT and not missing:
        raise BadRun(f"{run.name} is finished  a network on all examples: dl cv --resume {run.name} --final {REFIT}")


def _need_same_data(run: Run, plan: Plan) -> None:
    """Refuse to go on with other data than the finished folds have learnt from.

    Raises:
        BadRun: If the examples are others.
    """
    if subset_fingerprint(whole(plan.dataset.train)) != run.manifest.parts.val_fingerprint:
        raise BadRun(f"{plan.dataset.name} has changed since {run.name}: its examples are others; start anew: dl cv")


def _show_fold(console: Console, run: Run, number: int, protocol: Protocol) -> None:
    info, manifest = run.manifest.task.headline, run.manifest
    score = f"{info.name} {show_value(info, run.best[f'val_{info.name}'])} at epoch {manifest.best_epoch}"
    console.print(plain(f"  fold {number}/{protocol.fits}  {score}  {manifest.seconds:.1f} s"))
