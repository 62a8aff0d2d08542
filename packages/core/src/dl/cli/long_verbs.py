"""What all long verbs share: --detach, --notify and --bell, and the one place through which they end.

    @detachable                  or @long_verb, where no run folder is made that keeps the output
    def cv(...) -> End: ...

The flags are added to the signature of a verb, which does not see them. It returns an `End`; an error is told likewise.
"""

from __future__ import annotations

import inspect
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any

import typer

from dl.background import Background
from dl.cli.detach import detach_verb
from dl.cli.flags import Bell, Detach, Notify
from dl.cli.json_output import json_line
from dl.errors import BadOption, DLError, ProcessLost
from dl.exit_codes import FAILED
from dl.launch import is_first, is_watched
from dl.processes import HOST
from dl.signals import SecondSignal
from dl.terminal import console, plain, safe_text

if TYPE_CHECKING:
    from dl.runs.run import Run

AT_MOST = 5.0  # seconds for whoever is notified
LONGEST = 2_000  # characters of a line
FLAGS = {"detach": (Detach, False), "notify": (Notify, ""), "bell": (Bell, False)}
CONTEXT = "context"


@dataclass(frozen=True)
class End:
    """How the work of a verb ended.

    Args:
        code: The exit code.
        name: Of its run, its study or its data; empty where it has none.
        status: ``finished``, ``interrupted``, ``failed``, ...; empty where there is nothing to tell.
        verdict: Returns what came of it, in a sentence, for whoever is notified.
        metric: Name of the score; empty where there is none.
        score: What was reached.
    """

    code: int
    name: str = ""
    status: str = ""
    verdict: Callable[[], str] = str
    metric: str = ""
    score: float | None = None


def long_verb(verb: Callable[..., End]) -> Callable[..., int]:
    """Give a verb --notify and --bell."""
    return _with_flags(verb, ("notify", "bell"))


def detachable(verb: Callable[..., End]) -> Callable[..., int]:
    """Give a verb that makes a run folder --detach, --notify and --bell."""
    return _with_flags(verb, ("detach", "notify", "bell"))


def _with_flags(verb: Callable[..., End], names: tuple[str, ...]) -> Callable[..., int]:
    signature = inspect.signature(verb, eval_str=True)
    knows_context = CONTEXT in signature.parameters

    @wraps(verb)
    def command(context: typer.Context, **given: Any) -> int:  # Any: arguments of the verb
        typed = {name: given.pop(name) for name in names}
        check_address(typed["notify"])
        if typed.get("detach"):
            return detach_verb(context.obj, given["runs"], as_json=given["as_json"])
        known = {CONTEXT: context} if knows_context else {}
        how = (context.info_name or "", typed["notify"], typed["bell"])
        return ending(lambda: verb(**known, **given), *how)

    command.__signature__ = _extended(signature, names)  # type: ignore[attr-defined]  # what typer reads
    command.__annotations__ = {name: one.annotation for name, one in command.__signature__.parameters.items()}  # type: ignore[attr-defined]  # as above
    return command


def _extended(signature: inspect.Signature, names: tuple[str, ...]) -> inspect.Signature:
    """Return a signature with the context first, and the flags before the folder of runs, or at the end."""
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    own = [one for name, one in signature.parameters.items() if name != CONTEXT]
    at = next((k for k, one in enumerate(own) if one.name == "runs"), len(own))
    flags = [inspect.Parameter(name, kind, default=FLAGS[name][1], annotation=FLAGS[name][0]) for name in names]
    context = inspect.Parameter(CONTEXT, kind, annotation=typer.Context)
    return signature.replace(parameters=[context, *own[:at], *flags, *own[at:]], return_annotation=int)


def ending(work: Callable[[], End], verb: str, url: str, bell: bool) -> int:
    """Do the work of a verb, tell how it ended, and return its exit code; an error is told and raised.

    Args:
        work: Of the verb.
        verb: Its name.
        url: To post to; empty for none.
        bell: Whether the bell of the terminal is rung.
    """
    began = time.monotonic()
    try:
        end = work()
    except BaseException as error:
        if is_first() and not (is_watched() and isinstance(error, ProcessLost)):  # else another process tells it
            _tell(_failed(error), verb, time.monotonic() - began, url, bell)
        raise
    if end.status:
        _tell(end, verb, time.monotonic() - began, url, bell)
    return end.code


def _failed(error: BaseException) -> End:
    """Return the end of work that raised an error."""
    if isinstance(error, (KeyboardInterrupt, SecondSignal, typer.Abort)):
        return End(FAILED, "", "interrupted", lambda: "stopped by a signal")
    line = str(error) if isinstance(error, DLError) else f"{type(error).__name__}: {error}"
    return End(FAILED, "", "failed", lambda: safe_text(line, LONGEST))


def of_run(run: Run, code: int, verdict: Callable[[], str]) -> End:
    """Return the end of work on a run.

    Args:
        run: That has ended.
        code: The exit code.
        verdict: Returns that of its report.
    """
    manifest, name = run.manifest, run.manifest.task.headline.name
    score = run.best.get(f"val_{name}") if manifest.best_epoch else None
    return End(code, run.name, manifest.status, verdict, name, score)


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


def _tell(end: End, verb: str, seconds: float, url: str, bell: bool) -> None:
    """Post how work ended as a small JSON, and ring the bell of the terminal."""
    if url and (why := post(url, told(end, verb, seconds))):
        words = f"--notify: {url} was not told: {why}"
        console(stderr=True).print(plain(f"dl: {words}", "yellow", LONGEST), soft_wrap=True)
    if bell:
        sys.stderr.write("\a")
        sys.stderr.flush()


def told(end: End, verb: str, seconds: float) -> dict[str, object]:
    """Return what is posted about an end.

    Args:
        end: Of the work.
        verb: That did it.
        seconds: That it took.
    """
    return {
        "verb": verb,
        "run": end.name,
        "status": end.status,
        "verdict": end.verdict(),
        "metric": end.metric,
        "score": end.score,
        "seconds": round(seconds, 3),
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
    if not thread.close(AT_MOST) or isinstance(getattr(thread.error, "reason", thread.error), TimeoutError):
        return f"no answer in {AT_MOST:.0f} s"
    return "" if thread.error is None else " ".join(str(thread.error).split()) or type(thread.error).__name__
