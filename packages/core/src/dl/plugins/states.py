"""The state of each plugin after loading, and the message about it."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dl.errors import DLError, PluginFailed
from dl.version import VERSION

OK, BLOCKED, INCOMPATIBLE, FAILED = "ok", "blocked", "incompatible", "failed"  # mildest first
STATES = (OK, BLOCKED, INCOMPATIBLE, FAILED)
STRICT = "DL_STRICT_PLUGINS"
LONGEST_REASON = 240  # characters of a plugin's own error message


class PluginWarning(UserWarning):
    """A plugin has a problem; the message names it and the remedy."""


class PluginDeprecated(DeprecationWarning):
    """A plugin uses a deprecated hook or argument; for its author."""


@dataclass(frozen=True)
class Problem:
    """One error or warning about a plugin.

    Args:
        message: The failure, without the plugin's name.
        state: The resulting state of the plugin.
        warns: Whether every command warns of it, or only ``dl plugins`` shows it.
        deprecates: Whether it is about a deprecated feature that still works.
    """

    message: str
    state: str = FAILED
    warns: bool = True
    deprecates: bool = False


@dataclass(frozen=True)
class PluginState:
    """The state of a plugin after loading.

    Args:
        name: As in ``DL_PLUGINS=-name``.
        origin: Distribution and version, or the file, for messages.
        distribution: Its distribution; empty for a file or an object.
        version: Of the distribution.
        path: Of the distribution or the file.
        own: Whether it ships with dl.
        registered: The names registered by each of its called hooks.
        problems: Its errors and warnings.
        seconds: Time to import and register it.
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
        """The worst state of its problems."""
        return max((problem.state for problem in self.problems), key=STATES.index, default=OK)

    @property
    def warning(self) -> str:
        """The warning that every command prints; empty if there is none."""
        messages = [problem.message for problem in self.problems if problem.warns]
        return plugin_line(self.name, self.origin, "; ".join(messages), self.distribution) if messages else ""

    @property
    def message(self) -> str:
        """The messages of all problems, without its name."""
        return "; ".join(problem.message for problem in self.problems)

    def as_dict(self) -> dict[str, Any]:  # Any: JSON
        """Return the JSON value printed by ``dl plugins --json``."""
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
    """Return an error line: the plugin, the version of dl, the failure, and how to switch the plugin off.

    Args:
        name: Of the plugin; if it cannot be typed, the distribution's name switches it off.
        origin: Distribution and version, or the file.
        message: The failure.
        distribution: Of the plugin.
    """
    off = name if re.fullmatch(r"[\w.-]{1,60}", name) else distribution
    return f"plugin {short_repr(name)} {origin}, dl {VERSION}: {message}  switch it off: DL_PLUGINS=-{off}"


def describe_error(error: BaseException) -> str:
    """Describe an exception in one line, with the plugin's source line that raised it."""
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
    """Return a short ``repr`` of a plugin's value, even if its ``__repr__`` fails."""
    try:
        return shortened(repr(value), 60)
    except BaseException:
        return f"a {_kind(value)}"


def _kind(value: object) -> str:
    """Return the name of a value's class, even if its metaclass is broken."""
    return str(type.__dict__["__name__"].__get__(type(value)))[:60]


def shortened(text: str, longest: int = LONGEST_REASON) -> str:
    """Truncate a text to ``longest`` characters."""
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _place(error: BaseException) -> str:
    """Return the innermost file and line of a traceback outside dl and Python's import machinery."""
    place, step = "", error.__traceback__
    while step is not None:
        module, file = step.tb_frame.f_globals.get("__name__", ""), step.tb_frame.f_code.co_filename
        if not file.startswith("<") and module.partition(".")[0] not in ("dl", "importlib", "pluggy"):
            place = f" ({file.rpartition('/')[2]}:{step.tb_lineno})"
        step = step.tb_next
    return place


def warn_of_plugins(*lines: str) -> None:
    """Warn of each line about a plugin, once per process.

    Raises:
        PluginFailed: If ``DL_STRICT_PLUGINS=1``.
    """
    if strict():
        more = f"  and {len(lines) - 1} more: dl plugins" if lines[1:] else ""
        raise PluginFailed(lines[0] + more)
    for line in lines:
        warnings.warn(line, PluginWarning, stacklevel=1)  # from this source line, so that Python shows it once


def strict() -> bool:
    """Return whether a problem with a plugin is an error."""
    return os.environ.get(STRICT) == "1"
