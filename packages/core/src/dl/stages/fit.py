"""The third stage: the recipe as it stands, against constant answers and cheap learners."""

from __future__ import annotations

from dataclasses import replace

from dl.capacity.study import beats_constant
from dl.limits import TIME_UP
from dl.runs.run import Run
from dl.runs.wording import show_estimate
from dl.runs.workflow import Rung, StageRecord, Workflow
from dl.stages.baseline import best_rung, kept_scores
from dl.stages.pairs import lead_over
from dl.stages.stage import Bench, Exit, Stage, always, score_of

NOTHING, CONSTANT, CHEAP, BEATEN = "nothing", "constant", "cheap", "beaten"  # what the network is certainly better than


def fit_recipe(bench: Bench, state: Workflow, record: StageRecord, seconds: float) -> StageRecord:
    """Fit the recipe, and compare it with the rungs of the ladder."""
    recipe = bench.first.recipe
    run = bench.fit(recipe.model, recipe, seconds)
    manifest, score = run.manifest, score_of(run)
    result = (
        f"{state.metric.name} {show_estimate(state.metric, score)} at epoch {manifest.best_epoch} of {manifest.epochs}"
    )
    planned, notes = int(recipe.train["epochs"]), list[str]()
    if manifest.epochs < planned and manifest.message.startswith(TIME_UP):
        notes.append(f"cut off by its share of the time after {manifest.epochs} of {planned} epochs")
    state_, words = _against(bench, state, run)
    return replace(
        record,
        result=result,
        run=run.name,
        chosen=run.name,
        score=score,
        state=state_,
        notes=(*notes, *words),
    )


def _against(bench: Bench, state: Workflow, run: Run) -> tuple[str, list[str]]:
    """Return what the network is certainly better than, and a line on the best cheap learner."""
    beats = beats_constant(bench.ground, run)
    rivals = [one for one in state.stage("baseline").rungs if one.rival]
    if not rivals:
        return (CONSTANT if beats else NOTHING), []
    best: Rung = best_rung(rivals, state.metric)
    scores = kept_scores(bench)[best.name]
    lead = lead_over(run.manifest.task, run, scores, score_of(run), best.score)
    line = f"against {best.answer}: {show_estimate(state.metric, lead, signed=True)}, positive is better"
    if not beats:
        return NOTHING, [line]
    return (CHEAP if lead.low > 0 else BEATEN if lead.high < 0 else CONSTANT), [line]


WORDS = {
    NOTHING: "not certainly better than a constant answer; whether it can learn at all shows next",
    CONSTANT: "better than a constant answer; from the best cheap learner no difference is established",
    CHEAP: "better than a constant answer and than every cheap learner",
    BEATEN: "better than a constant answer, and certainly worse than the best cheap learner, which is still to beat",
}


def leave(state: Workflow, record: StageRecord) -> Exit:
    """Require that the network is better than a constant answer."""
    words = WORDS[record.state]
    if record.state == CONSTANT and not any(one.rival for one in state.stage("baseline").rungs):
        words = "better than a constant answer"
    return Exit(record.state != NOTHING, words)


STAGE = Stage("fit", always, fit_recipe, leave, share=0.2, expected=lambda state: 1.0)
