"""The commands that keep a folder of runs tidy: rm, tag, note."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dl.cli.flags import DEFAULT_RUNS, Json, Runs
from dl.cli.look import Chosen, Where, choose
from dl.errors import BadOption, BadRun
from dl.terminal import console, plain

if TYPE_CHECKING:
    from dl.runs.notes import Notes
    from dl.runs.remove import Hold

MOST_SHOWN = 10  # names in a question
Which = Annotated[str, typer.Argument(metavar="RUN", help="Number, name or path of a run or study, or 'last'.")]


def add_to(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.command(help=_RM)(rm)
    app.command(help=_TAG)(tag)
    app.command(help=_NOTE)(note)


_RM = """Remove runs, but none that is running or needed by another.

Example: dl rm 3 4

With --where, all that match: dl rm --where "status=failed or date<2026-01-01". A terminal is asked before anything is
deleted; elsewhere --yes is needed. A run that another went on from, or that belongs to a study, needs --force.
"""


def rm(
    which: Annotated[
        list[str] | None, typer.Argument(metavar="[RUN]...", help="Numbers, names or paths of runs and studies.")
    ] = None,
    where: Where = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Also runs that another needs; never one that runs.")] = False,
    runs: Runs = DEFAULT_RUNS,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of lines.")] = False,
) -> None:
    """Remove run folders, each all or nothing."""
    from dl.runs.remove import find_holds, remove_run

    if bool(which) == bool(where):
        raise BadOption('name runs, or choose them  example: dl rm 3 4, or dl rm --where "status=failed"')
    paths = _named(which, runs) if which else _matching(where, runs)
    holds = [hold for hold in find_holds(paths, runs) if not (force and hold.forced)]
    if holds and which:
        raise BadRun(f"{holds[0]}{_more(holds)}; nothing was removed")
    kept = {hold.path for hold in holds}
    doomed = [path for path in paths if path.resolve() not in kept]
    if doomed and not yes:
        _ask(doomed)
    for path in doomed:
        remove_run(path)
    if as_json:
        told = [{"name": hold.path.name, "why": hold.why} for hold in holds]
        print(json.dumps({"removed": [path.name for path in doomed], "kept": told}))
        return
    for path in doomed:
        console().print(plain(f"removed {path.name}"), soft_wrap=True)
    for hold in holds:
        console().print(plain(f"kept {hold}"), soft_wrap=True)
    if not doomed and not holds:
        console().print(plain("no run matches; nothing was removed"))


def _more(holds: list[Hold]) -> str:
    return f", and {len(holds) - 1} more are kept" if len(holds) > 1 else ""


def _named(which: list[str], runs: Path) -> list[Path]:
    from dl.runs.run import FITS, FOLDS, NAME, TRIALS, is_begun, open_any

    found = list(dict.fromkeys(open_any(word, runs).path for word in which))
    for path in found:
        named = NAME.fullmatch(path.resolve().name) or path.parent.name in (TRIALS, FITS, FOLDS)
        of_dl = is_begun(path) or not any(path.iterdir())
        if path.is_symlink() or not named or not of_dl:
            raise BadRun(f"{str(path)!r} is not the folder of a run of dl; it is not removed")
    return found


def _matching(where: str, runs: Path) -> list[Path]:
    from dl.runs.overview import list_overviews
    from dl.runs.run import refuse_runs_file

    refuse_runs_file(runs)
    return [one.path for one in choose(list_overviews(runs), Chosen(where))[0]]


def _ask(paths: list[Path]) -> None:
    """Ask on the terminal whether to remove these runs.

    Raises:
        BadOption: If there is no terminal.
        typer.Abort: If the answer is no.
    """
    from dl.runs.remove import listed_size
    from dl.words import many

    if not sys.stdin.isatty():
        raise BadOption(f"rm asks before it deletes {many(len(paths), 'run')}, and there is no terminal; add --yes")
    names = ", ".join(path.name for path in paths[:MOST_SHOWN])
    more = f" and {len(paths) - MOST_SHOWN} more" if len(paths) > MOST_SHOWN else ""
    size = sum(map(listed_size, paths)) / 1e6
    console(stderr=True).print(plain(f"{names}{more}: {size:,.1f} MB", longest=2000), soft_wrap=True)
    typer.confirm(f"Remove {many(len(paths), 'run')}?", abort=True, err=True)


_TAG = """Add tags to a run, or show them.

Example: dl tag 3 kept paper

With --remove, these tags are taken away. dl ls runs --tag kept lists the runs with a tag.
"""


def tag(
    which: Which,
    tags: Annotated[
        list[str] | None, typer.Argument(metavar="[TAG]...", help="Words; none shows those it has.")
    ] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Take these tags away.")] = False,
    runs: Runs = DEFAULT_RUNS,
    as_json: Json = False,
) -> None:
    """Add, remove or show the tags of a run."""
    from dl.runs.notes import add_tags, read_notes, remove_tags

    path = _folder(which, runs)
    if remove and not tags:
        raise BadOption(f"--remove needs the tags to take away  example: dl tag {which} kept --remove")
    change = remove_tags if remove else add_tags
    _show(path, change(path, tags) if tags else read_notes(path), as_json=as_json)


_NOTE = """Write a note on a run, or show it.

Example: dl note 3 "wider, and no better"

An empty note removes it. It stands in dl ls runs, dl show, the report and the board.
"""


def note(
    which: Which,
    text: Annotated[str | None, typer.Argument(metavar="[TEXT]", help="One line; none shows the note it has.")] = None,
    runs: Runs = DEFAULT_RUNS,
    as_json: Json = False,
) -> None:
    """Write or show the note of a run."""
    from dl.runs.notes import read_notes, write_note

    path = _folder(which, runs)
    _show(path, read_notes(path) if text is None else write_note(path, text), as_json=as_json)


def _folder(which: str, runs: Path) -> Path:
    """Return the folder of a run, a study or a workflow; of another folder nothing is noted."""
    from dl.runs.run import is_begun, open_any

    path = open_any(which, runs).path
    if not is_begun(path):
        raise BadRun(f"{str(path)!r} is no run of dl, so there is nothing to tag or note")
    return path


def _show(path: Path, notes: Notes, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"name": path.name, "tags": list(notes.tags), "note": notes.note}))
        return
    words = "; ".join(filter(None, (" ".join(notes.tags), notes.note))) or "no tags and no note"
    console().print(plain(f"{path.name}: {words}", longest=3000), soft_wrap=True)
