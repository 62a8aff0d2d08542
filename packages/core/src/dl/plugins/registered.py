"""The plugins of one command: loaded when a part of it first asks, and handed to every other part.

    with loading_once():         # the command line, around a command
        registered()             # loads them
        registered()             # returns the same

A program that imports dl loads them with `load_plugins` when it wants; outside of a command this does the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dl.plugins.registry import Plugins

_commands: list[list[Plugins]] = []  # of each command under way: nothing yet, or what it has loaded


@contextmanager
def loading_once() -> Iterator[None]:
    """Load the plugins at most once while this context lasts, whoever asks `registered` for them."""
    _commands.append([])
    try:
        yield
    finally:
        _commands.pop()


def registered() -> Plugins:
    """Return the registered plugins: those that the command has loaded, or else newly loaded ones.

    Raises:
        PluginFailed: As `load_plugins`.
    """
    from dl.plugins.loading import load_plugins  # here, since most verbs that list runs need no plugin

    loaded = _commands[-1] if _commands else []
    if not loaded:
        loaded.append(load_plugins())
    return loaded[0]
