"""Run one worker of a study that several machines share: claim a trial, fit it, tell how it ended, until none is left.

`study.json` in the folder of the worker has the trials of all, as they stood when it was written. Outcomes stay where
they were made: pruning and luck go by the trials whose runs lie on this machine.
"""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from dl.options import format_value
from dl.recipes.protocol import HOLDOUT, parse_protocol
from dl.recipes.recipe import Recipe
from dl.terminal import plain
from dl.tuning.luck import luck_of_study
from dl.tuning.run_trials import check_failures, conclude, is_over, refit_best, show_trial
from dl.tuning.shared import Identity, SharedStudy, at_its_place
from dl.tuning.storage import Place
from dl.tuning.study import FINISHED, RUNNING, Budget, Study, Trial, best_of, write_study
from dl.tuning.trial import Work
from dl.tuning.workers import Fitter, Task

PLACES = ("data", "data_dir")  # of the data, which may differ between machines


def identity_of(study: Study, recipe: Recipe) -> Identity:
    """Return what all workers of a study have to agree on."""
    flat = {name: format_value(value) for name, value in recipe.flat().items()}
    return Identity(
        data=study.data,
        fingerprint=study.fingerprint,
        val_fingerprint=study.val_fingerprint,
        recipe={name: text for name, text in flat.items() if name.rpartition(".")[2] not in PLACES},
        space=study.space,
        sampler=study.sampler,
        seed=study.seed,
        metric=study.metric,
        monitor=study.monitor,
    )


def run_shared(work: Work, study: Study, console: Console, shared: SharedStudy) -> Study:
    """Fit trials until all workers together have used the budget up, or a signal comes."""
    started, fitter, waits = time.monotonic(), Fitter(work, shared.flag), False
    with shared.flag.catching():
        while not shared.flag.received:
            study = _joint(study, shared, started)
            check_failures(study)
            trial = None if _time_is_over(study) else shared.claim(study.budget.trials, study.path)
            if trial is not None:
                _fit(study, at_its_place(trial, study.path), console, shared, fitter, started)
                continue
            if _time_is_over(study) or not shared.is_waiting():
                break
            if not waits:
                console.print("  waits for trials of other workers; Ctrl-C ends this one alone")
            waits = True
    study = _joint(study, shared, started)
    if shared.flag.received:
        study = replace(study, status="interrupted", signal=shared.flag.received)
    return refit_best(work, conclude(work, study, shared.importances()), console)


def _time_is_over(study: Study) -> bool:
    return is_over(replace(study, budget=replace(study.budget, trials=0)))


def _joint(study: Study, shared: SharedStudy, started: float) -> Study:
    """Return the study with the trials of all workers, and write it."""
    trials = tuple(at_its_place(trial, study.path) for trial in shared.trials())
    study = replace(study, trials=trials, elapsed=round(time.monotonic() - started, 3))
    write_study(study)
    return study


def _fit(study: Study, trial: Trial, console: Console, shared: SharedStudy, fitter: Fitter, started: float) -> None:
    """Fit a trial that was claimed, and tell how it ended."""
    known = [one for one in study.trials if study.is_at_hand(one)]
    best = best_of(known, study.metric, study.monitor)
    with shared.beating(trial):
        ended = fitter.fit(Task(replace(study, trials=()), trial, best))
        if ended.signal:
            shared.flag.received = ended.signal
            shared.give_back(ended.trial)
            return
        if not shared.tell(ended.trial):
            console.print(plain(f"  trial {trial.number} had been given up, and is another worker's"))
            return
    show_trial(console, _joint(study, shared, started), ended.trial)


def _protocol_of(known: Identity) -> str:
    """Return the protocol of a trial; empty where it is one fit."""
    asked = known.recipe.get("split.protocol", HOLDOUT)
    return "" if parse_protocol(asked).fits == 1 else asked


def look_at(place: Place, name: str, console: Console) -> Study:
    """Return a shared study as it stands, without its data and its runs."""
    shared = SharedStudy(place, name, console)
    with closing(shared):
        known, trials, importances = shared.open(None), shared.trials(), shared.importances()
    study = Study(
        name=name,
        status=RUNNING if any(trial.status == RUNNING for trial in trials) else FINISHED,
        created="",
        data=known.data,
        val_fingerprint=known.val_fingerprint,
        fingerprint=known.fingerprint,
        metric=known.metric,
        monitor=known.monitor,
        seed=known.seed,
        sampler=known.sampler,
        budget=Budget(),
        space=known.space,
        trials=trials,
        shared=name,
        storage=place.shown,
        importances=importances,
        protocol=_protocol_of(known),
        path=Path(),
    )
    luck, luck_of = luck_of_study(study) if study.best else (None, "")
    return replace(study, luck=luck, luck_of=luck_of)
