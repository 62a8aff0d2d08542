"""The fifth stage: remedies in turn, compared in pairs with the fit before, and kept where they certainly help."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from dl.capacity.compare import improvement
from dl.errors import CannotWrite, DLError
from dl.options import Value, format_value
from dl.recipes.recipe import Recipe
from dl.runs.wording import show_estimate
from dl.runs.workflow import FINISHED, Remedy, StageRecord, Workflow
from dl.specs import RegularizerSpec
from dl.stages.overfit import GROWING, SATURATED, TURNED, UNKNOWN, need_skill
from dl.stages.pairs import fall_of_loss, is_better, is_worse
from dl.stages.stage import Bench, Entry, Exit, Stage, score_of
from dl.words import many


@dataclass(frozen=True)
class Change:
    """A change of the recipe that is tried.

    Args:
        label: Of its run.
        typed: As typed.
        options: Of model or training.
        reg: Regularizers.
    """

    label: str
    typed: str
    options: dict[str, object]
    reg: dict[str, object]


def enter(state: Workflow) -> Entry:
    """Begin unless it is known that there is nothing to regularize."""
    if not (skill := need_skill(state)).begins:
        return skill
    before = state.stage("overfit")
    if before.status != FINISHED:
        return Entry(True, "whether it overfits was not tried; the remedies are")
    words = {
        SATURATED: "learnt by heart, and the validation loss has hardly risen: there is nothing to regularize",
        TURNED: "it overfits: there is something to regularize",
        UNKNOWN: "whether it overfits could not be told: each remedy is compared in pairs",
        GROWING: "it has not overfitted: each remedy is compared in pairs all the same",
    }
    other = "the bare network learnt nothing for certain: each remedy is compared in pairs all the same"
    return Entry(before.state != SATURATED, words.get(before.state, other))


def regularize(bench: Bench, state: Workflow, record: StageRecord, seconds: float) -> StageRecord:
    """Try a larger network where one is needed, then each remedy on top of those that are kept."""
    started, base = time.monotonic(), state.chosen
    candidates = list(remedies(bench, state))
    level = 1 - 0.05 / max(len(candidates), 1)  # of all comparisons together
    options = state.stage("overfit").options
    tried = list[Remedy]()
    if options:
        typed = " ".join(f"{name}={format_value(value)}" for name, value in options.items())
        found = _try(bench, base, Change("larger", typed, dict(options), {}), 0.95)
        kept = found.gain is not None and not is_worse(found.gain, found.loss)
        why = "as only it can overfit" if kept else found.note or "certainly worse"
        tried.append(replace(found, kept=kept, note=why))
        base = found.run if kept else base
    left = list[str]()
    for change in candidates:
        if seconds and time.monotonic() - started + state.stage("fit").seconds > seconds:
            left.append(change.typed)
            continue
        found = _try(bench, base, change, level)
        kept = found.gain is not None and is_better(found.gain, found.loss)
        tried.append(replace(found, kept=kept))
        base = found.run if kept else base
        record = replace(record, remedies=tuple(tried), chosen=base)
        bench.keep(record)
        shown = show_estimate(state.metric, found.gain, signed=True) if found.gain else found.note
        bench.console.print(f"{change.typed}: {shown}{'  kept' if kept else ''}")
    if options and base != state.chosen and not _gains(bench, state.chosen, base):
        tried, base = [_returned(one) for one in tried], state.chosen
    return _concluded(bench, state, replace(record, remedies=tuple(tried), chosen=base), left)


def _gains(bench: Bench, before: str, after: str) -> bool:
    """Return whether a run scores better than another on the same examples, certainly or not."""
    first, second = bench.run(before), bench.run(after)
    return improvement(first.manifest.task, first, second).value > 0


def _returned(one: Remedy) -> Remedy:
    """Return a change of a larger network as not kept, since with all of them it gains nothing on the recipe's own."""
    note = "with all that was kept no better than the recipe's own size"
    return replace(one, kept=False, note=note) if one.kept else one


def _concluded(bench: Bench, state: Workflow, record: StageRecord, left: Sequence[str]) -> StageRecord:
    kept = [one.typed for one in record.remedies if one.kept]
    fitted = [one for one in record.remedies if one.run]
    run = bench.run(record.chosen)
    score = score_of(run)
    metric = f"{state.metric.name} {show_estimate(state.metric, score)}"
    what = f"kept {', '.join(kept)}" if kept else "none kept"
    notes = (f"no time for {', '.join(left)}",) if left else ()
    result = f"{many(len(fitted), 'change')} tried, {what}; {metric}"
    return replace(record, result=result, score=score, run=record.chosen, notes=notes)


def remedies(bench: Bench, state: Workflow) -> Iterator[Change]:
    """Yield what is tried: the remedies that reports advise, then every other regularizer that fits, at its default."""
    recipe = bench.recipe(state)
    task = state.task
    fitting = [
        spec
        for spec in bench.plugins.regularizers.values()
        if bench.plugins.regularizes(spec, recipe.domain) and (not spec.tasks or task in spec.tasks)
    ]
    new = [spec for spec in fitting if spec.name not in recipe.regularizers and spec.name not in state.asked.reg]
    for spec in sorted(new, key=lambda spec: (not spec.remedy, spec.offered, spec.name)):
        change = change_of(spec, recipe)
        if change is not None and not any(name in state.asked.options for name in change.options):
            yield change


def change_of(spec: RegularizerSpec, recipe: Recipe) -> Change | None:
    """Return a regularizer as a change, at its advised value or its default; as an option that the model has."""
    if spec.name in recipe.model_options:
        present = recipe.model_options[spec.name]
        stronger = bool(spec.remedy) and float(present) < float(spec.remedy)
        typed = f"{spec.name}={spec.remedy}"
        return Change(spec.name, typed, {spec.name: spec.remedy}, {}) if stronger else None
    usual: Value = spec.options[0].default if spec.options else ""
    value = spec.remedy or (format_value(usual) if spec.options else "")
    typed = f"--reg {spec.name}={value}" if value else f"--reg {spec.name}"
    given: object = value if value else {}
    beside: dict[str, object] = {}
    if not spec.linear and recipe.model_options.get("linear"):
        beside, typed = {"linear": False}, f"{typed} linear=no"
    return Change(spec.name, typed, beside, {spec.name: given})


def _try(bench: Bench, base: str, change: Change, level: float) -> Remedy:
    """Fit a change on top of a run, and compare the two; what does not fit this network says so."""
    try:
        recipe = bench.changed(base, change.options, change.reg)
        run = bench.fit(change.label, recipe)
    except CannotWrite:
        raise
    except DLError as error:
        return Remedy(change.typed, note=str(error).partition("  ")[0])
    before = bench.run(base)
    gain = improvement(run.manifest.task, before, run, level)
    return Remedy(change.typed, run.name, score_of(run), gain, fall_of_loss(before, run, level))


def leave(state: Workflow, record: StageRecord) -> Exit:
    """State what the next stage starts from."""
    kept = [one.typed for one in record.remedies if one.kept]
    if kept:
        return Exit(True, f"it goes on with {', '.join(kept)}")
    count = sum(bool(one.run) for one in record.remedies)
    tried = f"none of {many(count, 'change')} tried is certainly better"
    return Exit(True, f"{tried} on {many(state.val, 'validation example')}: the recipe stays as it is")


STAGE = Stage("regularize", enter, regularize, leave, share=0.2, least=2.0, expected=lambda state: 9.0)
