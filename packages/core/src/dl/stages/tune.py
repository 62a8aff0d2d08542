"""The sixth stage: search for better options around the regularized recipe, and correct the best score for its luck."""

from __future__ import annotations

from dataclasses import replace

from dl.errors import BadOption
from dl.intervals import Estimate
from dl.recipes.asked import Asked
from dl.runs.manifest import MetricInfo
from dl.runs.run import STUDY
from dl.runs.wording import show_estimate, show_value
from dl.runs.workflow import Search, StageRecord, Workflow
from dl.stages.overfit import need_skill
from dl.stages.stage import Bench, Exit, Stage, StageStopped
from dl.tuning.luck import luck_of_study
from dl.tuning.study import UNCHANGED, Budget, Study, Trial, describe_options, read_study
from dl.tuning.tune import resume_study, tune_asked

USUAL_TRIALS = 20
BEGIN = 0.85  # of the time, after which no trial begins: the last one is finished


def tune(bench: Bench, state: Workflow, record: StageRecord, seconds: float) -> StageRecord:
    """Tune by the verb's own function; an interrupted study goes on."""
    budget = Budget(state.trials or (0 if seconds else USUAL_TRIALS), BEGIN * seconds)
    try:
        study = _study(bench, state, budget)
    except BadOption as error:
        if "nothing is left to tune" not in str(error):
            raise
        return replace(record, result="nothing is left to tune: every option was typed", state="nothing")
    if study.signal:
        raise StageStopped(study.signal)
    best = study.best
    assert best is not None  # else the study has failed
    search = search_of(study, best)
    better = is_believed(search, state.metric)
    luck = show_luck(search, state.metric)
    shown = f"{state.metric.name} {show_estimate(state.metric, search.score)}"
    result = f"{search.trials} trials; the best: {search.options}, {shown}"
    run = bench.name(study.run(best)) if better else ""
    return replace(
        record,
        result=result,
        run=study.name,
        chosen=run,
        score=search.score if better else search.before,
        state="better" if better else "same",
        search=search,
        notes=(luck,),
    )


def _study(bench: Bench, state: Workflow, budget: Budget) -> Study:
    """Begin the study, or go on with what is left of it."""
    before = bench.labelled("tune")
    places = (bench.plugins, bench.devices)
    if before and (before.path / STUDY).exists():
        study = read_study(before.path)
        if study.status == "finished":
            return study
        return resume_study(before.path, *places, bench.console, budget, bench.dataset)
    typed = state.asked
    asked = Asked(recipe=str(bench.folder / state.chosen / "recipe.toml"), options=typed.options, reg=typed.reg)
    return tune_asked(asked, *places, bench.folder, bench.console, budget=budget, dataset=bench.dataset)


def search_of(study: Study, best: Trial) -> Search:
    """Return what a study reached, in plain values."""
    luck, first = study.luck, study.trials[0]
    alone = luck_of_study(replace(study, trials=(first,)))[0] if luck and first.score is not None else None
    return Search(
        trials=len(study.trials),
        epochs=sum(trial.epochs for trial in study.trials),
        options=describe_options(study.space, best),
        score=_estimate(best),
        before=_estimate(first) if first.score is not None else None,
        metric=study.luck_of,
        naive=luck.naive if luck else None,
        corrected=luck.corrected if luck else None,
        interval=luck.interval if luck else None,
        corrected_before=alone.corrected if alone else None,
    )


def _estimate(trial: Trial) -> Estimate:
    return Estimate(float(trial.score or 0.0), trial.low, trial.high)


def is_believed(search: Search, metric: MetricInfo) -> bool:
    """Return whether the best trial is better than the recipe as it stood, both corrected for what was chosen.

    Where the luck is unknown the recipe as it stood stays, unless it has no score at all.
    """
    if search.before is None:
        return True
    if search.options == UNCHANGED or search.corrected is None or search.corrected_before is None:
        return False
    higher = metric.higher and search.metric == metric.name
    return search.corrected > search.corrected_before if higher else search.corrected < search.corrected_before


def show_luck(search: Search, metric: MetricInfo) -> str:
    """Describe the corrected score: ``accuracy 97 % is the best of 45 epochs in 9 trials; corrected for that ...``."""
    if search.corrected is None or search.naive is None or search.interval is None:
        return "the luck of the best is unknown: there are too few validation examples, or groups of them"
    own = _metric_of(search, metric)
    of = f"{own.name} {show_value(own, search.naive)} is the best of {search.epochs:,} epochs in {search.trials} trials"
    return f"{of}; corrected for that choice {show_estimate(own, Estimate(search.corrected, *search.interval))}"


def leave(state: Workflow, record: StageRecord) -> Exit:
    """State whether the best trial is believed."""
    search = record.search
    if search is None:
        return Exit(True, "the recipe stays as it is")
    if search.options == UNCHANGED:
        return Exit(True, "no trial is better than the recipe before, which stays")
    if search.corrected is None or search.corrected_before is None:
        then = f"it goes on with {search.options}" if record.chosen else "the recipe stays"
        return Exit(True, f"how much of the best is luck is unknown: {then}")
    own = _metric_of(search, state.metric)
    best, before = (show_value(own, value) for value in (search.corrected, search.corrected_before))
    words = f"corrected for luck {own.name} {best}, and {before} of the recipe before"
    if record.state == "better":
        return Exit(True, f"{words}: it goes on with {search.options}")
    return Exit(True, f"{words}, which stays")


def _metric_of(search: Search, metric: MetricInfo) -> MetricInfo:
    """Return the metric that the luck is about."""
    return metric if search.metric == metric.name else MetricInfo(search.metric, False, 0.0, "mean")


def _trials(state: Workflow) -> float:
    return 0.8 * float(state.trials or USUAL_TRIALS)


STAGE = Stage("tune", need_skill, tune, leave, share=0.3, least=4.0, expected=_trials, optional=True)
