"""The verb tutorial: the order of work, step by step, with real runs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dl.cli.long_verbs import End, long_verb
from dl.errors import BadOption
from dl.exit_codes import DONE
from dl.plugins.registered import registered
from dl.terminal import console, plain
from dl.tutorial.course import DATA, find_course

if TYPE_CHECKING:
    from dl.tutorial.progress import Progress


def add_to(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(help=_TUTORIAL)(tutorial)


_TUTORIAL = """Walk the order of work on MNIST, with real runs.

Example: dl tutorial

Example: dl tutorial --yes

Example: dl tutorial --data wine

Each step tells what is done and why, shows a command, waits for Enter, runs it, and reads its result. It takes about
ten minutes on two cores. After Ctrl-C the same command goes on where it was. Commands run in the folder tutorial,
which can be removed afterwards.
"""


@long_verb
def tutorial(
    data: Annotated[
        str, typer.Option("--data", metavar="DATA", help="A data set, or a folder or table: images, rows or texts.")
    ] = DATA,
    folder: Annotated[
        Path | None,
        typer.Option("--folder", help="Folder in which commands run.  [tutorial, or tutorial-DATA]", metavar="FOLDER"),
    ] = None,
    step: Annotated[int, typer.Option("--step", help="Begin with this step.  [the first that is not done]")] = 0,
    listed: Annotated[bool, typer.Option("--list", help="List the steps, and which are done.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Run all steps without waiting for Enter.")] = False,
) -> End:
    """Walk through the steps, and return how it ended."""
    from dl.tutorial.lessons import LESSONS
    from dl.tutorial.progress import read_progress
    from dl.tutorial.walk import again, default_folder, first_open, walk

    course = find_course(data, registered())
    place = folder or default_folder(course)
    progress = read_progress(place, course.data)
    if listed:
        _list(progress)
        return End(DONE)
    if not 0 <= step <= len(LESSONS):
        raise BadOption(f"--step {step}: there are {len(LESSONS)} steps  see: dl tutorial --list")
    first, out = step or first_open(progress), console()
    if first > len(LESSONS):
        out.print(
            plain(f"all {len(LESSONS)} steps are done, in {place}  again: {again(course, place)} --step 1"),
            soft_wrap=True,
        )
        return End(DONE)
    if not yes and not sys.stdin.isatty():
        console(stderr=True).print(plain("the input is no terminal: the steps run without waiting", "dim"))
        yes = True
    code = walk(course, place, progress, first, (lambda: True) if yes else _wait, out)
    done = sum(lesson.name in read_progress(place, course.data).done for lesson in LESSONS)
    status = "finished" if done == len(LESSONS) else "failed" if code else "interrupted"
    return End(code, place.name, status, lambda: f"{done} of {len(LESSONS)} steps are done")


def _wait() -> bool:
    """Wait for Enter; return False for q, or at the end of the input."""
    console().print(plain("  Enter runs it, q stops: ", "dim"), end="")
    sys.stdout.flush()
    typed = sys.stdin.readline()
    if not typed:
        print()
    return bool(typed) and typed.strip().lower() not in ("q", "quit", "exit")


def _list(progress: Progress) -> None:
    """Print the steps; what is done has the run that it made."""
    from dl.tutorial.lessons import LESSONS
    from dl.tutorial.walk import first_open

    here, out = first_open(progress), console()
    widest = max(len(lesson.title) for lesson in LESSONS)
    for number, lesson in enumerate(LESSONS, 1):
        mark = "ok" if lesson.name in progress.done else ">" if number == here else ""
        line = f"{mark:<2}  {number:>2}  {lesson.title:<{widest}}  {progress.runs.get(lesson.name, '')}".rstrip()
        out.print(plain(line, "bold" if number == here else ""), soft_wrap=True)
