"""What the reports add to dl: the screen at the end of a fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dl.hookspecs import hookimpl

if TYPE_CHECKING:
    from rich.console import Console

    from dl.run import Run


@hookimpl
def render_report(run: Run, console: Console) -> bool:
    """Print the report of a run."""
    from dl_reports.screen import print_screen

    print_screen(run, console)
    return True
