"""The sheet of a workflow: all of it on one page that can be checked and signed, computed from its folder.

Renderers read the `Sheet` alone; nothing is trained here, and nothing is concluded that a stage has not kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from dl.errors import DLError
from dl.intervals import Estimate
from dl.plugins.registry import Plugins
from dl.recipes.protocol import parse_protocol
from dl.runs.manifest import MetricInfo
from dl.runs.run import FOLDS, Run
from dl.runs.study import Study, read_study
from dl.runs.wording import show_estimate, show_value
from dl.runs.workflow import FINISHED, STOPPED, Remedy, Rung, StageRecord, Workflow
from dl.words import many
from dl_reports.facts import Facts
from dl_reports.figures import curves
from dl_reports.formatting import metric_word
from dl_reports.read import read
from dl_reports.render.chart import Chart, charts_of
from dl_reports.render.phrases import duration, reuse
from dl_reports.render.study import chart_over_sizes
from dl_reports.report import Command, Reuse
from dl_reports.reuse import count_test_reuse, count_validation_reuse

LINE = "_" * 28  # to sign on
HOLDOUT_FITS = ("[0-9]*/run.json", "*/fits/*/run.json", "*/trials/*/run.json")


@dataclass(frozen=True)
class Grid:
    """A table.

    Attributes:
        head: Of the columns.
        rows: Of cells.
        numbers: Columns to be set to the right, from 0.
        strong: Rows to be set off, from 0.
    """

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: tuple[int, ...] = ()
    strong: tuple[int, ...] = ()


@dataclass(frozen=True)
class Drawn:
    """A plot.

    Attributes:
        chart: What is drawn.
        labels: Of places on its axis; empty for epochs.
        axis: Name of the axis.
    """

    chart: Chart
    labels: dict[int, str] = field(default_factory=dict)
    axis: str = "epoch"


@dataclass(frozen=True)
class Block:
    """A part of the sheet; what is empty is not shown.

    Attributes:
        title: Of the part.
        facts: Names and what they stand for.
        grid: A table.
        drawn: Plots.
        lines: Sentences below.
    """

    title: str
    facts: tuple[tuple[str, str], ...] = ()
    grid: Grid | None = None
    drawn: tuple[Drawn, ...] = ()
    lines: tuple[str, ...] = ()


@dataclass(frozen=True)
class Sheet:
    """All of a workflow on one page.

    Attributes:
        name: Of the workflow.
        state: Its status, stages and time, in words.
        severity: ``good``, ``note``, ``tip`` or ``issue``.
        sentence: What it reached, or why it ended.
        blocks: The parts, in their order.
        next: Commands.
        schema: Version of the JSON.
    """

    name: str
    state: str
    severity: str
    sentence: str
    blocks: tuple[Block, ...]
    next: tuple[Command, ...]
    schema: int = 1


def build_sheet(state: Workflow, plugins: Plugins) -> Sheet:
    """Collect everything about a workflow from its folder; what is missing there is left out."""
    every = (
        _about(state),
        _stages(state),
        _guards(state.stage("look")),
        _ladder(state),
        _capacity(state),
        _remedies(state),
        _search(state),
        *_final(state, plugins),
        _signature(state),
    )
    severity, sentence = verdict(state)
    done = sum(one.status == FINISHED for one in state.stages)
    words = f"{state.status}, {done} of {len(state.stages)} stages, {duration(state.elapsed)}"
    return Sheet(state.name, words, severity, sentence, tuple(filter(None, every)), commands(state))


def verdict(state: Workflow) -> tuple[str, str]:
    """Return the severity and the sentence: the final score and what it rests on, or where the workflow stands."""
    final, look = state.stage("final"), state.stage("look")
    if state.status == STOPPED:
        return "issue", state.message
    if state.status != FINISHED or final.score is None:
        waiting = next((one.name for one in state.stages if one.status != FINISHED), "")
        return "note", f"{state.status} in {waiting}: there is no final score yet"
    metric = metric_word(state.metric.name)
    by = f"{metric} {show_estimate(state.metric, final.score)} by {_by(final.state)}"
    if final.test is not None:
        shown = show_estimate(state.metric, final.test.score)
        by = f"{metric} {shown} on {many(final.test.examples, 'test example')}, looked at once; {by}"
    sentence = f"{state.data}: {by}"
    severity, against = _against(state)
    if not look.passed:
        return "issue", f"{sentence}. But no score here is to be trusted: {look.exit.partition(':')[0]}"
    return severity, f"{sentence}. {against}"


def _by(protocol: str) -> str:
    found = parse_protocol(protocol)
    return (
        f"{many(found.fits, 'fit')} of {protocol}" if found.fits > 1 else "hold-out, on which the options were chosen"
    )


def _against(state: Workflow) -> tuple[str, str]:
    """Return what the comparison with the best cheap learner says."""
    final = state.stage("final")
    if not final.passed and (final.lead is None or final.lead.high >= 0):
        return "issue", "It is not certainly better than a constant answer."
    if final.lead is None:
        return "good", "It is better than a constant answer."
    best = best_of([one for one in final.rungs if one.rival], state.metric)
    shown = show_estimate(state.metric, Estimate(*map(abs, final.lead)), signed=False)
    if final.lead.low > 0:
        return "good", f"It is better than {best.answer}, by {shown}."
    if final.lead.high < 0:
        return "issue", f"{best.answer} is certainly better: use that."
    return (
        "tip",
        f"No difference from {best.answer} is established: {show_estimate(state.metric, final.lead, signed=True)}.",
    )


def best_of(rungs: Sequence[Rung], metric: MetricInfo) -> Rung:
    """Return the best of some answers; the first among equals."""
    sign = 1 if metric.higher else -1
    return max(rungs, key=lambda one: sign * one.score.value)


def _about(state: Workflow) -> Block:
    """Describe data, protocol, seeds and versions."""
    title = f"{state.data}: {state.title}" if state.title else state.data
    limit = f"at most {duration(state.limit)}" if state.limit else "no limit"
    facts = {
        "asked": state.typed,
        "data": f"{title}; content {state.fingerprint}",
        "split": f"{state.train:,} to train on, {state.val:,} for validation, {state.rule}",
        "test set": _test_words(state),
        "task": f"{state.task}, judged by {metric_word(state.metric.name)}",
        "network": state.model,
        "protocol": _protocol(state),
        "seed": f"{state.seed}; every random draw of split, weights, batches, folds and search follows from it",
        "time": f"{duration(state.elapsed)}, {limit}; begun {_moment(state.created)}",
        "versions": ", ".join(f"{name} {version}" for name, version in state.versions.items()),
    }
    return Block("data and protocol", tuple(facts.items()))


def _protocol(state: Workflow) -> str:
    """Describe the protocol of the final score, and why it was taken."""
    made = state.stage("final").state
    why = f": {state.reason}" if state.reason else ""
    return (
        f"{made}, as there was no time for {state.protocol}{why}"
        if made not in ("", state.protocol)
        else f"{state.protocol}{why}"
    )


def _test_words(state: Workflow) -> str:
    found = state.stage("final").test
    if not state.test:
        return "none"
    return f"{many(found.examples, 'example')}, content {found.fingerprint}" if found else "closed"


def _moment(created: str) -> str:
    return f"{datetime.fromisoformat(created):%Y-%m-%d %H:%M} UTC"


def _stages(state: Workflow) -> Block:
    """List the stages with their exit conditions."""
    rows = []
    for number, one in enumerate(state.stages, start=1):
        mark = "met" if one.status == FINISHED and one.passed else "not met" if one.status == FINISHED else one.status
        seconds = duration(one.seconds) if one.status == FINISHED else ""
        words = f"{one.result}. {one.exit[:1].upper()}{one.exit[1:]}" if one.status == FINISHED else one.entry
        rows.append((f"{number} {one.name}", seconds, mark, words))
    return Block("stages", grid=Grid(("stage", "time", "condition", "result, and what follows"), tuple(rows), (1,)))


def _guards(record: StageRecord) -> Block | None:
    if record.status != FINISHED:
        return None
    lines = [f"{one.severity}: {one.code}: {one.message}" for one in record.findings]
    return Block("what the guards found", lines=tuple(lines or ["nothing: no leak, no copy, no contradiction"]))


def _ladder(state: Workflow) -> Block | None:
    """Lay out baselines and fits, worst first, on the hold-out; and on the final protocol."""
    rungs = state.stage("baseline").rungs
    if not rungs:
        return None
    own = [(f"{state.model}: {name}", score) for name, score in _own_scores(state)]
    block = _grid_of(state, f"validation {state.metric.name}, hold-out", rungs, own)
    final = state.stage("final")
    lines = [one for one in (*state.stage("fit").notes, *final.notes) if one.startswith("against ")]
    return Block("the ladder", grid=block, lines=tuple(lines))


def _own_scores(state: Workflow) -> Iterator[tuple[str, Estimate]]:
    """Yield the scores on the hold-out of the stages that changed the recipe, each with its name."""
    changed = {
        "fit": ("the recipe as it stands", True),
        "regularize": ("with the remedies", any(one.kept for one in state.stage("regularize").remedies)),
        "tune": ("tuned", state.stage("tune").state == "better"),
    }
    for stage, (name, counts) in changed.items():
        score = state.stage(stage).score
        if counts and score is not None:
            yield name, score


def _grid_of(state: Workflow, head: str, rungs: Iterable[Rung], own: Iterable[tuple[str, Estimate]]) -> Grid:
    metric = state.metric
    rows = [
        (one.answer, one.score, show_estimate(metric, one.score) if one.rival else show_value(metric, one.score.value))
        for one in rungs
    ]
    fits = [(name, score, show_estimate(metric, score)) for name, score in own]
    ordered = sorted([*rows, *fits], key=lambda row: row[1].value, reverse=not metric.higher)
    strong = tuple(k for k, row in enumerate(ordered) if row in fits)
    return Grid(("", head), tuple((name, shown) for name, _, shown in ordered), (1,), strong)


def _capacity(state: Workflow) -> Block | None:
    """Show the sizes that were overfitted, and the curve over them."""
    record = state.stage("overfit")
    if record.status != FINISHED:
        return None
    try:
        study: Study = read_study(state.path / record.run)
    except DLError:
        return Block("capacity", lines=(record.result,))
    metric = study.metric
    rows = [
        (
            one.label,
            f"{one.epochs:,}",
            show_value(metric, one.probe.value),
            show_estimate(metric, one.val),
            f"{one.loss:.4g}",
            f"{one.last_loss:.4g}",
            one.note,
        )
        for one in study.points
    ]
    head = ("", "epochs", "training", f"validation {metric.name}", "lowest loss", "last loss", "")
    found = chart_over_sizes(study)
    drawn = (Drawn(found[0], found[1], "units"),) if found else ()
    return Block(
        "capacity", grid=Grid(head, tuple(rows), (1, 2, 3, 4, 5)), drawn=drawn, lines=(*study.notes, study.conclusion)
    )


def _remedies(state: Workflow) -> Block | None:
    """List what was tried against overfitting, and what each did in pairs."""
    record = state.stage("regularize")
    if record.status != FINISHED or not record.remedies:
        return None if record.status != FINISHED else Block("remedies", lines=(record.exit,))
    rows = tuple(_remedy(one, state.metric) for one in record.remedies)
    strong = tuple(k for k, one in enumerate(record.remedies) if one.kept)
    head = ("tried", f"validation {state.metric.name}", "gain, in pairs", "fall of the loss", "kept")
    count = sum(bool(one.run) for one in record.remedies)
    on = f"each against the fit before it, on the same {many(state.val, 'example')}"
    level = f"{on}; the intervals hold for all {count} together" if count > 1 else on
    return Block("remedies", grid=Grid(head, rows, (1, 2, 3), strong), lines=(level, *record.notes))


def _remedy(one: Remedy, metric: MetricInfo) -> tuple[str, ...]:
    if one.score is None or one.gain is None:
        return (one.typed, "", "", "", one.note)
    loss = "" if one.loss is None else "{:+.3g} [{:+.3g}, {:+.3g}]".format(*one.loss)
    words = ("yes" if one.kept else "no") + (f": {one.note}" if one.note else "")
    return (one.typed, show_value(metric, one.score.value), show_estimate(metric, one.gain, signed=True), loss, words)


def _search(state: Workflow) -> Block | None:
    record = state.stage("tune")
    search = record.search
    if record.status != FINISHED or search is None:
        return None
    facts = {
        "trials": f"{search.trials}, {search.epochs:,} epochs",
        "the best": f"{search.options}: {show_estimate(state.metric, search.score)}",
        "before": show_estimate(state.metric, search.before) if search.before else "no score",
        "luck": record.notes[0] if record.notes else "",
        "decision": record.exit,
    }
    return Block("search for better options", tuple(facts.items()))


def _final(state: Workflow, plugins: Plugins) -> Iterator[Block]:
    """Show the final score, the learning curves of its recipe, and how often each set was looked at."""
    record = state.stage("final")
    if record.status != FINISHED or record.score is None:
        return
    facts = {"validation": f"{show_estimate(state.metric, record.score)} by {_by(record.state)}"}
    if record.test is not None:
        others = ", ".join(f"{name} {value:.4f}" for name, value in record.test.metrics.items())
        facts["test"] = f"{show_estimate(state.metric, record.test.score)}, loss {record.test.loss:.4f}; {others}"
        facts["recorded"] = f"{record.test.time}, look {record.test.look} on this test set"
        if record.test.in_training:
            facts["copies"] = f"{record.test.in_training} test examples are also in the training data"
    facts["recipe"] = str(state.path / record.run / "recipe.toml")
    grid = None
    if record.rungs and parse_protocol(record.state).fits > 1:
        grid = _grid_of(
            state, f"{state.metric.name}, {record.state}", record.rungs, [(f"{state.model}: final", record.score)]
        )
    run = Run(state.path / record.run)
    yield Block("the final score", tuple(facts.items()), grid, lines=(record.exit,))
    if drawn := _curves(run, plugins):
        yield Block("learning curves of the final recipe", drawn=drawn)
    if looks := _looks(run, Run(state.path / state.stage("fit").run), plugins):
        yield Block("looks at each set", looks)


def _curves(run: Run, plugins: Plugins) -> tuple[Drawn, ...]:
    """Return the learning curves of a run; none of a damaged one."""
    try:
        facts = Facts(read(run), plugins)
        found = curves(facts)
    except DLError:
        return ()
    return tuple(map(Drawn, charts_of(found, facts.manifest.task.loss, facts.metric))) if found else ()


def _looks(final: Run, first: Run, plugins: Plugins) -> tuple[tuple[str, str], ...]:
    """Return how often the hold-out of the stages and the test set were evaluated, by all runs of the folder."""
    try:
        facts = Facts(read(first), plugins)
        groups = facts.groups("val")
        inflation = 1.0 if groups is None else groups.inflation
        every: list[Reuse] = [count_validation_reuse(first, facts.manifest, len(facts.epochs), inflation)]
        tested = count_test_reuse(final, final.manifest) if final.manifest.parts.test else None
    except DLError:
        return ()
    every += [tested] if isinstance(tested, Reuse) else []
    names = {"val": "hold-out", "test": "test set"}
    return tuple((names[one.part], reuse(one, facts.metric)) for one in every)


def _signature(state: Workflow) -> Block | None:
    """Return what a signature states."""
    if state.status != FINISHED:
        return None
    test = "is closed" if state.test else "does not exist"
    if state.stage("final").test is not None:
        test = "was opened once, after the last choice"
    fits = sum(not (path.parent / FOLDS).exists() for where in HOLDOUT_FITS for path in state.path.glob(where))
    but = "; how many trials there is time for depends on the machine" if state.limit else ""
    lines = (
        f"All options were chosen on the hold-out alone, in {many(fits, 'fit')}; the test set {test}.",
        f"To repeat it: {state.typed}  with the versions above{but}.",
        f"made by {LINE}   date {LINE[:12]}",
        f"checked by {LINE[3:]}   date {LINE[:12]}",
    )
    return Block("signed", lines=lines)


def commands(state: Workflow) -> tuple[Command, ...]:
    """Return what to type next."""
    if state.status not in (FINISHED, STOPPED):
        return (Command(state.command, "go on"),)
    if state.status == STOPPED:
        failed = next((one.next for one in state.stages if one.stops and one.next), "")
        return (Command(failed, "what stopped it"),) if failed else ()
    final = state.stage("final")
    path = _relative(state.path / final.run)
    found = [Command(f"dl report {path}", "the report of the final run: its findings, and the hardest examples")]
    if state.test and final.test is None:
        found.append(Command(f"dl test {path}", "evaluate on the test set, once, when you are done"))
    found.append(Command(f"dl predict {path} PATH", "predict new inputs"))
    return tuple(found)


def _relative(path: Path) -> str:
    """Return a path as it is typed here."""
    try:
        return path.resolve().relative_to(Path.cwd()).as_posix()
    except ValueError:
        return str(path)
