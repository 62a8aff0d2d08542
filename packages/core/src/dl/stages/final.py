"""The last stage: the final recipe scored by the protocol that the size of the data asks for, and the test set once."""

from __future__ import annotations

from dataclasses import replace

from dl.cross_validation.cross_validate import cross_validate
from dl.errors import BadOption
from dl.inference.evaluate import evaluate, ledger_name
from dl.intervals import Estimate, Interval, widened
from dl.recipes.protocol import HOLDOUT, KFOLD, USUAL_FOLDS, Protocol, parse_protocol
from dl.recipes.recipe import AUTO
from dl.rivals.baseline import baseline
from dl.runs.ledger import LEDGER, TestEvaluation, read_ledger, stored_evaluation
from dl.runs.run import Run
from dl.runs.wording import show_estimate
from dl.runs.workflow import Rung, StageRecord, Workflow
from dl.stages.baseline import best_rung, kept_scores, rungs_of
from dl.stages.pairs import lead_over
from dl.stages.stage import Bench, Exit, Stage, StageStopped, always, score_of
from dl.words import many

CHEAP = 30.0  # seconds that cheap learners may take in all folds, or as long as the networks


def final(bench: Bench, state: Workflow, record: StageRecord, seconds: float) -> StageRecord:
    """Cross-validate where examples are few, and evaluate on the test set where there is one."""
    protocol = affordable(state.protocol, state.stage("fit").seconds, seconds)
    notes = list[str]()
    if str(protocol) != state.protocol:
        notes.append(f"no time for {state.protocol}: {protocol} instead")
    run = _cross_validated(bench, state, protocol) if protocol.fits > 1 else bench.run(state.chosen)
    score = score_of(run)
    how = f"{many(protocol.fits, 'fit')} of {protocol}" if protocol.fits > 1 else "the hold-out of all stages before"
    shown = f"{state.metric.name} {show_estimate(state.metric, score)}"
    rungs, lead, against = _lead(bench, state, run, protocol, seconds)
    record = replace(record, run=bench.name(run), chosen=bench.name(run), score=score, state=str(protocol))
    record = replace(record, rungs=rungs, lead=lead, notes=(*notes, *against))
    bench.keep(record)
    tested, why = _tested(bench, state, run, record)
    on_test = f"; on the test set {show_estimate(state.metric, tested.score)}" if tested else ""
    return replace(record, result=f"{shown} by {how}{on_test}", test=tested, notes=(*record.notes, f"test set: {why}"))


def affordable(asked: str, fit_seconds: float, seconds: float) -> Protocol:
    """Return the protocol that the time allows: the one asked for, one round of it, or the hold-out."""
    protocol = parse_protocol(asked)
    if not seconds or protocol.fits * fit_seconds <= seconds:
        return protocol
    fewer = Protocol(KFOLD, protocol.folds if protocol.folds > 1 else USUAL_FOLDS)
    return fewer if fewer.fits < protocol.fits and fewer.fits * fit_seconds <= seconds else Protocol(HOLDOUT)


def _cross_validated(bench: Bench, state: Workflow, protocol: Protocol) -> Run:
    """Cross-validate the chosen recipe; an interrupted run goes on, a finished one is taken."""
    before = next((run for run in bench.runs if run.status and run.manifest.protocol), None)
    if before and before.manifest.status == "finished":
        return before
    recipe = bench.recipe(state)
    recipe = replace(recipe, split={**recipe.split, "protocol": str(protocol), "fold": 0, "val": AUTO})
    run = cross_validate(
        recipe, bench.plugins, bench.devices, bench.folder, bench.console, resumed=before, dataset=bench.dataset
    )
    if run.manifest.signal:
        raise StageStopped(run.manifest.signal)
    return run


def _lead(
    bench: Bench, state: Workflow, run: Run, protocol: Protocol, seconds: float
) -> tuple[tuple[Rung, ...], Estimate | None, list[str]]:
    """Compare the final run with the best cheap learner, in the same folds where there are some, with a line on it."""
    known = [one for one in state.stage("baseline").rungs if one.rival]
    if not known:
        return (), None, []
    if protocol.fits > 1:
        cost = protocol.fits * sum(one.seconds for one in known)
        if cost > max(run.manifest.seconds, CHEAP) or (seconds and cost > seconds / 2):
            return (), None, [f"cheap learners are not scored in the same folds: it takes about {cost:.0f} s"]
        ladder = baseline(run=run, plugins=bench.plugins)
        rungs, answered = rungs_of(ladder), {one.baseline.name: one.scores for one in ladder.rivals}
    else:
        rungs, answered = state.stage("baseline").rungs, kept_scores(bench)
    best = best_rung([one for one in rungs if one.rival], state.metric)
    lead = lead_over(run.manifest.task, run, answered[best.name], score_of(run), best.score)
    if protocol.fits > 1:
        lead = Estimate(lead.value, *widened(lead.value, Interval(lead.low, lead.high)))
    shown = show_estimate(state.metric, lead, signed=True)
    where = "in the same folds" if protocol.fits > 1 else "on the same examples"
    return rungs, lead, [f"against {best.answer} {where}: {shown}, positive is better"]


def _tested(bench: Bench, state: Workflow, run: Run, record: StageRecord) -> tuple[TestEvaluation | None, str]:
    """Evaluate on the test set, with the reason where it stays closed; a cut-off stage does not look twice."""
    if not state.test:
        return None, "there is none"
    if state.keep_test_closed:
        return None, "it stays closed, as --keep-test-closed asks"
    if not beats_constants(state, record):
        return None, "it stays closed, since the network is not certainly better than a constant answer"
    own = [one for one in read_ledger(run.root / LEDGER) if one.get("run") == ledger_name(run)]
    if own:
        return stored_evaluation(own[-1]), "opened once"
    try:
        return evaluate(run, again=False, plugins=bench.plugins), "opened once"
    except BadOption as error:
        return None, f"left closed, as {str(error).partition(';')[0]}"


def beats_constants(state: Workflow, record: StageRecord) -> bool:
    """Return whether the interval of the final score lies beyond the best constant answer; True where there is none."""
    constants = [one for one in record.rungs or state.stage("baseline").rungs if not one.rival]
    if not constants or record.score is None:
        return True
    best, score = best_rung(constants, state.metric).score.value, record.score
    return score.low > best if state.metric.higher else score.high < best


def leave(state: Workflow, record: StageRecord) -> Exit:
    """State what the final number rests on."""
    if record.lead is not None and record.lead.high < 0:
        best = best_rung([one for one in record.rungs if one.rival], state.metric)
        return Exit(False, f"{best.answer} is certainly better than the network: use that")
    if not beats_constants(state, record):
        return Exit(False, "it is not certainly better than a constant answer: look at inputs and targets")
    if record.test is not None:
        return Exit(True, f"one look at {many(record.test.examples, 'test example')} that no choice has seen")
    if parse_protocol(record.state).fits > 1:
        return Exit(True, "each example scored by networks that never saw it; options were chosen on a fifth of them")
    return Exit(True, "the choice of the options was made on these very examples: new ones will score a little worse")


STAGE = Stage(
    "final", always, final, leave, share=0.2, expected=lambda state: float(state.fits if state.fits > 1 else 0)
)
