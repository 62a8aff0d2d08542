"""Tune: fit a recipe with other options again and again, and state how much of the best score is luck.

    runs/0005-wine-tune/
        recipe.toml  study.json  journal.log
        trials/001/  trials/002/  ...          the run of each trial

study = tune("tabular", "wine", trials=20)
study.best, study.command
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from lightning.pytorch.utilities.seed import isolate_rng
from rich.console import Console

from dl import files
from dl.cross_validation.plan import describe_plan
from dl.data.examples import Dataset
from dl.detached import take_log
from dl.errors import BadOption, BadRun
from dl.plugins.at_hand import NOTHING, AtHand, take_arguments
from dl.plugins.loading import load_plugins
from dl.plugins.registry import Plugins
from dl.recipes.asked import Asked
from dl.recipes.protocol import protocol_of
from dl.recipes.recipe import Recipe, write_recipe
from dl.recipes.resolve import resolve
from dl.runs.run import TRIALS, claim_run, find_folder, is_study
from dl.terminal import plain
from dl.training.attribution import attribute_errors
from dl.training.description import describe
from dl.training.devices import Devices
from dl.training.origin import refuse_going_on
from dl.tuning.budget import read_budget, show_budget
from dl.tuning.run_shared import identity_of, run_shared
from dl.tuning.run_trials import is_over, lacks_refit, run_trials
from dl.tuning.search import TPE, check_sampler
from dl.tuning.shared import SharedStudy
from dl.tuning.space import buildable, describe_space, search_space
from dl.tuning.storage import Place
from dl.tuning.study import RUNNING, Budget, Study, read_study
from dl.tuning.trial import Work

if TYPE_CHECKING:
    from dl.plugins.at_hand import Model


def tune(
    domain: str = "",
    data: object = "",
    *,
    trials: int | None = None,
    time: str = "",
    sampler: str = TPE,
    over: Collection[str] = (),
    jobs: int = 1,
    storage: str = "",
    study: str = "",
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
    **options: object,
) -> Study:
    """Tune: fit a recipe again and again with other options, on one split or on folds; the first trial is the recipe.

    Args:
        domain: ``vision``, ...
        data: As for `dl.fit`.
        trials: Number of fits; 20 if neither this nor ``time`` is given.
        time: Time after which no fit begins: ``20m``, ``1h30m``, ``90s``.
        sampler: ``tpe`` learns from the trials before; ``random``; ``grid``.
        over: Options and regularizers to try: ``["lr", "width", "dropout"]``; empty for the usual ones. What is given
            as an option stays as it is.
        jobs: Number of trials fitted at once, each in a process of its own.
        storage: Where several machines share the study: a file ``study.log``, or the URL of a database.
        study: Its name there.
        target: As for `dl.fit`.
        test: As for `dl.fit`; it stays closed.
        model: As for `dl.fit`.
        recipe: As for `dl.fit`.
        task: As for `dl.fit`.
        seed: Of every random draw, those of the search among them; None takes the recipe's.
        devices: Where to train.
        runs: Folder of run folders.
        console: For progress; None is silent.
        plugins: The registered plugins; None loads the installed ones.
        reg: Regularizers by name.
        **options: As for `dl.fit`. With ``protocol="kfold:4"`` a trial is the fits of all folds, and its score theirs
            together.

    Returns:
        The study: its ``trials``, the ``best`` of them, the ``command`` that fits it again, and its ``luck``.

    Raises:
        DLError: For every mistake of the caller, in one line.

    Example:
        >>> study = dl.tune("tabular", "wine", trials=20)
        >>> study = dl.tune("vision", "photos/", time="20m", over=["lr", "dropout"])
        >>> study.best.options, study.luck.corrected
    """
    budget = read_budget(trials, time)
    where = read_shared(storage, study)
    given = take_arguments(plugins or load_plugins(), data, target, test, model, task, options)
    asked = Asked(domain, given.data, given.model, recipe, task, seed, given.options, dict(reg or {}))
    devices = devices or (Devices(devices="1") if given.at_hand else Devices())
    places = (asked, given.plugins, devices, Path(runs), console or Console(quiet=True))
    return tune_asked(
        *places, budget=budget, sampler=sampler, over=over, jobs=jobs, at_hand=given.at_hand, shared=where
    )


def tune_asked(
    asked: Asked,
    plugins: Plugins,
    devices: Devices,
    root: Path,
    console: Console,
    *,
    budget: Budget,
    sampler: str = TPE,
    over: Collection[str] = (),
    jobs: int = 1,
    at_hand: AtHand = NOTHING,
    dataset: Dataset | None = None,
    shared: tuple[Place, str] | None = None,
) -> Study:
    """Begin a study of what was asked for, or join the one of other machines, and run it.

    Args:
        asked: What was typed.
        plugins: The registered plugins.
        devices: Where to train.
        root: Folder of run folders.
        console: For progress.
        budget: When it ends.
        sampler: How points are drawn.
        over: Options and regularizers to try; empty for the usual ones.
        jobs: Number of trials fitted at once.
        at_hand: Arguments in memory.
        dataset: As it was read, if it has been read before.
        shared: Storage and name of a study that several machines share.

    Raises:
        DLError: For every mistake of the user.
    """
    check_sampler(sampler)
    check_jobs(jobs, at_hand, shared is not None)
    recipe = asked.resolved(plugins)
    _check(recipe, plugins, devices)
    with attribute_errors(recipe, plugins), isolate_rng():
        files.make_folder(root)
        work = Work.of(recipe, plugins, devices, at_hand, dataset)
        info = work.info
        space = search_space(work.recipe, plugins, info.name, over, asked.fixed)
        space = buildable(space, work.recipe, plugins, work.check, over)
        _describe(console, work)
        for fixed in sorted(asked.fixed & set(over)):
            console.print(plain(f"  - {fixed} was typed, so it stays as it is"))
        console.print(
            plain(f"  search      {sampler}, {show_budget(budget)}, over {describe_space(space)}", longest=400)
        )
        study = Study(
            name="",
            status=RUNNING,
            created=work.first.created,
            data=work.dataset.name,
            val_fingerprint=work.val_fingerprint,
            fingerprint=work.fingerprint,
            metric=info.headline,
            monitor=str(work.recipe.train["monitor"]),
            seed=work.recipe.seed,
            sampler=sampler,
            budget=budget,
            space=space,
            asked=None if at_hand else asked,
            jobs=jobs,
            protocol=str(work.plan.protocol) if work.plan else "",
        )
        if shared is None:
            return run_trials(work, _in_folder(study, work, root), console)
        place, name = shared
        study = replace(study, shared=name, storage=place.shown)
        joined = SharedStudy(place, name, console)
        with closing(joined):
            joined.open(identity_of(study, work.recipe))
            return run_shared(work, _in_folder(study, work, root), console, joined)


def _describe(console: Console, work: Work) -> None:
    """Print what all trials share."""
    if work.plan:
        describe_plan(console, work.plan, work.first, work.plugins)
    else:
        describe(console, work.first, work.plugins)


def _in_folder(study: Study, work: Work, root: Path) -> Study:
    """Claim the folder of a study, and write its recipe there."""
    folder = claim_run(root, f"{work.dataset.name}-tune")
    files.make_folder(folder / TRIALS)
    write_recipe(folder, work.recipe, work.defaults)
    take_log(folder)
    return replace(study, name=folder.name, path=folder)


def resume_study(
    path: Path,
    plugins: Plugins,
    devices: Devices,
    console: Console,
    budget: Budget | None = None,
    dataset: Dataset | None = None,
    jobs: int = 0,
) -> Study:
    """Go on with a study that was stopped or killed, or give a finished one more trials.

    Args:
        path: Of its folder.
        plugins: The registered plugins.
        devices: Where to train.
        console: For progress.
        budget: In place of its own, over all of its trials.
        dataset: As it was read, if it has been read before.
        jobs: Number of trials fitted at once; 0 for the study's own.

    Raises:
        BadRun: If it is of other data, or has nothing left to do.
        DLError: For every other mistake of the user.
    """
    study = read_study(path)
    study = replace(study, budget=budget or study.budget, jobs=jobs or study.jobs, status=RUNNING, signal=0)
    if study.shared:
        words = f"--storage {study.storage} --study {study.shared}"
        raise BadRun(f"{study.name} is part of a shared study  go on: the same command again, with {words}")
    if not study.asked:
        raise BadRun(f"{study.name} tuned what was in memory, which is gone; start anew: dl.tune(...)")
    is_done = is_over(study) and all(trial.status != RUNNING for trial in study.trials)
    if is_done and not lacks_refit(study):
        more = f"dl tune --resume {study.name} --trials {2 * len(study.trials)}"
        raise BadRun(f"{study.name} is finished after {show_budget(study.budget)}  more of it: {more}")
    recipe = resolve(plugins, recipe=str(path / "recipe.toml"))
    _check(recipe, plugins, devices)
    with attribute_errors(recipe, plugins), isolate_rng():
        work = Work.of(recipe, plugins, devices, NOTHING, dataset)
        if work.fingerprint != study.fingerprint:
            changed = f"{work.dataset.name} has changed since {study.name}: its examples are others"
            raise BadRun(f"{changed}; start anew: dl tune")
        _describe(console, work)
        done = sum(trial.status != RUNNING for trial in study.trials)
        console.print(plain(f"  resumed     {study.name}: {done} of {show_budget(study.budget)} done"))
        take_log(path)
        return run_trials(work, study, console)


def find_study(which: str | Path, runs: Path) -> Path:
    """Find the folder of a study by name, number or path; ``last`` is the newest.

    Raises:
        BadRun: If there is none.
    """
    return find_folder(which, runs, "study", is_study, "see: dl ls runs")


def read_shared(storage: str, study: str) -> tuple[Place, str] | None:
    """Return the storage and the name of a study that several machines share; None if it is not shared.

    Raises:
        BadOption: If one is given without the other, or the storage is none.
        InstallFailed: If the driver of the database is not installed.
    """
    if bool(storage) != bool(study):
        given, other = ("--storage", "--study NAME") if storage else ("--study", "--storage FILE.log or URL")
        raise BadOption(f"{given} goes with {other}: the study that several machines share")
    return (Place.parse(storage), study) if storage else None


def check_jobs(jobs: int, at_hand: AtHand, is_shared: bool = False) -> None:
    """Refuse no fit at once, several of what is in memory, and both kinds of several workers together.

    Raises:
        BadOption: For either.
    """
    if jobs < 1:
        raise BadOption(f"jobs={jobs}: expected 1 or more trials at once")
    if jobs > 1 and at_hand:
        raise BadOption(f"jobs={jobs}: what is in memory cannot be given to other processes; leave jobs= out")
    if jobs > 1 and is_shared:
        raise BadOption(f"jobs={jobs}: a worker of a shared study fits one at once; type the command {jobs} times")
    if is_shared and at_hand:
        raise BadOption("storage=: what is in memory cannot be given to other machines; leave storage= out")


def _check(recipe: Recipe, plugins: Plugins, devices: Devices) -> None:
    """Refuse several devices, and one fold of several.

    Raises:
        BadDevices: For several devices.
        BadOption: For one fold of a protocol.
    """
    plugins.need_network(recipe.domain, recipe.model, "dl tune")
    protocol, fold = protocol_of(recipe.split)
    if fold:
        raise BadOption(f"protocol={protocol} fold={fold}: a trial is fitted on all folds; leave fold= out")
    recipe.need_found("dl tune")
    devices.need_one("trials are fitted", "  try: --devices 1")
    refuse_going_on(recipe, "dl tune")
