"""The commands that only read: ls, show, doctor."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

from dl.cli.flags import (
    DEFAULT_RUNS,
    DataDir,
    Encoding,
    GroupOn,
    Input,
    Json,
    Runs,
    Seed,
    SequenceOn,
    Target,
    TimeOn,
    with_flags,
)
from dl.errors import BadOption, UnknownName, nearest
from dl.terminal import console, plain, safe_text

if TYPE_CHECKING:
    from dl.packaging.doctor import Check

KINDS = ("domains", "datasets", "models", "tasks", "regularizers", "loggers", "recipes", "runs")


def add_to(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.command(name="ls", help=_LS)(ls)
    app.command(help=_SHOW)(show)
    app.command(help=_DOCTOR)(doctor)


_LS = """List data sets, models, recipes, runs, ...

Example: dl ls datasets
"""


def ls(
    kind: Annotated[
        str,
        typer.Argument(
            help="domains, datasets, models, tasks, regularizers, loggers, recipes or runs; all but runs if omitted."
        ),
    ] = "",
    runs: Runs = DEFAULT_RUNS,
    as_json: Json = False,
) -> None:
    """List names with a one-line description each."""
    if kind and kind not in KINDS:
        raise UnknownName(f"no kind named {kind!r}{nearest(kind, KINDS)}  kinds: {', '.join(KINDS)}")
    listed = {"runs": _runs(runs)} if kind == "runs" else _registered([kind] if kind else KINDS[:-1])
    if as_json:
        print(json.dumps(listed[kind] if kind else listed))
        return
    out = console()
    for name, rows in listed.items():
        out.print(plain(name, "bold"))
        if rows:
            _print_rows(out, rows)
        else:
            out.print(plain("  none yet", "dim"))


def _runs(runs: Path) -> list[dict[str, str]]:
    from dl.runs.run import list_runs, refuse_runs_file

    refuse_runs_file(runs)
    return [_run_row(run) for run in list_runs(runs)]


def _registered(kinds: Iterable[str]) -> dict[str, list[dict[str, str]]]:
    """Return the rows of these kinds, importing neither torch nor numpy."""
    from dl.plugins.loading import load_plugins

    plugins = load_plugins()
    return {kind: [_row(spec) for spec in getattr(plugins, kind).values()] for kind in kinds}


def _row(spec: Any) -> dict[str, str]:  # Any: one of seven kinds of specification
    domain = {"domain": spec.domain} if hasattr(spec, "domain") else {}
    if hasattr(spec, "place"):
        domain = {"domain": spec.only_for or "any", "place": spec.place}
    return {"name": spec.name, **domain, "description": spec.description}


def _run_row(run: Any) -> dict[str, str]:  # Any: dl.runs.run.Run, imported late
    from dl.errors import BadRun
    from dl.runs.run import WORKFLOW, is_study

    if is_study(run.path):
        return _study_row(run)
    if (run.path / WORKFLOW).exists():
        return _workflow_row(run)
    try:
        manifest, best = run.manifest, run.best
    except BadRun as error:
        return {"name": run.name, "status": "unreadable", "score": str(error)}
    metric = manifest.task.headline.name
    score = f"{metric} {best[f'val_{metric}']:.4f} at epoch {best['epoch']:.0f}" if best else "no epoch yet"
    return {"name": run.name, "status": manifest.status, "score": score}


def _study_row(run: Any) -> dict[str, str]:  # Any: as above
    from dl.errors import BadRun
    from dl.tuning.study import count_trials, read_study

    try:
        study = read_study(run.path)
    except BadRun as error:
        return {"name": run.name, "status": "unreadable", "score": str(error)}
    best, name = study.best, study.metric.name
    reached = f"; {name} {best.score:.4f} in trial {best.number}" if best else ""
    return {"name": run.name, "status": study.status, "score": f"{count_trials(study)}{reached}"}


def _workflow_row(run: Any) -> dict[str, str]:  # Any: as above
    from dl.cli.status import standing_of_workflow
    from dl.errors import BadRun
    from dl.runs.workflow import read_workflow

    try:
        found = standing_of_workflow(read_workflow(run.path))
    except BadRun as error:
        return {"name": run.name, "status": "unreadable", "score": str(error)}
    return {"name": run.name, "status": found.status, "score": found.result}


def _print_rows(out: Console, rows: list[dict[str, str]]) -> None:
    """Print rows in columns, the last one folded; by hand, since a rich table takes a tenth of this command's time."""
    *names, last = rows[0]
    widths = [max(cell_len(safe_text(row[name])) for row in rows) + 2 for name in names]
    indent = 2 + sum(widths)
    for row in rows:
        start = "".join(set_cell_size(safe_text(row[name]), width) for name, width in zip(names, widths, strict=True))
        folded = plain(row[last]).wrap(out, max(out.width - indent, 20), overflow="fold")
        for line in folded:
            line.rstrip()
        out.print(Text(f"  {start}").append(Text("\n" + " " * indent).join(folded)), soft_wrap=True)


_SHOW = """Show a data set, a model, a recipe, a run, ...

Example: dl show mnist

For your own data, a folder or a table, it shows the inferred task, columns and classes before a fit. Options of
reading are key=value, as for dl fit.

With --map, draw the examples in the plane, with or without a target, and list what stands out.
"""


def show(
    words: Annotated[
        list[str], typer.Argument(metavar="[KIND] NAME [KEY=VALUE]...", help="Name, or path to your own data.")
    ],
    input_: Input = "",
    target: Target = "",
    group_on: GroupOn = "",
    time_on: TimeOn = "",
    sequence_on: SequenceOn = "",
    encoding: Encoding = "",
    data_dir: DataDir = "",
    task: Annotated[str, typer.Option(help="Data: task; inferred from the target if omitted.")] = "",
    out: Annotated[Path | None, typer.Option("--out", help="Recipe: copy it to this file.")] = None,
    as_map: Annotated[
        bool, typer.Option("--map", help="Data: draw the examples in the plane, with what stands out.")
    ] = False,
    on: Annotated[
        str, typer.Option("--on", metavar="WHAT", help="Map: inputs, features of a pretrained network, or a run's.")
    ] = "",
    project: Annotated[str, typer.Option("--project", help="Map: pca, tsne or umap; chosen by size if omitted.")] = "",
    sample: Annotated[int, typer.Option("--sample", help="Map: examples drawn from larger data.  [2,000]", min=0)] = 0,
    seed: Seed = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Map: write one self-contained page.")
    ] = None,
    runs: Runs = DEFAULT_RUNS,
    as_json: Json = False,
) -> None:
    """Show the card of a name, or of ``kind name`` if the name is ambiguous."""
    from dl.cli.cards import Reading, show_named
    from dl.options import split_pairs

    pairs = [word for word in words[1:] if "=" in word]
    flags = {
        "input": input_,
        "target": target,
        "group_on": group_on,
        "time_on": time_on,
        "sequence_on": sequence_on,
        "encoding": encoding,
    }
    flags["data_dir"] = data_dir
    named = [word for word in words if word not in pairs]
    of_map = {"on": on, "project": project, "sample": sample, "seed": seed, "html": html}
    if as_map:
        from dl.cli.map import MapFlags, show_map

        if out is not None:
            raise BadOption("--out copies a recipe, and --map draws data; for a page give --html FILE")
        reading_options = with_flags(split_pairs(pairs), flags)
        show_map(named, task, reading_options, runs, MapFlags(**of_map), as_json=as_json)  # type: ignore[arg-type]  # as named
        return
    if typed := [name for name, value in of_map.items() if value not in ("", 0, None)]:
        raise BadOption(f"--{typed[0]} is an option of --map  example: dl show digits --map")
    reading = Reading(task, with_flags(split_pairs(pairs), flags))
    show_named(named, out, runs, reading, as_json=as_json)


_DOCTOR = """Check the installation and the machine, or the files of a run.

Example: dl doctor

With a run, each of its files is compared with the checksum that was kept when it was written.
"""


def _checks(runs: Path) -> list[Check]:
    from dl.packaging.doctor import Check, examine
    from dl.runs.verify import faults_of_root

    return [*examine(runs), *(Check("runs", line, ok=False) for line in faults_of_root(runs))]


def _checks_of_run(which: str, runs: Path) -> list[Check]:
    from dl.packaging.doctor import Check
    from dl.runs.run import is_of_several, open_any, open_run
    from dl.runs.verify import faults_inside, find_count

    run = open_any(which, runs)
    run = run if is_of_several(run.path) else open_run(which, runs)
    found = [Check(run.name, line, ok=False) for line in faults_inside(run)]
    return found or [Check(run.name, f"{find_count(run)} are as they were written")]


def doctor(
    run: Annotated[str, typer.Argument(help="A run to check, its name, number or path, or last.")] = "",
    runs: Runs = DEFAULT_RUNS,
    as_json: Json = False,
) -> int:
    """Check versions, devices, plugins and folders, or the files of a run."""
    checks = _checks_of_run(run, runs) if run else _checks(runs)
    if as_json:
        print(json.dumps([check.as_dict() for check in checks]))
    else:
        from rich.table import Table

        table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2))
        for check in checks:
            table.add_row(
                "ok" if check.ok else "!!", check.name, plain(check.message), style="" if check.ok else "bold red"
            )
        console().print(table)
    return 0 if all(check.ok for check in checks) else 1
