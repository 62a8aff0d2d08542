"""Recognize the domain of data that was named without one: of a data set, or of a user's own path by its content."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dl.plugins.registry import Plugins


def recognize_domain(name: str, plugins: Plugins, options: Mapping[str, Any]) -> str:  # Any: unchecked options
    """Return the domain of a named data set, or the one that fits a path best; that of several kinds before its own.

    Where none fits, it is the domain of rows, whose error says what a table looks like.
    """
    named = [domain for domain, known in plugins.datasets if known == name]
    if named:
        return named[0]
    path = Path(os.path.expanduser(name))  # noqa: PTH111 - Path.expanduser raises RuntimeError for an unknown user

    def rating(domain: str) -> tuple[float, bool]:
        spec = plugins.domain(domain)
        loaded = spec.load()
        if found := loaded.recognize(path, options):
            return found, bool(spec.composes)
        return 0.0, loaded.columns is not None and loaded.columns.together

    return max(plugins.domains, key=rating)


def is_data(word: str, plugins: Plugins) -> bool:
    """Return whether a word is a data set's name or a path, and no domain."""
    if word in plugins.domains:
        return False
    return any(word == name for _, name in plugins.datasets) or os.path.lexists(os.path.expanduser(word))  # noqa: PTH111 - as above
