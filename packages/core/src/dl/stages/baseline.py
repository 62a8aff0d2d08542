"""The second stage: what the network has to beat, constant answers and cheap learners on the split of all stages."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dl import files
from dl.intervals import Estimate
from dl.recipes.recipe import Recipe
from dl.rivals.baseline import Ladder, baseline
from dl.runs.manifest import MetricInfo
from dl.runs.outcomes import read_rivals, write_rivals
from dl.runs.wording import show_estimate, show_value
from dl.runs.workflow import Rung, StageRecord, Workflow
from dl.stages.stage import Bench, Exit, Stage, always

OUTCOMES = "outcomes"
OF_TASK = ("loss", "positive", "target_scale")


def score_baselines(bench: Bench, state: Workflow, record: StageRecord, _seconds: float) -> StageRecord:
    """Score constant answers and cheap learners; what each answers to each example is kept."""
    ladder = _ladder(bench)
    files.make_folder(bench.folder / OUTCOMES)
    write_rivals(bench.folder / OUTCOMES, {one.baseline.name: one.scores for one in ladder.rivals})
    rungs = rungs_of(ladder)
    if not rungs:
        return replace(record, result="this task has no baseline, and no number to beat")
    best = best_rung(rungs, state.metric)
    result = f"to beat: {state.metric.name} {show_rung(best, state.metric)}"
    constants = [one for one in rungs if not one.rival]
    notes = list[str]()
    if best.rival and constants:
        notes.append(f"the best constant answer: {show_rung(best_rung(constants, state.metric), state.metric)}")
    return replace(record, result=result, rungs=rungs, score=best.score, notes=tuple(notes))


def _ladder(bench: Bench) -> Ladder:
    """Score the baselines by the verb's own function, with what decides data, split and task of the settled recipe."""
    recipe: Recipe = bench.first.recipe
    split = {name: value for name, value in recipe.split.items() if name not in ("protocol", "fold")}
    task = {name: recipe.train[name] for name in OF_TASK}
    options: dict[str, Any] = {**recipe.data_options, **split, **task}  # Any: values of options
    return baseline(recipe.domain, recipe.data, task=recipe.task, seed=recipe.seed, plugins=bench.plugins, **options)


def rungs_of(ladder: Ladder) -> tuple[Rung, ...]:
    """Return the answers of a ladder, constants first."""
    constants = [
        Rung(one.name, one.answer, _alone(one.score), rival=False) for one in ladder.constants if not one.rival
    ]
    rivals = [
        Rung(one.baseline.name, one.baseline.answer, one.estimate, rival=True, seconds=one.baseline.seconds)
        for one in ladder.rivals
    ]
    return (*constants, *rivals)


def _alone(score: float) -> Estimate:
    return Estimate(score, score, score)


def best_rung(rungs: tuple[Rung, ...] | list[Rung], metric: MetricInfo) -> Rung:
    """Return the best of some answers; the first among equals."""
    sign = 1 if metric.higher else -1
    return max(rungs, key=lambda one: sign * one.score.value)


def show_rung(rung: Rung, metric: MetricInfo) -> str:
    """Describe an answer with its score: ``97.22 % [85.83, 99.51] by logistic regression``."""
    score = show_estimate(metric, rung.score) if rung.rival else show_value(metric, rung.score.value)
    return f"{score} by {rung.answer}"


def kept_scores(bench: Bench) -> dict[str, NDArray[np.float32]]:
    """Return the scores (n,) of each validation example by each cheap learner, by its name."""
    return read_rivals(bench.folder / OUTCOMES)


def leave(_state: Workflow, record: StageRecord) -> Exit:
    """State the number to beat: whatever it is, it is one."""
    cheap = sum(one.rival for one in record.rungs)
    words = "a network that does not beat it is not needed" if cheap else "this task has no cheap learner"
    return Exit(True, words)


STAGE = Stage("baseline", always, score_baselines, leave)
