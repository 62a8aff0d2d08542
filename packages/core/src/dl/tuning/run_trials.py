"""Run a study: fit trials until the budget is used up, and conclude what follows from all of them.

`study.json` is written before and after each trial, so that a kill loses no more than the trial that is being fitted.
"""

from __future__ import annotations

import time
from dataclasses import replace

from rich.console import Console

from dl.errors import TrainingFailed
from dl.recipes.settle import close_recipe
from dl.runs.wording import show_value
from dl.terminal import plain
from dl.tuning.luck import luck_of_study
from dl.tuning.pruning import Pruner, Reference, first_epoch
from dl.tuning.search import Search
from dl.tuning.space import REGULARIZER, with_values
from dl.tuning.study import FAILED, FINISHED, RUNNING, Study, Trial, describe_options, write_study
from dl.tuning.trial import Work, fit_trial, recovered

MOST_FAILURES = 10  # failed trials in a row after which a study ends


def run_trials(work: Work, study: Study, console: Console) -> Study:
    """Fit trials until the budget is used up, or a signal comes."""
    started, before = time.monotonic(), study.elapsed
    search = Search.of(study)
    study = _recover(study)
    write_study(study)
    search.catch_up(study.trials, study.monitor)
    reference: Reference | None = None
    while (trial := _next(study, search)) is not None:
        study = study.with_trial(trial)
        write_study(study)
        reference = _reference(study, reference)
        trial, run = fit_trial(work, study, trial, _pruner(work, study, reference))
        study = replace(study.with_trial(trial), elapsed=round(before + time.monotonic() - started, 3))
        if run and run.manifest.status == "interrupted":
            study = replace(study, status="interrupted", signal=run.manifest.signal)
            break
        write_study(study)
        search.tell(trial, study.monitor)
        _show_trial(console, study, trial)
        _check_failures(study)
    return _conclude(work, study, search)


def _recover(study: Study) -> Study:
    """Return the study with the trials that ended just before it was cut off."""
    for trial in study.trials:
        if trial.status == RUNNING and (ended := recovered(study, trial)):
            study = study.with_trial(ended)
    return study


def _next(study: Study, search: Search) -> Trial | None:
    """Return a trial that was cut off, else a new one; None if the budget is used up."""
    for trial in study.trials:
        if trial.status == RUNNING:
            return trial
    if is_over(study) or search.is_exhausted(len(study.trials)):
        return None
    return search.propose(len(study.trials) + 1)


def is_over(study: Study) -> bool:
    """Return whether no further trial begins."""
    budget = study.budget
    return bool(budget.trials and len(study.trials) >= budget.trials) or bool(
        budget.seconds and study.elapsed >= budget.seconds
    )


def _reference(study: Study, known: Reference | None) -> Reference | None:
    """Return the best trial with its outcomes, read again only if another one is the best."""
    best = study.best
    if best is None or (known and known.number == best.number):
        return known
    return Reference.of(best.number, study.run(best), study.monitor == "loss")


def _pruner(work: Work, study: Study, reference: Reference | None) -> Pruner | None:
    epochs = int(work.recipe.train["epochs"])
    groups = work.first.splits.groups["val"]
    return Pruner(reference, first_epoch(epochs), epochs, study.monitor, groups) if reference else None


def _check_failures(study: Study) -> None:
    """End a study that leads nowhere.

    Raises:
        TrainingFailed: If many trials in a row failed.
    """
    last = study.trials[-MOST_FAILURES:]
    if len(last) == MOST_FAILURES and all(trial.status == FAILED for trial in last):
        raise TrainingFailed(f"{MOST_FAILURES} trials in a row failed, the last one: {last[-1].message}")


def _conclude(work: Work, study: Study, search: Search) -> Study:
    """Add what follows from all trials: luck, importances, and whether the best one can be typed.

    Raises:
        TrainingFailed: If no trial finished.
    """
    if study.status == RUNNING:
        study = replace(study, status=FINISHED)
    if study.best:
        luck, luck_of = luck_of_study(study)
        typed = _can_be_typed(work, study, study.best)
        study = replace(study, luck=luck, luck_of=luck_of, importances=search.importances(), typed=typed)
    write_study(study)
    if study.status == FINISHED and not study.best:
        why = study.trials[0].message if study.trials else "no trial was made"
        raise TrainingFailed(f"no trial of {study.name} finished; the first: {why}")
    return study


def _can_be_typed(work: Work, study: Study, best: Trial) -> bool:
    """Return whether the options of the best trial, typed beside what was asked for, lead to its recipe."""
    if study.asked is None:
        return False
    changed = {one.name: best.options[one.name] for one in study.space if best.options[one.name] != one.start}
    regularizers = {one.name for one in study.space if one.group == REGULARIZER}
    reg = {name: "off" if value is None else value for name, value in changed.items() if name in regularizers}
    options = {name: value for name, value in changed.items() if name not in regularizers and value is not None}
    typed = study.asked.resolved(work.plugins, options, reg)
    meant = with_values(work.recipe, work.plugins, study.space, best.options)
    closed, intended = (close_recipe(one, work.dataset, work.plugins)[0] for one in (typed, meant))
    return closed == intended


def _show_trial(console: Console, study: Study, trial: Trial) -> None:
    """Print the line of an ended trial."""
    of = f"/{study.budget.trials}" if study.budget.trials else ""
    score = "-" if trial.score is None else f"{study.metric.name} {show_value(study.metric, trial.score)}"
    best = study.best
    mark = "*" if best and best.number == trial.number else " "
    ended = f"  {trial.status}: {trial.message}" if trial.status != FINISHED else ""
    options = describe_options(study.space, trial)
    words = f"{mark} trial {trial.number}{of}  {score}  {trial.seconds:.1f} s  {options}{ended}"
    console.print(plain(words, longest=300))
