"""Run a study: fit trials until the budget is used up, and conclude what follows from all of them.

`study.json` is written before and after each trial, so that a kill loses no more than the trials that are being fitted.
Trial n is proposed, and pruned, by the trials up to n + 1 - 2 J, where J are fitted at once: so the order in which they
end changes nothing, and a process waits for another one only if that is J trials behind.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from signal import SIGINT

from rich.console import Console

from dl.cross_validation.refit import refit
from dl.errors import TrainingFailed
from dl.recipes.close import close_recipe
from dl.recipes.recipe import AUTO, SHUFFLE
from dl.runs.wording import show_value
from dl.terminal import plain
from dl.tuning.luck import luck_of_study
from dl.tuning.search import Search
from dl.tuning.space import REGULARIZER, with_values
from dl.tuning.study import FAILED, FINISHED, RUNNING, Study, Trial, best_of, describe_options, write_study
from dl.tuning.trial import Work, recovered
from dl.tuning.workers import Fits, InTurn, SideBySide, Task
from dl.words import many
from dl.work import doing

MOST_FAILURES = 10  # failed trials in a row after which a study ends


def run_trials(work: Work, study: Study, console: Console) -> Study:
    """Fit trials until the budget is used up, or a signal comes."""
    before = time.monotonic() - study.elapsed
    search = Search.of(study)
    study = _recover(study)
    write_study(study)
    search.give_up_unknown(study.trials)
    fits: Fits = SideBySide(work, study) if study.jobs > 1 else InTurn(work)
    done = sum(trial.status != RUNNING for trial in study.trials)
    with fits, doing("trials", study.budget.trials, done) as trials:
        while True:
            study = _begin(study, search, fits)
            if not fits.numbers:
                break
            ended = fits.wait()
            study = replace(study.with_trial(ended.trial), elapsed=round(time.monotonic() - before, 3))
            write_study(study)
            if ended.trial.status != RUNNING:
                show_trial(console, study, ended.trial)
                trials.advance()
            check_failures(study)
    if fits.signal:
        study = replace(study, status="interrupted", signal=fits.signal)
    _tell(study, search, len(study.trials))
    return refit_best(work, conclude(work, study, search.importances()), console)


def _begin(study: Study, search: Search, fits: Fits) -> Study:
    """Begin trials while there is room for them."""
    while fits.has_room and not fits.signal:
        trial = _cut_off(study, fits) or _new(study, search)
        if trial is None:
            break
        study = study.with_trial(trial)
        write_study(study)
        known = [one for one in study.trials if one.number <= _newest_known(study, trial.number)]
        fits.begin(Task(replace(study, trials=()), trial, best_of(known, study.metric, study.monitor)))
    return study


def _newest_known(study: Study, number: int) -> int:
    """Return the number of the newest trial that a trial is drawn and pruned by."""
    return number + 1 - 2 * study.jobs


def _recover(study: Study) -> Study:
    """Return the study with the trials that ended just before it was cut off."""
    for trial in study.trials:
        if trial.status == RUNNING and (ended := recovered(study, trial)):
            study = study.with_trial(ended)
    return study


def _cut_off(study: Study, fits: Fits) -> Trial | None:
    """Return a trial whose fit was cut off; None if there is none."""
    left = (trial for trial in study.trials if trial.status == RUNNING and trial.number not in fits.numbers)
    return next(left, None)


def _new(study: Study, search: Search) -> Trial | None:
    """Return a new trial; None if the budget is used up, or a trial that it is drawn by has not ended."""
    if is_over(study) or search.is_exhausted(len(study.trials)):
        return None
    number = len(study.trials) + 1
    newest = _newest_known(study, number)
    if any(trial.status == RUNNING and trial.number <= newest for trial in study.trials):
        return None
    _tell(study, search, newest)
    return search.propose(number)


def _tell(study: Study, search: Search, newest: int) -> None:
    """Tell the search how the trials up to a number ended."""
    for trial in study.trials:
        if trial.number <= newest and trial.status != RUNNING:
            search.tell(trial, study.monitor)


def is_over(study: Study) -> bool:
    """Return whether no further trial begins."""
    budget = study.budget
    return bool(budget.trials and len(study.trials) >= budget.trials) or bool(
        budget.seconds and study.elapsed >= budget.seconds
    )


def check_failures(study: Study) -> None:
    """End a study that leads nowhere.

    Raises:
        TrainingFailed: If many trials in a row failed.
    """
    last = [trial for trial in study.trials if trial.status != RUNNING][-MOST_FAILURES:]
    if len(last) == MOST_FAILURES and all(trial.status == FAILED for trial in last):
        raise TrainingFailed(f"{MOST_FAILURES} trials in a row failed, the last one: {last[-1].message}")


def conclude(work: Work, study: Study, found: Mapping[str, float]) -> Study:
    """Add what follows from all trials: luck, importances, and whether the best one can be typed.

    Args:
        work: What all trials share.
        study: With all of its trials.
        found: The importances.

    Raises:
        TrainingFailed: If no trial finished.
    """
    if study.status == RUNNING:
        study = replace(study, status=FINISHED)
    if study.best:
        luck, luck_of = luck_of_study(study)
        typed = _can_be_typed(work, study, study.best)
        study = replace(study, luck=luck, luck_of=luck_of, importances=dict(found), typed=typed)
    write_study(study)
    if study.status == FINISHED and not study.best:
        why = study.trials[0].message if study.trials else "no trial was made"
        raise TrainingFailed(f"no trial of {study.name} finished; the first: {why}")
    return study


def lacks_refit(study: Study) -> bool:
    """Return whether the best trial of several fits is here, and has no network of its own on all examples yet."""
    best = study.best
    return bool(study.protocol and best and not best.folder and not study.run(best).weights.exists())


def refit_best(work: Work, study: Study, console: Console) -> Study:
    """Train the best trial of several fits on all examples, for as many epochs as its folds chose together.

    Until that is done its folds answer together. A signal leaves the study to be gone on with.
    """
    best = study.best
    if work.plan is None or best is None or study.status != FINISHED or not lacks_refit(study):
        return study
    size = many(len(work.dataset.train), "example")
    console.print(plain(f"  refit trial {best.number} on all {size}, {many(best.best_epoch, 'epoch')}"))
    plan = replace(work.plan, recipe=work.closed(study, best))
    try:
        done = refit(plan, study.run(best).path, best.best_epoch, work.devices, work.plugins, work.prepared.at_hand)
    except TrainingFailed as error:
        console.print(plain(f"  - not refitted: {error}; its folds answer together"))
        return study
    if not done:
        study = replace(study, status="interrupted", signal=int(SIGINT))
        write_study(study)
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
    if closed.train[SHUFFLE] == AUTO:  # settled by the size of the data alone, when the network is built
        closed = replace(closed, train={**closed.train, SHUFFLE: intended.train[SHUFFLE]})
    return closed == intended


def show_trial(console: Console, study: Study, trial: Trial) -> None:
    """Print the line of an ended trial."""
    of = f"/{study.budget.trials}" if study.budget.trials else ""
    score = "-" if trial.score is None else f"{study.metric.name} {show_value(study.metric, trial.score)}"
    best = study.best
    mark = "*" if best and best.number == trial.number else " "
    ended = f"  {trial.status}: {trial.message}" if trial.status != FINISHED else ""
    options = describe_options(study.space, trial)
    words = f"{mark} trial {trial.number}{of}  {score}  {trial.seconds:.1f} s  {options}{ended}"
    console.print(plain(words, longest=300))
