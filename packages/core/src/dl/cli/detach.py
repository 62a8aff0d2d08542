"""Fits that outlive their terminal: start one, stop one, and tell somebody that one has ended."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dl.background import Background
from dl.cli.flags import DEFAULT_RUNS, Json, Runs
from dl.cli.json_output import json_line, last_document, print_json
from dl.errors import BadOption, BadRun
from dl.exit_codes import DONE
from dl.processes import HOST, is_running
from dl.terminal import console, plain, safe_lines

if TYPE_CHECKING:
    from dl.runs.run import Run

POLL = 0.2  # seconds
AT_MOST = 5.0  # seconds for whoever is notified
FLAG = "--detach"
LONG = 2_000  # characters of a line


def add_to(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(help=_STOP)(stop)


def detach_fit(arguments: Sequence[str], runs: Path, *, as_json: bool) -> int:
    """Start the same command without the flag in a session of its own, and print how to watch it."""
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
            print(document)
        return begun.code or DONE
    if as_json:
        print_json({"run": str(begun.run), "pid": begun.pid, "log": str(begun.run / LOG)})
        return DONE
    number = Run(begun.run).number
    out.print(plain(f"{begun.run.name} runs in process {begun.pid}; its output: {begun.run / LOG}", longest=LONG))
    for words, command in (("watch", f"dl status {number} --follow"), ("stop", f"dl stop {number}")):
        out.print(plain(f"  {words:<6} {command}", longest=LONG), soft_wrap=True)
    return DONE


_STOP = """End a fit that runs, with its report, as Ctrl-C does.

Example: dl stop last

It ends after the step that it is at, and can be continued. The command waits for that. A fit on another machine is
stopped there.
"""


def stop(
    which: Annotated[str, typer.Argument(metavar="RUN", help="Number, name, path or 'last'.")],
    runs: Runs = DEFAULT_RUNS,
    as_json: Json = False,
) -> None:
    """End a fit."""
    from dl.cli.status import show_one, standing_of_any
    from dl.runs.run import open_any

    run = open_any(which, runs)
    pid, start = writer_of(run)
    _interrupt(run, pid)
    console(stderr=True).print(plain(f"{run.name}: process {pid} was asked to end", "dim"))
    while is_running(pid, HOST, start):
        time.sleep(POLL)
    ended = open_any(str(run.path), runs)
    if as_json:
        show_one(ended, as_json=True)
        return
    found = standing_of_any(ended)
    words = f"{found.name}: {found.status}; {found.result}"
    console().print(plain(f"{words}  next: {found.next}" if found.next else words, longest=LONG), soft_wrap=True)


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
    from dl.cli.status import running_part

    part = running_part(run)
    if part is None:
        raise BadRun(f"{run.name} does not run; nothing is stopped  see: dl status {run.number}")
    pid, host, start = part
    if host != HOST:
        raise BadRun(f"{run.name} runs on {host!r}, as process {pid}; stop it there: dl stop {run.number}")
    return pid, start


def check_address(url: str) -> None:
    """Refuse an address to notify that is no web address.

    Raises:
        BadOption: With an example.
    """
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(url)
        fits = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        fits = fits and url.isascii() and url.isprintable() and " " not in url
    except ValueError:  # a port that is none
        fits = False
    if url and not fits:
        raise BadOption(f"--notify {url!r} is no web address  example: --notify https://example.org/hook")


def tell_end(run: Run, verdict: str, url: str, *, bell: bool) -> None:
    """Tell that a run has ended: post a small JSON, and ring the bell of the terminal.

    Args:
        run: That has ended.
        verdict: Of its report; empty where there is none.
        url: To post to; empty for none.
        bell: Whether the bell is rung.
    """
    if url and (why := post(url, ending(run, verdict))):
        words = f"--notify: {url} was not told: {why}"
        console(stderr=True).print(plain(f"dl: {words}", "yellow", LONG), soft_wrap=True)
    if bell:
        sys.stderr.write("\a")
        sys.stderr.flush()


def ending(run: Run, verdict: str) -> dict[str, object]:
    """Return what is told of a run that has ended."""
    manifest = run.manifest
    name = manifest.task.headline.name
    score = run.best.get(f"val_{name}") if manifest.best_epoch else None
    return {
        "run": run.name,
        "status": manifest.status,
        "verdict": verdict,
        "metric": name,
        "score": score,
        "seconds": manifest.seconds,
        "host": HOST,
    }


def post(url: str, content: dict[str, object]) -> str:
    """Post JSON to a web address, in a thread, since a timeout holds for each byte of an answer and not for all.

    Returns:
        Why that failed, empty if it did not.
    """
    from urllib.error import HTTPError
    from urllib.request import Request, urlopen

    def send() -> None:
        try:
            urlopen(request, timeout=AT_MOST).close()
        except HTTPError as error:  # it holds the connection
            error.close()
            raise

    body = json_line(content).encode()
    request = Request(url, body, {"Content-Type": "application/json", "User-Agent": "dl"})
    thread = Background("--notify")
    thread.call(send)
    if not thread.close(AT_MOST):
        return f"no answer in {AT_MOST:.0f} s"
    return "" if thread.error is None else " ".join(str(thread.error).split()) or type(thread.error).__name__
