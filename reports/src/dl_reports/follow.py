"""Watch a running fit: report after every epoch until the fit or its process ends.

A killed fit leaves the status `running` in its manifest. On the same machine its process is checked; on another one
it counts as ended if no file has changed for the time of many epochs.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from dl.processes import HOST
from dl.runs.run import Run
from dl.terminal import console

EVERY = 1.0  # seconds between two checks
QUIET_EPOCHS = 20  # without a change, after which a fit counts as ended
QUIET_SECONDS = 600.0  # at least this long
QUIET_START = 24 * 3600.0  # before the end of the first epoch


def follow(run: Run, show: Callable[[Run], None]) -> tuple[Run, str]:
    """Show a run after each epoch until it ends; return it, with the reason if its process has ended."""
    seen = -1
    while True:
        now = Run(run.path)  # a new object: a run reads each file once
        if now.manifest.status not in ("running", "killed"):
            return now, ""
        gone = why_gone(now)
        if len(now.history) != seen:
            seen = len(now.history)
            show(now)
        if gone and Run(run.path).manifest.status in ("running", "killed"):  # it did not end in between
            return now, gone
        time.sleep(EVERY)


def why_gone(run: Run) -> str:
    """Return the reason why a run is no longer written; empty while it may be."""
    manifest = run.manifest
    if manifest.status == "killed":
        return manifest.message
    if manifest.pid and manifest.host == HOST:
        return ""
    changed = max(path.stat().st_mtime for path in (run.path, *run.path.glob("run.json"), *run.path.glob("*.csv")))
    quiet, epochs = time.time() - changed, len(run.history)
    patience = max(QUIET_SECONDS, QUIET_EPOCHS * manifest.seconds / epochs) if epochs else QUIET_START
    return f"nothing was written for {quiet / 60:.0f} minutes" if quiet > patience else ""


def report_gone(why: str) -> None:
    """Print on stderr that the fit is no longer running."""
    console(stderr=True).print(f"stopped watching: the status is 'running', but {why}", soft_wrap=True)
