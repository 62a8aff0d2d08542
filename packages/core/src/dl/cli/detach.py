"""Long work that outlives its terminal: start it, and stop it."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dl import files, regular
from dl.cli.flags import DEFAULT_RUNS, Json, Runs
from dl.cli.json_output import last_document, print_document, print_json
from dl.errors import BadRun, CannotWrite, TrainingFailed
from dl.exit_codes import DONE
from dl.processes import HOST, is_running
from dl.terminal import console, plain, safe_lines

if TYPE_CHECKING:
    from dl.runs.run import Run

POLL = 0.2  # seconds
FLAG = "--detach"
LONG = 2_000  # characters of a line
ASKED = ".stop"  # file in a run folder that names the process that was asked to end


def add_to(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(help=_STOP)(stop)


def detach_verb(arguments: Sequence[str], runs: Path, *, as_json: bool) -> int:
    """Start the same command without the flag in a session of its own, and print how to watch it.

    Raises:
        TrainingFailed: If it was killed before it made a run.
    """
    from dl.detached import LOG, detach
    from dl.runs.run import Run

    begun = detach([word for word in arguments if word != FLAG], runs)
    out = console()
    if begun.run is None:
        lines = begun.output.splitlines()
        document = last_document(lines) if as_json else ""
        shown = [line for line in lines if line != document or not document]
        print(safe_lines("\n".join([*shown, ""])), end="", file=sys.stderr)
        if document:
            print_document(document)
        if begun.code is not None and begun.code < 0:
            raise TrainingFailed(f"process {begun.pid} was killed by signal {-begun.code} before it made a run")
        return begun.code or DONE
    if as_json:
        print_json({"run": str(begun.run), "pid": begun.pid, "log": str(begun.run / LOG)})
        return DONE
    number = Run(begun.run).number
    out.print(plain(f"{begun.run.name} runs in process {begun.pid}; its output: {begun.run / LOG}", longest=LONG))
    for words, command in (("watch", f"dl status {number} --follow"), ("stop", f"dl stop {number}")):
        out.print(plain(f"  {words:<6} {command}", longest=LONG), soft_wrap=True)
    return DONE


_STOP = """End what runs, with its report, as Ctrl-C does.

Example: dl stop last

A fit, a study or a workflow ends after the step that it is at, and can be continued. The command waits for that. Typed
once more it waits as well. What runs on another machine is stopped there.
"""


def stop(
    which: Annotated[str, typer.Argument(metavar="RUN", help="Number, name, path or 'last'.")],
    runs: Runs = DEFAULT_RUNS,
    as_json: Json = False,
) -> None:
    """End what runs."""
    from dl.cli.status import show_one, standing_of_any
    from dl.runs.run import open_any

    run = open_any(which, runs)
    pid, start = writer_of(run)
    words = f"{run.name}: process {pid} was asked to end"
    if not _ask_once(run, pid, start):
        words += f" before, and has not yet  at once, without a report: kill -9 {pid}"
    console(stderr=True).print(plain(words, "dim"), soft_wrap=True)
    while is_running(pid, HOST, start):
        time.sleep(POLL)
    files.remove(run.path / ASKED)
    ended = open_any(str(run.path), runs)
    if as_json:
        show_one(ended, as_json=True)
        return
    found = standing_of_any(ended)
    words = f"{found.name}: {found.status}; {found.result}"
    console().print(plain(f"{words}  next: {found.next}" if found.next else words, longest=LONG), soft_wrap=True)


def _ask_once(run: Run, pid: int, start: str) -> bool:
    """Send a process what Ctrl-C sends, unless another `dl stop` has; return whether it was sent here.

    A second one would end the process at once, without its report.
    """
    path, mark = run.path / ASKED, f"{pid} {start}"
    with files.locked(run.path, f"{ASKED}.lock"):
        with suppress(OSError):
            if regular.read_text(path) == mark:
                return False
        _interrupt(run, pid)
        with suppress(CannotWrite):
            files.write_text(path, mark)
    return True


def _interrupt(run: Run, pid: int) -> None:
    """Send a process what Ctrl-C sends; one that has just ended needs it no more.

    Raises:
        BadRun: If it belongs to somebody else.
    """
    try:
        os.kill(pid, signal.SIGINT)
    except ProcessLookupError:
        return
    except PermissionError as error:
        raise BadRun(f"{run.name} runs as process {pid} of another user, who can stop it") from error


def writer_of(run: Run) -> tuple[int, str]:
    """Return the process that works on a run, a study or a workflow, and when it started; empty if unknown.

    Raises:
        BadRun: If none does, or one of another machine.
    """
    from dl.runs.working import working_on

    worker = working_on(run.path)
    if worker is None:
        raise BadRun(f"{run.name} does not run; nothing is stopped  see: dl status {run.number}")
    if worker.host != HOST:
        where = f"{worker.host!r}, as process {worker.pid}"
        raise BadRun(f"{run.name} runs on {where}; stop it there: dl stop {run.number}")
    return worker.pid, worker.process_start
