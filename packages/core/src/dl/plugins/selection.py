"""The selection of plugins by ``DL_PLUGINS``.

``DL_PLUGINS=-one,-other`` switches plugins off. ``DL_PLUGINS=one,other`` switches off all other third-party plugins;
dl's own stay on unless they are switched off by name. ``DL_PLUGINS=none`` leaves only dl's own. A plugin is named by
its own name or by that of its distribution.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from dl.errors import nearest
from dl.plugins.discovery import FoundPlugin, normalized

VARIABLE = "DL_PLUGINS"
NONE = "none"


@dataclass(frozen=True)
class Selection:
    """The parsed selection.

    Args:
        only: The third-party plugins to load; empty for all.
        off: Names that are switched off.
    """

    only: frozenset[str] = frozenset()
    off: frozenset[str] = frozenset()

    def blocks(self, plugin: FoundPlugin) -> str:
        """Return why a plugin is left out, or an empty string."""
        names = _names(plugin)
        if names & self.off:
            return f"switched off by {VARIABLE}"
        if self.only and not plugin.own and not names & self.only:
            return f"not named by {VARIABLE}"
        return ""

    def unknown(self, plugins: Iterable[FoundPlugin]) -> list[str]:
        """Return a line for every name without a plugin."""
        known = {name for plugin in plugins for name in _names(plugin)}
        return [
            f"{VARIABLE} names the plugin {name!r}, which is not installed{nearest(name, known)}  see: dl plugins"
            for name in sorted((self.only | self.off) - known - {NONE})
        ]


def read_selection(text: str) -> Selection:
    """Read the value of ``DL_PLUGINS``."""
    words = [word.strip() for word in text.split(",") if word.strip(" -")]
    off = frozenset(word.removeprefix("-").strip() for word in words if word.startswith("-"))
    return Selection(frozenset(word for word in words if not word.startswith("-")), off)


def _names(plugin: FoundPlugin) -> set[str]:
    return {plugin.name, plugin.distribution, normalized(plugin.distribution)} - {""}
