"""The commands that only read: ls, show, doctor."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import isfinite
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
from dl.cli.json_output import print_json
from dl.errors import BadOption, UnknownName, nearest
from dl.exit_codes import DONE, FAILED
from dl.plugins.registered import registered
from dl.terminal import console, plain, safe_text
from dl.words import show_number

if TYPE_CHECKING:
    from dl.packaging.doctor import Check
    from dl.runs.overview import Field, Overview

Where = Annotated[
    str,
    typer.Option("--where", help='Runs: those that match, as "accuracy>0.98 and model=convnet".', metavar="EXPRESSION"),
]
KINDS = ("domains", "datasets", "models", "tasks", "regularizers", "loggers", "recipes", "runs")


@dataclass(frozen=True)
class Chosen:
    """Which runs of a folder are listed: an expression, a field to sort by, a tag, and how many; 0 for all."""

    where: str = ""
    sort: str = ""
    tag: str = ""
    limit: int = 0


def add_to(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.command(name="ls", help=_LS)(ls)
    app.command(help=_SHOW)(show)
    app.command(help=_DOCTOR)(doctor)


_LS = """List data sets, models, recipes, runs, ...

Example: dl ls datasets

Runs are sorted and filtered: dl ls runs --sort accuracy --where "accuracy>0.98 and not tags=old". Fields are scores at
the best epoch, choices as lr, and name, kind, status, data, model, task, date, tags, note, epochs, seconds.
"""


def ls(
    kind: Annotated[
        str,
        typer.Argument(
            help="domains, datasets, models, tasks, regularizers, loggers, recipes or runs; all but runs if omitted."
        ),
    ] = "",
    where: Where = "",
    sort: Annotated[
        str,
        typer.Option("--sort", help="Runs: best first by a score, or rising by FIELD; -FIELD.", metavar="FIELD"),
    ] = "",
    tag: Annotated[str, typer.Option("--tag", help="Runs: those with this tag.", metavar="TAG")] = "",
    limit: Annotated[int, typer.Option("--limit", help="Runs: at most so many; 0 for all.", min=0)] = 0,
    runs: Runs = DEFAULT_RUNS,
    as_json: Json = False,
) -> None:
    """List names with a one-line description each."""
    if kind and kind not in KINDS:
        raise UnknownName(f"no kind named {kind!r}{nearest(kind, KINDS)}  kinds: {', '.join(KINDS)}")
    of_runs = {"--where": where, "--sort": sort, "--tag": tag, "--limit": limit}
    if kind != "runs" and (typed := [name for name, value in of_runs.items() if value]):
        raise BadOption(f"{typed[0]} is an option of runs  example: dl ls runs {typed[0]} ...")
    chosen = Chosen(where, sort, tag, limit)
    listed = (
        {"runs": _runs(runs, chosen, as_json=as_json)}
        if kind == "runs"
        else _registered([kind] if kind else KINDS[:-1])
    )
    if as_json:
        print_json(listed[kind] if kind else listed)
        return
    out = console()
    for name, rows in listed.items():
        out.print(plain(name, "bold"))
        if rows:
            _print_rows(out, rows)
        else:
            out.print(plain("  none yet", "dim"))


def _runs(runs: Path, chosen: Chosen, *, as_json: bool) -> list[dict[str, Any]]:  # Any: JSON
    from dl.runs.overview import list_overviews
    from dl.runs.run import refuse_runs_file

    refuse_runs_file(runs)
    found, shown = choose(list_overviews(runs), chosen)
    return [_json_row(one) for one in found] if as_json else _rows(found, shown)


def choose(overviews: list[Overview], chosen: Chosen) -> tuple[list[Overview], list[str]]:
    """Filter, sort and cut a list of runs; return it with the fields that were asked about."""
    from dl.runs.where import in_order, matching, parse_where

    found, shown = overviews, list[str]()
    if chosen.where:
        asked = parse_where(chosen.where)
        found, shown = matching(found, asked), [*asked.fields]
    if chosen.tag:
        found = [one for one in found if chosen.tag in one.notes.tags]
    if chosen.sort:
        found, shown = in_order(found, chosen.sort), [*shown, chosen.sort.removeprefix("-")]
    return found[: chosen.limit or None], list(dict.fromkeys(shown))


def _json_row(one: Overview) -> dict[str, Any]:  # Any: JSON
    """Return what programs read of a run: its line, and the fields that it is filtered by."""
    numbers = {name: value if isfinite(value) else None for name, value in one.scores.items()}
    facts = {name: one.facts.get(name, "") for name in ("kind", "data", "model", "task", "domain", "date")}
    counts = {"epochs": one.epochs, "best_epoch": one.best_epoch, "parameters": one.parameters, "seconds": one.seconds}
    more = {"scores": numbers, "tags": list(one.notes.tags), "note": one.notes.note, "path": str(one.path)}
    return {"name": one.name, "status": one.status, "score": one.result, **facts, **counts, **more}


def _rows(found: list[Overview], shown: list[str]) -> list[dict[str, str]]:
    """Return the cells of each line: name, status, fields that were asked about, tags, score and note."""
    usual = {"name", "status", "tags", "note", *(one.headline.name for one in found if one.headline)}
    asked = [name for name in shown if name not in usual]
    tagged = any(one.notes.tags for one in found)
    return [
        {"name": one.name, "status": one.status}
        | {name: f"{name}={_cell(one.value(name))}" for name in asked}
        | ({"tags": " ".join(one.notes.tags)} if tagged else {})
        | {"score": f"{one.result}; {one.notes.note}" if one.notes.note else one.result}
        for one in found
    ]


def _cell(value: Field | None) -> str:
    """Return a field as a cell: a number in four digits."""
    if value is None:
        return "-"
    if isinstance(value, int | float) and not isinstance(value, bool):
        return show_number(value)
    return str(value)


def _registered(kinds: Iterable[str]) -> dict[str, list[dict[str, str]]]:
    """Return the rows of these kinds, importing neither torch nor numpy."""
    plugins = registered()
    return {kind: [_row(spec) for spec in getattr(plugins, kind).values()] for kind in kinds}


def _row(spec: Any) -> dict[str, str]:  # Any: one of seven kinds of specification
    domain = {"domain": spec.domain} if hasattr(spec, "domain") else {}
    if hasattr(spec, "place"):
        domain = {"domain": spec.only_for or "any", "place": spec.place}
    return {"name": spec.name, **domain, "description": spec.description}


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
        print_json([check.as_dict() for check in checks])
    else:
        from rich.table import Table

        table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2))
        for check in checks:
            table.add_row(
                "ok" if check.ok else "!!", check.name, plain(check.message), style="" if check.ok else "bold red"
            )
        console().print(table)
    return DONE if all(check.ok for check in checks) else FAILED
