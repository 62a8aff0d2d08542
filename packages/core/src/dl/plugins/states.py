"""States: what became of each plugin, and the one line that says it."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dl.errors import DLError, PluginFailed
from dl.version import VERSION

OK, BLOCKED, INCOMPATIBLE, FAILED = "ok", "blocked", "incompatible", "failed"  # the least bad first
STATES = (OK, BLOCKED, INCOMPATIBLE, FAILED)
STRICT = "DL_STRICT_PLUGINS"
LONGEST_REASON = 240  # characters of what a plugin itself has to say


class PluginWarning(UserWarning):
    """A plugin could not be used as it is; the message names it and what to do."""


class PluginDeprecated(DeprecationWarning):
    """A plugin uses a hook or an argument that will go; for its author."""


@dataclass(frozen=True)
class Problem:
    """One thing about a plugin that is worth saying.

    Args:
        message: What failed, without the plugin's name.
        makes: The state that it puts the plugin into.
        aloud: Whether every command says it, or only ``dl plugins``.
        deprecates: Whether it is about something old that still works.
    """

    message: str
    makes: str = FAILED
    aloud: bool = True
    deprecates: bool = False


@dataclass(frozen=True)
class PluginState:
    """What became of a plugin.

    Args:
        name: Its name, as in ``DL_PLUGINS=-name``.
        origin: Distribution and version, or the file, for people.
        distribution: That it comes from; empty if from none.
        version: Of the distribution.
        path: Where it lies.
        own: Whether it ships with dl.
        registered: For each of its hooks that was called, the names it registered.
        problems: What there is to say about it.
        seconds: That it took to import and to register.
    """

    name: str
    origin: str
    distribution: str = ""
    version: str = ""
    path: str = ""
    own: bool = False
    registered: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    seconds: float = 0.0

    @property
    def state(self) -> str:
        """The worst of what its problems make of it."""
        return max((problem.makes for problem in self.problems), key=STATES.index, default=OK)

    @property
    def aloud(self) -> str:
        """The line that every command says; empty if there is nothing to say."""
        said = [problem.message for problem in self.problems if problem.aloud]
        return plugin_line(self.name, self.origin, "; ".join(said), self.distribution) if said else ""

    @property
    def message(self) -> str:
        """All there is to say about it, without its name."""
        return "; ".join(problem.message for problem in self.problems)

    def as_dict(self) -> dict[str, Any]:  # Any: JSON
        """Return what is printed as JSON."""
        return {
            "name": self.name,
            "distribution": self.distribution,
            "version": self.version,
            "path": self.path,
            "own": self.own,
            "state": self.state,
            "message": self.message,
            "hooks": {hook: list(names) for hook, names in self.registered.items()},
            "milliseconds": round(1000 * self.seconds, 1),
        }


def plugin_line(name: str, origin: str, message: str, distribution: str = "") -> str:
    """Return the line about a plugin: who it is, which dl this is, what failed, and how to go on without it.

    Args:
        name: Its own; one that cannot be typed is not what switches it off, but that of its distribution.
        origin: Distribution and version, or the file.
        message: What failed.
        distribution: That it comes from.
    """
    off = name if re.fullmatch(r"[\w.-]{1,60}", name) else distribution
    return f"plugin {short_repr(name)} {origin}, dl {VERSION}: {message}  switch it off: DL_PLUGINS=-{off}"


def describe_error(error: BaseException) -> str:
    """Return an exception in a few words, whatever its message is, with the line of the plugin that raised it."""
    if isinstance(error, SystemExit):
        return f"it calls sys.exit({short_repr(error.code)}){_place(error)}"
    try:
        message = " ".join(str(error).split())
    except BaseException:  # a plugin's own exception may do anything
        message = "(its message cannot be shown)"
    if isinstance(error, DLError):
        return shortened(message)
    kind = _kind(error)
    reason = f"{kind}: {message}" if message else kind
    return shortened(reason) + ("" if isinstance(error, SyntaxError) else _place(error))


def short_repr(value: object) -> str:
    """Return a value of a plugin for a message, whatever its ``__repr__`` does."""
    try:
        return shortened(repr(value), 60)
    except BaseException:
        return f"a {_kind(value)}"


def _kind(value: object) -> str:
    """Return the name of a class, whatever its metaclass does."""
    return str(type.__dict__["__name__"].__get__(type(value)))[:60]


def shortened(text: str, longest: int = LONGEST_REASON) -> str:
    """Return the text, cut where it is long."""
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _place(error: BaseException) -> str:
    """Return the file and line that raised it: the last that is not of Python's import machinery or this package."""
    place, step = "", error.__traceback__
    while step is not None:
        module, file = step.tb_frame.f_globals.get("__name__", ""), step.tb_frame.f_code.co_filename
        if not file.startswith("<") and module.partition(".")[0] not in ("dl", "importlib", "pluggy"):
            place = f" ({file.rpartition('/')[2]}:{step.tb_lineno})"
        step = step.tb_next
    return place


def warn_of_plugins(*lines: str) -> None:
    """Say each line about a plugin once a process.

    Raises:
        PluginFailed: If ``DL_STRICT_PLUGINS=1``.
    """
    if strict():
        more = f"  and {len(lines) - 1} more: dl plugins" if lines[1:] else ""
        raise PluginFailed(lines[0] + more)
    for line in lines:
        warnings.warn(line, PluginWarning, stacklevel=1)  # at this line of the source: Python then says it once


def strict() -> bool:
    """Return whether anything wrong with a plugin ends the program."""
    return os.environ.get(STRICT) == "1"
