"""The command that mends an error, or leads there, at the end of its line where the message names none."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from shlex import quote

from dl.errors import BadRecipe, DamagedRun, DLError, InstallFailed

NAMES_COMMAND = re.compile(r"\bdl [a-z]|\bdl\.[a-z_]+\(|python -m|\bpip |--[a-z]|[a-z_]+=\w")
OF_RUNS = ("report", "test", "predict", "compare", "show", "status")  # verbs whose first word is a run
WITH_RUN = ("--resume", "--from", "--run")
SEE = {
    BadRecipe: "see: dl ls recipes",
    InstallFailed: "what is installed: dl plugins",
}


def with_command(error: DLError, arguments: Sequence[str]) -> str:
    """Return the line of an error, with the command that mends it.

    Args:
        error: What went wrong.
        arguments: As they were typed.
    """
    line = str(error)
    if NAMES_COMMAND.search(line) or "doctor" in arguments[:1]:
        return line
    if isinstance(error, DamagedRun):
        run = _run_of(arguments)
        return f"{line}  which files: dl doctor {quote(run)}" if run else f"{line}  see: dl ls runs"
    see = next((words for kind, words in SEE.items() if isinstance(error, kind)), "")
    return f"{line}  {see}" if see else line


def _run_of(arguments: Sequence[str]) -> str:
    """Return the run that was typed; empty if none was."""
    verb, *rest = arguments or [""]
    for flag, value in pairwise(rest):
        if flag in WITH_RUN:
            return value
    named = rest[:1] if verb in OF_RUNS else []
    return next((word for word in named if not word.startswith("-")), "last" if verb in OF_RUNS else "")
