"""The end of a fit on the screen: its report, or its document."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dl import files
from dl.cli.json_output import print_json
from dl.cli.long_verbs import End, of_run
from dl.errors import DLError
from dl.exit_codes import FAILED, of_signal
from dl.terminal import console, plain
from dl.version import PROJECT

if TYPE_CHECKING:
    from dl.limits import Limit
    from dl.plugins.registry import Plugins
    from dl.runs.run import Run


def finish(run: Run, plugins: Plugins, limit: Limit | None = None, *, as_json: bool) -> End:
    """Print what a finished or interrupted run reached, as JSON or as its report; return its end.

    A run that is still running is one whose end could not be written.

    Args:
        run: That has ended.
        plugins: The registered plugins.
        limit: Of time, which ended it as a signal does; None where it was no signal.
        as_json: Whether JSON is printed.
    """
    manifest = run.manifest
    if as_json:
        ended = {"run": str(run.path), "status": manifest.status, "message": manifest.message}
        print_json({**ended, "best": run.best})
    else:
        report(run, plugins)
    code = limit.code_of(manifest.signal) if limit else of_signal(manifest.signal)
    return of_run(run, FAILED if manifest.status == "running" else code, lambda: _verdict(run, plugins))


def _verdict(run: Run, plugins: Plugins) -> str:
    """Return the verdict on a run; empty where there is none."""
    try:
        return run.report(plugins=plugins).verdict
    except DLError:
        return ""


def report(run: Run, plugins: Plugins) -> None:
    """Print the report of a fit, and store it in the run folder as text."""
    from dl.runs.render import render_report

    out = console(record=True)
    if not render_report(run, out, plugins):
        out.print(plain(f"wrote {run.path}; install {PROJECT}-reports for a report"))
    files.write_text(run.path / "report.txt", out.export_text())
