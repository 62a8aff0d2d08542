"""Run a plugin's check or section through the report of real runs, and record its results."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stdout
from dataclasses import replace
from functools import cached_property
from io import StringIO
from pathlib import Path
from typing import Any, Generic, TypeVar

from rich.console import Console

from dl.plugins.registry import Plugins
from dl.plugins.states import describe_error, short_repr
from dl.runs.render import render_report
from dl.runs.run import Run
from dl.specs import CheckSpec, SectionSpec
from dl.testing.fits import content, kept_runs
from dl.testing.rules import Broken, Skipped
from dl.version import PROJECT

NOT_COMPUTABLE = "NotComputable"  # a class of the reports, which core does not import
WIDTH = 80  # columns of the report

_Spec = TypeVar("_Spec", CheckSpec, SectionSpec)


class Reported(Generic[_Spec]):
    """The check or section under test.

    Args:
        spec: Its specification.
        plugins: The registered plugins.
        folder: Of the runs.
    """

    def __init__(self, spec: _Spec, plugins: Plugins, folder: Path) -> None:
        self.spec: _Spec = spec
        self.plugins, self.folder = plugins, folder
        self.changed: list[str] = []  # names of the fits whose folder it changed
        self.printed: dict[str, str] = {}  # output to stdout beside the report, by fit
        self.reports: dict[str, str] = {}  # the printed report, by fit

    @cached_property
    def runs(self) -> dict[str, Run]:
        """Copies of the known runs, for this test alone."""
        kept = kept_runs()
        return {name: Run(Path(shutil.copytree(run.path, self.folder / run.name))) for name, run in kept.items()}

    @cached_property
    def answers(self) -> dict[str, Any]:  # Any: whatever a plugin returns
        """Its result for each run, or the exception it raised."""
        return {name: self.ask(name, run) for name, run in self.runs.items()}

    def ask(self, name: str, run: Run) -> Any:  # Any: as above
        """Evaluate it on a run, through the report."""
        before, answers = content(run.path), list[Any]()
        recording = replace(self.spec, load=lambda: _recording(self.spec.load(), answers))
        alone: dict[str, Any] = {"checks": {}, "sections": {}}  # Any: as in Plugins
        alone["checks" if isinstance(self.spec, CheckSpec) else "sections"] = {self.spec.name: recording}
        out = Console(file=StringIO(), width=WIDTH)
        with redirect_stdout(StringIO()) as printed:
            if not render_report(Run(run.path), out, replace(self.plugins, **alone)):
                raise Skipped(f"no installed plugin renders a report; install {PROJECT}-reports")
        self.reports[name], self.printed[name] = out.file.getvalue(), printed.getvalue()  # type: ignore[attr-defined]  # StringIO
        if content(run.path) != before:
            self.changed.append(name)
        return answers[0] if answers else Skipped("the report did not call it")


def _recording(function: Callable[[Any], Any], answers: list[Any]) -> Callable[[Any], Any]:  # Any: as in the specs
    def call_and_record(facts: Any) -> Any:  # Any: as above
        try:
            answer = function(facts)
            answers.append(list(answer) if isinstance(answer, Iterator) else answer)
        except Exception as error:
            answers.append(error)
            raise
        return answers[-1]

    return call_and_record


def loads(subject: Reported[Any]) -> None:  # Any: of either kind
    """Check that it is loaded."""
    function = subject.spec.load()
    if not callable(function):
        raise Broken(f"load returned {short_repr(function)}, not a function of facts")


def answers(wanted: str, found: Callable[[int], str], nothing: str) -> Callable[[Reported[Any]], str]:  # Any: either
    """Make the rule that it returns a result for any run.

    Args:
        wanted: The expected type, in words.
        found: Formats the number of results.
        nothing: The remark if there is no result on any of the fits.
    """

    def rule(subject: Reported[Any]) -> str:  # Any: of either kind
        remarks = []
        for name, answer in subject.answers.items():
            if isinstance(answer, Skipped):
                raise answer
            if isinstance(answer, Exception):
                raise Broken(f"on a fit that {name} it fails: {describe_error(answer)}")
            if type(answer).__name__ == NOT_COMPUTABLE:
                remarks.append(f"{name}: {answer}")
            elif not isinstance(answer, Sequence) or isinstance(answer, (str, bytes)):
                raise Broken(f"on a fit that {name} it returns {short_repr(answer)}, not {wanted}")
            elif answer:
                remarks.append(f"{name}: {found(len(answer))}")
        return "; ".join(remarks) or nothing

    return rule


def repeats(subject: Reported[Any]) -> None:  # Any: of either kind
    """Check that it returns the same result again."""
    name, run = next(iter(subject.runs.items()))
    first = subject.answers[name]
    if isinstance(first, Exception):
        raise Skipped("it has no result")
    if subject.ask(name, run) != first:
        raise Broken(f"on a fit that {name} it returns another result the second time")


def leaves(subject: Reported[Any]) -> None:  # Any: of either kind
    """Check that it does not change the run."""
    if not subject.answers or subject.changed:
        raise Broken(f"it changes the folder of a run that {subject.changed[0]}")
