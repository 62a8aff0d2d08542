"""Render the report of a run with the first plugin that can; core has no report of its own."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from rich.console import Console

from dl.errors import PluginFailed
from dl.plugins.registry import Plugins
from dl.plugins.states import warn_of_plugins

if TYPE_CHECKING:  # the command line has this module, and `dl --help` waits for no numpy
    from dl.runs.run import Run


def render_report(run: Run, out: Console, plugins: Plugins) -> bool:
    """Print the report of a run; a plugin that fails is named in a warning, and the next one is tried.

    Returns:
        Whether a plugin printed it.

    Raises:
        PluginFailed: If one fails and ``DL_STRICT_PLUGINS=1``.
    """
    for renderer in plugins.renderers:
        try:
            if renderer(run=run, out=out, plugins=plugins, console=out):
                return True
        except PluginFailed as error:
            if os.environ.get("DL_DEBUG") == "1":
                raise
            warn_of_plugins(str(error))
    return False
