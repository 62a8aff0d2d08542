"""The exit codes of the command line, in one table: the code, the page for agents and the tests read it.

Imports the standard library alone, since errors have their codes from here.
"""

from __future__ import annotations

import signal
from dataclasses import dataclass

DONE = 0
FAILED = 1
USAGE = 2
DATA = 3
PLUGIN = 4
CRASHED = 70  # on demand, by tests of crashes
LOST = 75  # between the processes of one fit: lost the connection to another, and is not to blame
STOPPED = 128 + signal.SIGINT  # by Ctrl-C


@dataclass(frozen=True)
class ExitCode:
    """An exit code that a user may see.

    Args:
        code: The number.
        name: In one word.
        meaning: When it is returned.
    """

    code: int
    name: str
    meaning: str


TABLE = (
    ExitCode(DONE, "done", "it worked; what `--max-time` ended with something to show counts as done"),
    ExitCode(FAILED, "failed", "training failed, or what was examined does not pass: a gate, a rule, a file of a run"),
    ExitCode(USAGE, "usage", "what was asked does not fit: a name, an option, a run, a place that cannot be written"),
    ExitCode(DATA, "data", "the data cannot be read, trained on or scored"),
    ExitCode(PLUGIN, "plugin", "a plugin or the environment is broken"),
    ExitCode(129, "hung up", "stopped since the terminal was closed (SIGHUP)"),
    ExitCode(STOPPED, "stopped", "stopped by Ctrl-C, `dl stop` (SIGINT), or a no to a question"),
    ExitCode(143, "ended", "stopped by SIGTERM"),
)


def of_signal(number: int) -> int:
    """Return the exit code after a signal; 0 where there was none."""
    return 128 + number if number else DONE
