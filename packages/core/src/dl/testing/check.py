"""The suite for checks of a run: their page, their answers to real runs, and that they leave a run as it is.

A check is asked through the report, as a user's fit asks it; its answers are noted on the way.
"""

from __future__ import annotations

import atexit
import json
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from rich.console import Console

import dl
from dl.data import Dataset
from dl.devices import Devices
from dl.finding import SEVERITIES, Finding
from dl.plugins import Plugins, load_plugins
from dl.registering import KINDS
from dl.run import Run
from dl.specs import CheckSpec
from dl.states import shown, told
from dl.terminal import safe_text
from dl.testing.light import lists_lightly
from dl.testing.numbers import DOMAIN, NumbersPlugin, clouds, random_answers, slopes
from dl.testing.rules import Broken, NotAsked, Results, Rules, ask

NOT_COMPUTABLE = "NotComputable"  # of the reports, which this package does not know


@dataclass(frozen=True)
class Fit:
    """A run that checks are asked about: data, model and options of a fit that takes a moment."""

    data: Dataset
    model: str
    options: Mapping[str, int | float]


FITS: dict[str, Callable[[], Fit]] = {
    "overfits": lambda: Fit(random_answers(120), "dense", {"epochs": 20, "width": 256, "lr": 0.01}),
    "is clean": lambda: Fit(clouds(200), "linear", {"epochs": 8}),
    "is short": lambda: Fit(clouds(12), "linear", {"epochs": 1}),
    "is a regression": lambda: Fit(slopes(120), "dense", {"epochs": 6, "lr": 0.01}),
}


def check_check(spec: CheckSpec, plugins: Plugins | None = None) -> Results:
    """Ask every rule about a check, on four fits that are made for it: overfitted, clean, short, and a regression.

    Args:
        spec: As `Plugins.check` gives it, or as a plugin makes it.
        plugins: What is registered, a plugin that renders reports among it; None loads what is installed.

    Raises:
        DoesNotConform: Naming each rule that does not hold.
    """
    plugins = plugins or load_plugins()
    with tempfile.TemporaryDirectory() as folder:
        subject = Subject(spec, plugins, Path(folder))
        return ask(f"the check {spec.name!r}", subject, RULES, needed=("it is loaded",))


class Subject:
    """A check that is asked about.

    Args:
        spec: Its specification.
        plugins: What is registered.
        folder: Of the runs.
    """

    def __init__(self, spec: CheckSpec, plugins: Plugins, folder: Path) -> None:
        self.spec, self.plugins, self.folder = spec, plugins, folder
        self.changed: list[str] = []

    @cached_property
    def runs(self) -> dict[str, Run]:
        """Copies of the fits, for this check alone."""
        kept = kept_runs()
        return {name: Run(Path(shutil.copytree(run.path, self.folder / run.name))) for name, run in kept.items()}

    @cached_property
    def answers(self) -> dict[str, Any]:  # Any: whatever a plugin returns
        """What the check says of each run; an exception where it raises one."""
        return {name: self.asked(name, run) for name, run in self.runs.items()}

    def asked(self, name: str, run: Run) -> Any:  # Any: as above
        """Ask the check about a run, through its report."""
        before, answers = content(run.path), list[Any]()
        noting = replace(self.spec, load=lambda: _noting(self.spec.load(), answers))
        alone = replace(self.plugins, checks={self.spec.name: noting}, sections={})
        if not alone.render(Run(run.path), Console(quiet=True, width=100)):
            raise NotAsked("no plugin that is installed makes a report; install dl-reports")
        if content(run.path) != before:
            self.changed.append(name)
        return answers[0] if answers else NotAsked("the report did not ask it")


@lru_cache
def kept_runs() -> dict[str, Run]:
    """Return the fits, made once a process."""
    folder = Path(tempfile.mkdtemp(prefix="dl-checks-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return {name: fitted(make(), folder) for name, make in FITS.items()}


def fitted(fit: Fit, folder: Path) -> Run:
    """Fit, on one CPU, with no other plugin than the domain of numbers."""
    ours = NumbersPlugin({"given": fit.data})
    nothing: dict[str, Any] = {kind.field: {} for kind in KINDS}  # Any: as Plugins says
    plugins = replace(
        Plugins(**nothing),
        domains={DOMAIN: ours.register_domains()[0]},
        datasets={(DOMAIN, "given"): ours.register_datasets()[0]},
        models={(DOMAIN, spec.name): spec for spec in ours.register_models()},
        recipes={(DOMAIN, "plain"): ours.register_recipes()[0]},
    )
    options: dict[str, Any] = dict(fit.options)  # Any: `fit` checks them
    devices = Devices("cpu", "1")
    return dl.fit(DOMAIN, "given", model=fit.model, plugins=plugins, runs=folder, devices=devices, **options)


def content(folder: Path) -> dict[str, str]:
    """Return a hash of every file below a folder, by its path."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {str(path.relative_to(folder)): sha256(path.read_bytes()).hexdigest() for path in files}


def _noting(function: Callable[[Any], Any], answers: list[Any]) -> Callable[[Any], Any]:  # Any: as `CheckSpec` says
    def ask_and_note(facts: Any) -> Any:  # Any: as above
        try:
            answers.append(function(facts))
        except Exception as error:
            answers.append(error)
            raise
        return answers[-1]

    return ask_and_note


def _light(subject: Subject) -> None:
    lists_lightly(subject.plugins, "checks", subject.spec.name)


def _code(subject: Subject) -> None:
    group, dash, rest = subject.spec.name.partition("-")
    if not dash or not group or not rest:
        raise Broken("its code is not of the form group-words, as fit-gap is")
    if subject.spec.name != subject.spec.name.lower():
        raise Broken("its code has capital letters")
    if not subject.spec.description.strip():
        raise Broken("it has no description")


def _loads(subject: Subject) -> None:
    function = subject.spec.load()
    if not callable(function):
        raise Broken(f"load returned {shown(function)}, not a function of facts")


def _page(subject: Subject) -> None:
    page = subject.spec.page()
    if not page.startswith(f"# {subject.spec.name}\n"):
        raise Broken(f"its page does not begin with '# {subject.spec.name}'")
    if len(page.split()) < 20:
        raise Broken("its page says little: how is it detected, why does it matter, what is to be done?")


def _answers(subject: Subject) -> str:
    said = []
    for name, answer in subject.answers.items():
        if isinstance(answer, NotAsked):
            raise answer
        if isinstance(answer, Exception):
            raise Broken(f"on a fit that {name} it fails: {told(answer)}")
        if type(answer).__name__ == NOT_COMPUTABLE:
            said.append(f"{name}: {answer}")
        elif not isinstance(answer, Sequence) or isinstance(answer, str):
            raise Broken(f"on a fit that {name} it returns {shown(answer)}, not a list of findings or NotComputable")
        elif answer:
            said.append(f"{name}: {len(answer)} found")
    return "; ".join(said) or "nothing is found in any of the fits"


def _findings(subject: Subject) -> None:
    for name, answer in subject.answers.items():
        if isinstance(answer, Exception) or type(answer).__name__ == NOT_COMPUTABLE:
            continue
        for one in answer:
            if problem := _wrong_with(one, subject.spec.name):
                raise Broken(f"on a fit that {name}: {problem}")


def _wrong_with(finding: object, code: str) -> str:
    if not isinstance(finding, Finding):
        return f"it returns {shown(finding)} among its findings"
    if finding.code != code:
        return f"a finding has the code {finding.code!r}, not its own"
    if finding.severity not in SEVERITIES:
        return f"a finding has the severity {finding.severity!r}; there are {', '.join(SEVERITIES)}"
    if not finding.message or safe_text(finding.message, 10_000) != finding.message:
        return "a finding has no message, or characters in it that act on a terminal"
    if finding.next and not finding.next.startswith("dl "):
        return f"the next command of a finding is {finding.next!r}, not one of dl"
    try:
        json.dumps(finding.as_dict())
    except (TypeError, ValueError) as error:
        return f"a finding cannot be written as JSON: {error}"
    return ""


def _repeats(subject: Subject) -> None:
    name, run = next(iter(subject.runs.items()))
    first = subject.answers[name]
    if isinstance(first, Exception):
        raise NotAsked("it has no answer")
    if subject.asked(name, run) != first:
        raise Broken(f"on a fit that {name} it answers something else the second time")


def _leaves(subject: Subject) -> None:
    if not subject.answers or subject.changed:
        raise Broken(f"it writes into the folder of the run that {subject.changed[0]}")


RULES: Rules[Subject] = {
    "listing it imports nothing heavy": _light,
    "its code can be used": _code,
    "it has a page": _page,
    "it is loaded": _loads,
    "it answers any run": _answers,
    "its findings are its own": _findings,
    "it answers the same again": _repeats,
    "it leaves the run as it is": _leaves,
}
