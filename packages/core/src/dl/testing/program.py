"""Run a command of dl in this process, and capture its output."""

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
    """The result of a command.

    Args:
        code: The exit code: 0 is success; see `dl.cli.main`.
        out: Its stdout: the result.
        err: Its stderr: progress and errors.
    """

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:  # Any: JSON
        """The parsed result of a command with ``--json``."""
        return json.loads(self.out)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The findings in the result of ``dl report --json``, the most severe first."""
        names = Finding.__dataclass_fields__
        return tuple(Finding(**{name: one[name] for name in names if name in one}) for one in self.json["findings"])


def run_verb(*words: object) -> Answer:
    """Run ``dl WORDS`` in this process, capturing its output; errors become the exit code."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err), warnings.catch_warnings():
        _as_a_program_warns()
        code = _run_program([str(word) for word in words])
    return Answer(code, out.getvalue(), err.getvalue())


def _run_program(words: list[str]) -> int:
    """Run the installed program `dl`, and return its exit code."""
    (program,) = entry_points(group="console_scripts", name="dl")
    try:
        program.load()(words)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    return 0


def _as_a_program_warns() -> None:
    """Set Python's default warning filters in place of those of pytest."""
    warnings.resetwarnings()
    for kind in (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning):
        warnings.simplefilter("ignore", kind)
