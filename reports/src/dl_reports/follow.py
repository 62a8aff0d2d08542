"""Watch a running fit: report after every epoch until it ends, or until no process writes it any more.

A fit that was killed leaves `running` in its manifest. On the same machine its process is checked; elsewhere it
counts as gone when it has not changed for many epochs' time.
"""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable

from dl.runs.run import Run
from dl.terminal import console

EVERY = 1.0  # seconds between two checks
QUIET_EPOCHS = 20  # epochs' time without a change, after which a fit counts as gone
QUIET_SECONDS = 600.0  # but never sooner than this
QUIET_START = 24 * 3600.0  # before the first epoch, whose time is not known


def follow(run: Run, show: Callable[[Run], None]) -> tuple[Run, str]:
    """Show a run after each epoch until it has ended; return it with the reason if no process writes it any more."""
    seen = -1
    while True:
        now = Run(run.path)  # a new object: a run reads each file once
        if now.manifest.status != "running":
            return now, ""
        gone = why_gone(now)
        if len(now.history) != seen:
            seen = len(now.history)
            show(now)
        if gone and Run(run.path).manifest.status == "running":  # it did not end in between
            return now, gone
        time.sleep(EVERY)


def why_gone(run: Run) -> str:
    """Explain why no process can be writing a run any more; empty while one may."""
    manifest = run.manifest
    if manifest.pid and manifest.host == platform.node():
        return "" if is_alive(manifest.pid) else f"its process {manifest.pid} is gone"
    changed = max(path.stat().st_mtime for path in (run.path, *run.path.glob("run.json"), *run.path.glob("*.csv")))
    quiet, epochs = time.time() - changed, len(run.history)
    patience = max(QUIET_SECONDS, QUIET_EPOCHS * manifest.seconds / epochs) if epochs else QUIET_START
    return f"nothing was written for {quiet / 60:.0f} minutes" if quiet > patience else ""


def is_alive(pid: int) -> bool:
    """Check whether a process of this machine runs."""
    if os.name != "posix":
        return True  # asking there could end it
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


def say_gone(why: str) -> None:
    """Report on the error stream that the fit is not running any more."""
    console(stderr=True).print(f"stopped watching: the status is 'running', but {why}", soft_wrap=True)
