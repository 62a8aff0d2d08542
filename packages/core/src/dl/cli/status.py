"""The verb status: where a workflow, a study or a run stands, what runs now, and what to type next."""

from __future__ import annotations

import time
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from dl.cli.flags import DEFAULT_RUNS, Json, Runs
from dl.cli.json_output import print_json
from dl.processes import status_of, works
from dl.terminal import console, plain
from dl.words import show_seconds

if TYPE_CHECKING:
    from dl.runs.run import Run
    from dl.runs.workflow import Workflow

LONG = 2_000  # characters of a line
EVERY = 0.5  # seconds between two looks
SHORT = 100  # characters of a result
MARKS = {"finished": ("ok", "green"), "skipped": ("-", "dim"), "running": (">", "bold"), "waiting": ("", "dim")}


def add_to(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(help=_STATUS)(status)


_STATUS = """Show where a workflow, a study or a run stands.

Example: dl status

Without a name, whatever runs, and the newest in the folder of runs: its stages or fits, what runs now, the time left,
the next command. With --follow it is shown until it ends.
"""


@dataclass(frozen=True)
class Standing:
    """Where a folder of runs, or one of them, stands.

    Args:
        name: Of the folder.
        kind: ``workflow``, ``tune``, ``overfit``, ``curve``, ``cv`` or ``fit``.
        status: As it is written, but ``killed`` for what runs no longer.
        result: What was reached, in one line.
        next: The command to go on with.
        running: Whether a process works on it.
        pid: That process; 0 if unknown.
        left: The seconds that it is expected to take; None if unknown.
    """

    name: str
    kind: str
    status: str
    result: str
    next: str
    running: bool = False
    pid: int = 0
    left: float | None = None


def status(
    which: Annotated[str, typer.Argument(metavar="[STUDY]", help="Number, name or path; the newest if omitted.")] = "",
    follow: Annotated[bool, typer.Option("--follow", help="Show it anew until it ends.")] = False,
    runs: Runs = DEFAULT_RUNS,
    as_json: Json = False,
) -> None:
    """Show where something stands."""
    from dl.runs.run import open_any

    run = open_any(which or "last", runs)
    if follow:
        _follow(run, runs, console(stderr=as_json))
        run = open_any(str(run.path), runs)
    elif not which and not as_json:
        _show_running(console(), runs, run)
    show_one(run, as_json=as_json)


def _follow(run: Run, runs: Path, out: Console) -> None:
    """Show where something stands until no process works on it: a line on a terminal, elsewhere one for each change."""
    from rich.live import Live

    from dl.runs.run import open_any

    shown = ""
    with Live(console=out, auto_refresh=False, transient=True) if out.is_terminal else nullcontext() as live:
        while (found := standing_of_any(open_any(str(run.path), runs))).running:
            words = f"{found.name}: {found.result}{f'; process {found.pid}' if found.pid else ''}{_left_words(found)}"
            if live is not None:
                live.update(plain(words[: out.width - 1]), refresh=True)
            elif found.result != shown:
                out.print(plain(words, longest=LONG), soft_wrap=True)
            shown = found.result
            time.sleep(EVERY)


def _show_running(out: Console, runs: Path, newest: Run) -> None:
    """Print a line for everything else that runs."""
    from dl.runs.run import list_numbered
    from dl.runs.working import working_on

    for run in list_numbered(runs):
        if run.path == newest.path or working_on(run.path) is None:
            continue
        found = standing_of_any(run)
        words = f"{found.name}: {found.kind}, running, process {found.pid}; {found.result}{_left_words(found)}"
        out.print(plain(words, "dim"))


def show_one(run: Run, *, as_json: bool) -> None:
    """Print where a workflow, a study or a run stands, as text or JSON."""
    from dl.runs.run import is_workflow

    if is_workflow(run.path):
        from dl.runs.workflow import read_workflow

        state = read_workflow(run.path)
        if as_json:
            print_json({**_json(standing_of_workflow(state)), "stages": _stages(state)})
        else:
            show_workflow(console(), state)
        return
    found = standing(run)
    if as_json:
        print_json(_json(found))
    else:
        _show(console(), found)


def standing_of_any(run: Run) -> Standing:
    """Return where a workflow, a study or a run stands."""
    from dl.runs.run import is_workflow
    from dl.runs.workflow import read_workflow

    return standing_of_workflow(read_workflow(run.path)) if is_workflow(run.path) else standing(run)


def _json(found: Standing) -> dict[str, Any]:  # Any: JSON
    return asdict(found)


def _stages(state: Workflow) -> list[dict[str, Any]]:  # Any: JSON
    return [
        {"name": one.name, "status": one.status, "passed": one.passed, "seconds": one.seconds, "result": one.result}
        for one in state.stages
    ]


def standing_of_workflow(state: Workflow) -> Standing:
    """Return where a workflow stands."""
    from dl.runs.workflow import describe_workflow

    status, result = describe_workflow(state)
    running = status == "running"
    pid = state.pid if running else 0
    return Standing(state.name, "workflow", status, result, "" if running else state.command, running, pid)


def show_workflow(out: Console, state: Workflow) -> None:
    """Print the stages of a workflow with what they reached, the time, and what to type next."""
    found = standing_of_workflow(state)
    limit = f" of {_minutes(state.limit)}" if state.limit else ""
    out.print(
        plain(f"{state.name}: {state.data}, {state.model}; {found.status}, {_minutes(state.elapsed)}{limit}", "bold")
    )
    table = Table(box=None, show_header=False, pad_edge=False)
    for options in ({"no_wrap": True}, {"no_wrap": True}, {"no_wrap": True, "justify": "right"}, {}):
        table.add_column(**options)
    for one in state.stages:
        mark, style = (
            ("!", "red") if one.status == "finished" and not one.passed else MARKS.get(one.status, ("!", "red"))
        )
        words = one.result if one.status == "finished" else one.entry if one.status == "skipped" else ""
        shown = plain(words or one.status, "dim" if one.status == "skipped" else "", LONG)
        seconds = f"{one.seconds:.1f} s" if one.status == "finished" else ""
        table.add_row(Text(f"  {mark:<2}", style), one.name, Text(seconds, "dim"), shown)
    out.print(table)
    if found.running and (now := next((one for one in state.stages if one.status == "running"), None)):
        out.print(plain(f"  now: {now.name}{_inner(state)}; process {state.pid}{_left(state)}", longest=LONG))
    show_end(out, state)


def show_end(out: Console, state: Workflow) -> None:
    """Print why a workflow ended early, its final run, and what to type next."""
    found = standing_of_workflow(state)
    if state.message:
        out.print(plain(f"  {state.message}", "red", LONG))
    lines = {"final run": str(state.final.path)} if state.final else {}
    for label, words in (lines | ({"next": found.next} if found.next else {})).items():
        out.print(Text.assemble((f"  {label:<11}", "dim"), plain(words, "bold", LONG)), soft_wrap=True)


def _inner(state: Workflow) -> str:
    """Describe the newest run or study of the stage that runs; empty where none has begun."""
    from dl.errors import BadRun
    from dl.runs.run import open_any

    try:
        found = standing(open_any("last", state.path))
    except BadRun:
        return ""
    return f", {found.name}: {found.result}" if found.running else ""


def _left(state: Workflow) -> str:
    """Describe the time that is left of a limit."""
    if not state.limit:
        return ""
    left = state.limit - state.elapsed - _seconds_since(state.path / "workflow.json")
    return f", {_minutes(max(left, 0.0))} left"


def _seconds_since(path: Path) -> float:
    """Return for how long a file has not been written; 0 where it is gone, as a folder that is removed meanwhile."""
    try:
        return max(time.time() - path.stat().st_mtime, 0.0)
    except OSError:
        return 0.0


def _minutes(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    parts = zip((hours, minutes, rest), ("h", "min", "s"), strict=True)
    return " ".join(f"{count} {unit}" for count, unit in parts if count) or "0 s"


def standing(run: Run) -> Standing:
    """Return where a study or a run stands."""
    from dl.runs.run import FITS_FILE, is_study

    if is_study(run.path):
        return _of_tuning(run.path)
    if (run.path / FITS_FILE).exists():
        return _of_fits(run.path)
    return _of_run(run)


def _of_tuning(path: Path) -> Standing:
    from dl.runs.wording import show_value
    from dl.tuning.study import count_trials, read_study

    study = read_study(path)
    best = study.best
    running, status = works(study), status_of(study)
    reached = f"; the best {study.metric.name} {show_value(study.metric, best.score or 0.0)}" if best else ""
    go_on = "" if running else f"dl tune --resume {study.name}"
    next_ = study.command if status == "finished" else go_on
    result = f"{count_trials(study)}{reached}"
    return Standing(study.name, "tune", status, result, next_, running, study.pid if running else 0)


def _of_fits(path: Path) -> Standing:
    from dl.runs.study import read_study

    study = read_study(path)
    running = works(study)
    result = study.conclusion or f"{len(study.points)} fits finished"
    next_, pid = ("", study.pid) if running else (study.next, 0)
    return Standing(path.name, study.verb, status_of(study), result, next_, running, pid)


def _of_run(run: Run) -> Standing:
    from dl.runs.identity import can_go_on
    from dl.runs.wording import show_value

    manifest = run.manifest
    running = run.status == "running"
    status = "killed" if manifest.status == "running" and not running else manifest.status
    metric, number = manifest.task.headline, run.number
    best = run.best if manifest.best_epoch else {}
    score = (
        f"{metric.name} {show_value(metric, best[f'val_{metric.name}'])} at epoch {manifest.best_epoch}" if best else ""
    )
    folds = f"{len(run.finished_folds)} folds finished of {manifest.protocol}" if manifest.protocol else ""
    epochs = f"{manifest.epochs} epochs finished" if not score else ""
    result = "; ".join(filter(None, (folds, score, epochs if not folds else "", manifest.message)))
    next_ = f"dl fit --resume {number}" if can_go_on(run) else f"dl report {number}"
    if manifest.protocol and status != "finished":
        next_ = f"dl cv --resume {number}"
    next_ = f"dl report {number} --watch" if running else next_
    pid, left = (manifest.pid, _left_of_fit(run)) if running else (0, None)
    return Standing(run.name, "cv" if manifest.protocol else "fit", status, result, next_, running, pid, left)


def _left_words(found: Standing) -> str:
    """Describe the time that is left, behind a comma; empty if it is unknown."""
    return "" if found.left is None else f", about {show_seconds(found.left)} left"


def _left_of_fit(run: Run) -> float | None:
    """Return the seconds that a running fit is expected to take, from its epochs; None before the first."""
    from dl.work import Meter

    rows, epochs = run.history.rows, float(str(run.recipe.train.get("epochs", 0)))
    meter, passed = Meter(0.0), _seconds_since(run.path / "run.json")
    for row in rows:
        meter.add(row["epoch"], row["seconds"])
    return meter.left(epochs, rows[-1]["seconds"] + passed) if rows else None


def _show(out: Console, found: Standing) -> None:
    """Print where a study or a run stands."""
    out.print(plain(f"{found.name}: {found.kind}, {found.status}", "bold"))
    out.print(plain(f"  {found.result}", longest=LONG))
    if found.pid:
        out.print(plain(f"  process {found.pid}{_left_words(found)}"))
    if found.next:
        out.print(Text.assemble(("  next  ", "dim"), plain(found.next, "bold", LONG)), soft_wrap=True)
