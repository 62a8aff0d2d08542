"""Rules: what must hold of a thing that a plugin registers, asked one by one, so that no answer hides another.

A rule is a function of what it is asked about. It returns nothing, or a remark, where it holds; it raises `Broken`
where it does not, and `NotAsked` where it cannot be asked. Whatever else it raises breaks the rule as well.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import TypeVar

from dl.errors import DLError
from dl.options import Option
from dl.plugins.registry import Plugins
from dl.plugins.states import PluginState, describe_error

OK, FAILED, NOT_ASKED = "ok", "failed", "not asked"


class Broken(Exception):
    """A rule does not hold; the message says what was found."""


class NotAsked(Exception):
    """A rule cannot be asked here; the message says why."""


@dataclass(frozen=True)
class Result:
    """What became of one rule.

    Args:
        rule: What must hold, in words.
        state: ``ok``, ``failed`` or ``not asked``.
        message: Why, or a remark.
    """

    rule: str
    state: str = OK
    message: str = ""

    def as_dict(self) -> dict[str, str]:
        """Return what is printed as JSON."""
        return asdict(self)


Results = tuple[Result, ...]


class DoesNotConform(DLError):
    """What a plugin registered does not hold; the message names the rules, `results` has all.

    Args:
        what: The thing that was asked about.
        results: Of all rules.
    """

    exit_code = 1

    def __init__(self, what: str, results: Results) -> None:
        self.results = results
        broken = [f"{one.rule}: {one.message}" for one in results if one.state == FAILED]
        super().__init__(f"{what}: {len(broken)} of {len(results)} rules do not hold\n  " + "\n  ".join(broken))


_Subject = TypeVar("_Subject")
Rules = Mapping[str, Callable[[_Subject], str | None]]


def ask(what: str, subject: _Subject, rules: Rules[_Subject], needed: Collection[str] = ()) -> Results:
    """Ask every rule, and return the results.

    Args:
        what: What is asked about, for the message.
        subject: What the rules are given.
        rules: By what they say, in order.
        needed: Rules without which those after them cannot be asked.

    Raises:
        DoesNotConform: If a rule does not hold.
    """
    results: list[Result] = []
    missing = ""
    for rule, function in rules.items():
        result = Result(rule, NOT_ASKED, f"for this fails: {missing}") if missing else _answer(rule, function, subject)
        results.append(result)
        if result.state == FAILED and rule in needed:
            missing = rule
    if any(result.state == FAILED for result in results):
        raise DoesNotConform(what, tuple(results))
    return tuple(results)


def _answer(rule: str, function: Callable[[_Subject], str | None], subject: _Subject) -> Result:
    try:
        return Result(rule, OK, function(subject) or "")
    except NotAsked as reason:
        return Result(rule, NOT_ASKED, str(reason))
    except Broken as broken:
        return Result(rule, FAILED, str(broken))
    except (Exception, SystemExit) as error:  # the code that is asked about is a stranger's
        return Result(rule, FAILED, describe_error(error))


def owner(plugins: Plugins, field: str, key: object) -> PluginState | None:
    """Return the plugin that registered a thing; None if none of these did.

    Args:
        plugins: What is registered.
        field: Of `Plugins`, like ``datasets``.
        key: Of the thing there.
    """
    name = plugins.owners.get((field, key))
    return next((state for state in plugins.states if state.name == name), None) if name else None


def options_hold(options: Iterable[Option]) -> None:
    """Check that options are declared as they can be used.

    Raises:
        Broken: If a name is taken twice or cannot be typed, or a default does not fit its own option.
    """
    names: set[str] = set()
    for option in options:
        if not option.name.isidentifier():
            raise Broken(f"the option {option.name!r} cannot be typed as {option.name}=; use letters, digits and _")
        if option.name in names:
            raise Broken(f"the option {option.name!r} is there twice")
        names.add(option.name)
        if option.check(option.default, "its default") != option.default:
            raise Broken(f"the default of {option.name!r} changes when it is checked")
        if not option.help.strip():
            raise Broken(f"the option {option.name!r} has no help")
