"""Which process works on what lies in a folder: a run, a study or a workflow. Each names it in its own file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from dl import regular
from dl.errors import BadRun
from dl.processes import Told, works
from dl.runs.run import FITS_FILE, STUDY, WORKFLOW, Run
from dl.stored import from_sealed


@dataclass(frozen=True)
class Worker:
    """What the file of a study or a workflow tells of the process that works on it, as `dl.processes.Told`."""

    status: str
    pid: int = 0
    host: str = ""
    process_start: str = ""


def working_on(path: Path) -> Told | None:
    """Return what a folder tells of the process that works on it; None where none does, or nothing can be read."""
    try:
        found = _told(path)
    except (BadRun, OSError, ValueError):
        return None
    return found if works(found) else None


def _told(path: Path) -> Told:
    """Return what a folder tells of the process that works on it.

    Raises:
        BadRun: If the run in it cannot be read.
        OSError: If another file cannot be read.
        ValueError: If that is damaged.
    """
    for name in (WORKFLOW, STUDY, FITS_FILE):
        if (path / name).exists():
            return from_sealed(regular.read_bytes(path / name), Worker)
    return Run(path).manifest
