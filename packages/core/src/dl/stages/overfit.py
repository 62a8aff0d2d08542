"""The fourth stage: overfit on purpose, to see whether there is anything to regularize, and at which size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from dl.capacity.overfit import overfit_asked
from dl.options import Value
from dl.runs.study import Study, StudyPoint
from dl.runs.workflow import FINISHED, StageRecord, Workflow
from dl.stages.fit import NOTHING
from dl.stages.stage import Bench, Entry, Exit, Stage, StageStopped, always
from dl.words import many

TURNED, SATURATED, GROWING, UNKNOWN = "turned", "saturated", "growing", "unknown"  # of a study with skill
OWN = 1.0  # the factor of the recipe's own units


def need_skill(state: Workflow) -> Entry:
    """Begin only where something is certainly learnt; else changes of the recipe could not be told apart."""
    if has_learnt(state):
        return Entry(True)
    count = many(state.val, "validation example")
    return Entry(False, f"on {count} nothing is certainly learnt, so no change can be judged")


def overfit(bench: Bench, state: Workflow, record: StageRecord, seconds: float) -> StageRecord:
    """Overfit by the verb's own function; an interrupted study goes on."""
    before = bench.labelled("overfit")
    asked = bench.request(bench.first.recipe, state, str(before.path) if before else "")
    asked = replace(asked, seconds=seconds)
    study = overfit_asked(asked)
    if study.signal:
        raise StageStopped(study.signal)
    size = size_to_go_on(study.points, study.state)
    options = units_of(size) if size else {}
    return replace(
        record,
        result=study.conclusion,
        state=study.state,
        run=bench.name(study.run(1)).partition("/")[0],
        options={} if fixed_by_user(state, options) else options,
        notes=_notes(study, state, options),
        next=study.next,
    )


def _notes(study: Study, state: Workflow, options: dict[str, Value]) -> tuple[str, ...]:
    fixed = fixed_by_user(state, options)
    sizes = ", ".join(f"{one.label} {one.note or one.state}" for one in study.points)
    kept = [f"{' '.join(fixed)} was typed, so the size stays as it is"] if fixed else []
    left = [note for note in study.notes if note.startswith("no time")]
    return (f"sizes: {sizes}", *left, *kept)


def size_to_go_on(points: Sequence[StudyPoint], state: str) -> StudyPoint | None:
    """Return the size that the workflow goes on with; None for the recipe's own.

    Where the border is crossed, that is the first size that crosses it, unless the recipe's own or a smaller one does;
    where it is not, the largest.
    """
    if state == TURNED:
        first = next(one for one in points if one.state == TURNED)
        return first if first.size > OWN else None
    if state == GROWING:
        largest = [one for one in points if one.best_epoch][-1]
        return largest if largest.size > OWN else None
    return None


def units_of(point: StudyPoint) -> dict[str, Value]:
    """Return the options of a size: ``width=64 layers=2`` as numbers by name."""
    pairs = (pair.partition("=") for pair in point.label.split())
    return {name: int(value) for name, _, value in pairs if value}


def fixed_by_user(state: Workflow, options: dict[str, Value]) -> list[str]:
    """Return the options of a size that the user typed, which stay as they are."""
    return [name for name in options if name in state.asked.options]


def leave(state: Workflow, record: StageRecord) -> Exit:
    """Require that the border to overfitting is crossed, or that the training set is learnt by heart."""
    size = " ".join(f"{name}={value}" for name, value in record.options.items())
    on = f"the largest, {size}" if size else "the recipe's own size"
    if record.state == TURNED:
        return Exit(True, f"it overfits: regularize {size or 'the recipe as it is'}")
    if record.state == SATURATED:
        return Exit(True, "there is nothing to regularize")
    if record.state == UNKNOWN:
        return Exit(True, "whether it overfits cannot be told; the remedies are tried all the same")
    if record.state == GROWING:
        return Exit(False, f"enlarge it before you regularize; it goes on with {on}", next=record.next)
    if state.stage("fit").state != NOTHING:
        return Exit(
            False, "bare, the network is not certainly better than a constant answer; as the recipe has it, it is"
        )
    words = f"nothing is certainly learnt that holds for the {many(state.val, 'validation example')}"
    if state.fits == 1:
        return Exit(False, f"{words}; neither remedies nor a search mend that", stops=True, next=record.next)
    return Exit(False, f"{words}; whether anything is shows the final score, over all examples", next=record.next)


def has_learnt(state: Workflow) -> bool:
    """Return whether a fit so far is certainly better than a constant answer, so that changes can be judged."""
    before = state.stage("overfit")
    tried = before.status == FINISHED and before.state in (TURNED, SATURATED, GROWING, UNKNOWN)
    return tried or state.stage("fit").state != NOTHING


STAGE = Stage("overfit", always, overfit, leave, share=0.3, least=6.0, expected=lambda state: 9.0, optional=True)
