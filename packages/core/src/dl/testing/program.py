"""The program: a verb of dl, run in this process, and what it answered."""

from __future__ import annotations

import io
import json
import warnings
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Any

from dl.finding import Finding


@dataclass(frozen=True)
class Answer:
    """What a verb answered.

    Args:
        code: The exit code: 0 is fine; see `dl.cli.main`.
        out: What it printed to stdout, the result.
        err: What it printed to stderr: progress, and the line about a mistake.
    """

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:  # Any: JSON
        """The result of a verb that was asked with ``--json``."""
        return json.loads(self.out)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The findings in the result of ``dl report --json``, the most pressing first."""
        names = Finding.__dataclass_fields__
        return tuple(Finding(**{name: one[name] for name in names if name in one}) for one in self.json["findings"])


def run_verb(*words: object) -> Answer:
    """Run ``dl WORDS`` in this process; nothing of it is printed, and no error of the user is raised."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err), warnings.catch_warnings():
        _as_a_program_warns()
        code = _run_program([str(word) for word in words])
    return Answer(code, out.getvalue(), err.getvalue())


def _run_program(words: list[str]) -> int:
    """Run the installed program `dl`, and return the code it exits with."""
    (program,) = entry_points(group="console_scripts", name="dl")
    try:
        program.load()(words)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    return 0


def _as_a_program_warns() -> None:
    """Set the filters that Python starts a program with; pytest, say, has its own."""
    warnings.resetwarnings()
    for kind in (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning):
        warnings.simplefilter("ignore", kind)
