"""Which process works on what lies in a folder: a run, a study or a workflow. Each names it in its own file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from dl import regular
from dl.errors import BadRun
from dl.processes import is_running
from dl.runs.run import FITS_FILE, STUDY, WORKFLOW, Run
from dl.stored import from_sealed


@dataclass(frozen=True)
class Worker:
    """The process that works on a folder, as the folder names it.

    Args:
        status: Of the run, the study or the workflow.
        pid: Number of the process; 0 if unknown.
        host: Its machine.
        process_start: When it started, as `dl.processes.started` returns it; empty if unknown.
    """

    status: str
    pid: int = 0
    host: str = ""
    process_start: str = ""

    @property
    def works(self) -> bool:
        """Whether it still does."""
        return self.status == "running" and is_running(self.pid, self.host, self.process_start)


def working_on(path: Path) -> Worker | None:
    """Return the process that works on a run, a study or a workflow; None where none does, or none can be read."""
    try:
        found = _named(path)
    except (BadRun, OSError, ValueError):
        return None
    return found if found.works else None


def _named(path: Path) -> Worker:
    """Return the process that a folder names.

    Raises:
        BadRun: If the run in it cannot be read.
        OSError: If another file cannot be read.
        ValueError: If that is damaged.
    """
    for name in (WORKFLOW, STUDY, FITS_FILE):
        if (path / name).exists():
            return from_sealed(regular.read_bytes(path / name), Worker)
    manifest = Run(path).manifest
    return Worker(manifest.status, manifest.pid, manifest.host, manifest.process_start)
