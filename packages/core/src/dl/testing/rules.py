"""Rules of the conformance suites, checked one by one, so that one failure does not hide another.

A rule is a function of the thing under test. It returns nothing or a remark if the rule holds, and raises `Broken` if
it does not, or `Skipped` if it cannot be checked. Any other exception breaks the rule as well.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import TypeVar

from dl.errors import DLError
from dl.options import Option, Space
from dl.plugins.registry import Plugins
from dl.plugins.states import PluginState, describe_error

OK, FAILED, SKIPPED = "ok", "failed", "skipped"


class Broken(Exception):
    """A rule is broken; the message states what was found."""


class Skipped(Exception):
    """A rule cannot be checked here; the message states why."""


@dataclass(frozen=True)
class Result:
    """The result of one rule.

    Args:
        rule: The rule as a sentence.
        state: ``ok``, ``failed`` or ``skipped``.
        message: The reason, or a remark.
    """

    rule: str
    state: str = OK
    message: str = ""

    def as_dict(self) -> dict[str, str]:
        """Return the JSON value."""
        return asdict(self)


Results = tuple[Result, ...]


class DoesNotConform(DLError):
    """A specification breaks rules; the message names them, `results` has all.

    Args:
        what: The thing under test.
        results: Of all rules.
    """

    exit_code = 1

    def __init__(self, what: str, results: Results) -> None:
        self.results = results
        broken = [f"{one.rule}: {one.message}" for one in results if one.state == FAILED]
        super().__init__(f"{what}: {len(broken)} of {len(results)} rules do not hold\n  " + "\n  ".join(broken))


_SubjectType = TypeVar("_SubjectType")
Rules = Mapping[str, Callable[[_SubjectType], str | None]]


def ask(what: str, subject: _SubjectType, rules: Rules[_SubjectType], needed: Collection[str] = ()) -> Results:
    """Check every rule, and return the results.

    Args:
        what: The thing under test, for the message.
        subject: Passed to the rules.
        rules: Functions by sentence, in order.
        needed: Rules that all later ones depend on.

    Raises:
        DoesNotConform: If a rule is broken.
    """
    results: list[Result] = []
    missing = ""
    for rule, function in rules.items():
        result = Result(rule, SKIPPED, f"depends on: {missing}") if missing else _answer(rule, function, subject)
        results.append(result)
        if result.state == FAILED and rule in needed:
            missing = rule
    if any(result.state == FAILED for result in results):
        raise DoesNotConform(what, tuple(results))
    return tuple(results)


def _answer(rule: str, function: Callable[[_SubjectType], str | None], subject: _SubjectType) -> Result:
    try:
        return Result(rule, OK, function(subject) or "")
    except Skipped as reason:
        return Result(rule, SKIPPED, str(reason))
    except Broken as broken:
        return Result(rule, FAILED, str(broken))
    except (Exception, SystemExit) as error:  # the code under test may raise anything
        return Result(rule, FAILED, describe_error(error))


def owner(plugins: Plugins, field: str, key: object) -> PluginState | None:
    """Return the plugin that registered a specification; None if no plugin did.

    Args:
        plugins: The registered plugins.
        field: Of `Plugins`, like ``datasets``.
        key: Of the specification there.
    """
    name = plugins.owners.get((field, key))
    return next((state for state in plugins.states if state.name == name), None) if name else None


def options_hold(options: Iterable[Option]) -> None:
    """Check the declarations of options.

    Raises:
        Broken: If a name is duplicate or cannot be typed, or a default is not valid for its option.
    """
    names: set[str] = set()
    for option in options:
        if not option.name.isidentifier():
            raise Broken(f"the option {option.name!r} cannot be typed as {option.name}=; use letters, digits and _")
        if option.name in names:
            raise Broken(f"two options have the name {option.name!r}")
        names.add(option.name)
        if option.check(option.default, "its default") != option.default:
            raise Broken(f"the default of {option.name!r} is not in its checked form")
        if not option.help.strip():
            raise Broken(f"the option {option.name!r} has no help")
        if option.space is not None and (fault := _fault_of_space(option, option.space)):
            raise Broken(f"the space of {option.name!r} {fault}")


def _fault_of_space(option: Option, space: Space) -> str:
    """Return why a search cannot draw values of an option from its space; empty if it can."""
    if not space.choices and not space.low < space.high:
        return f"has neither choices nor a range: from {space.low:g} to {space.high:g}"
    if space.log and space.low <= 0:
        return f"is drawn by logarithms from {space.low:g}; begin above 0"
    for value in space.choices or (() if space.relative else (space.low, space.high)):
        try:
            option.check(value, "its space")
        except DLError as error:
            return f"holds a value that the option refuses: {error}"
    return ""
