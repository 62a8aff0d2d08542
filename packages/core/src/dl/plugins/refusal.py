"""Attribute a failed build to the user's option value, if the plugin's function works with the default instead.

The value passed the option's own bounds, so only the plugin's function can refuse it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import TypeVar

from dl.errors import BadOption, PluginFailed
from dl.options import Option, Options, format_value
from dl.plugins.states import describe_error

Built = TypeVar("Built")


def build_from(build: Callable[[Options], Built], options: Options, known: Sequence[Option], owner: str) -> Built:
    """Build from options; if that fails but works with a default value, raise an error about the user's value.

    Args:
        build: A plugin's function.
        options: Its options.
        known: Their declarations.
        owner: The model or regularizer with these options, for the message.

    Raises:
        BadOption: Naming the value, with the plugin's reason.
    """
    try:
        return build(options)
    except Exception as error:  # a plugin's function, or a layer of torch in it, may raise anything
        refused = _refused(build, options, known)
        if not refused or _says_itself(error, refused):
            raise
        reason = error.__cause__ if isinstance(error, PluginFailed) and error.__cause__ else error
        typed = " ".join(f"{one.name}={format_value(options[one.name])}" for one in refused)
        usual = ", ".join(format_value(one.default) for one in refused)
        raise BadOption(f"{owner}: {typed} is refused: {describe_error(reason)}  by default: {usual}") from error


def _says_itself(error: Exception, refused: Iterable[Option]) -> bool:
    """Return whether a plugin's own error already names the value, as in ``width=3: must be even``."""
    return isinstance(error, BadOption) and any(f"{one.name}=" in str(error) for one in refused)


def _refused(build: Callable[[Options], object], options: Options, known: Sequence[Option]) -> list[Option]:
    """Return the option whose default fixes the build, otherwise all changed options; empty if neither helps."""
    changed = [one for one in known if options[one.name] != one.default]
    for some in _fewest_first(changed):
        with suppress(Exception):
            build({**options, **{one.name: one.default for one in some}})
            return some
    return []


def _fewest_first(changed: list[Option]) -> Iterator[list[Option]]:
    yield from ([one] for one in changed)
    if len(changed) > 1:
        yield changed
