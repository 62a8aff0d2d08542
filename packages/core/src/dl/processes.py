"""How another process of dl is started, and which one writes a run, so that a reader can tell whether it still does.

A number alone is not enough, since numbers are used again: a process is known by its number, its host and its start.
"""

import os
import platform
import sys
from collections.abc import Iterable
from typing import Any, Protocol

from dl import regular

HOST = platform.node()
RUNNING, KILLED = "running", "killed"  # statuses


class Told(Protocol):
    """A run, a study or a workflow, as its own file tells of it and of the process that works on it."""

    @property
    def status(self) -> str:
        """Its status."""

    @property
    def pid(self) -> int:
        """Number of the process; 0 if unknown."""

    @property
    def host(self) -> str:
        """The machine of the process."""

    @property
    def process_start(self) -> str:
        """When the process started, as `started` returned it; empty if unknown."""


def words_of_dl(words: Iterable[str]) -> list[str]:
    """Return the command line of another process of dl; ``-P``: it imports nothing from the working folder."""
    return [sys.executable, "-P", "-m", "dl", *words]


def this_process() -> dict[str, Any]:  # Any: fields of the file of a run, a study or a workflow
    """Return what a file that is written by this process tells of it."""
    pid = os.getpid()
    return {"pid": pid, "host": HOST, "process_start": started(pid)}


def started(pid: int) -> str:
    """Return when a process of this machine started, as its system counts it; empty where that is not known."""
    try:
        fields = _fields(pid)
        boot = regular.read_text("/proc/sys/kernel/random/boot_id").strip()[:8]
        return f"{boot}-{fields[19]}"  # field 22: ticks since the machine started
    except (OSError, IndexError):
        return ""


def is_stopped(pid: int) -> bool:
    """Return whether a process of this machine is stopped by a signal, as far as the system tells."""
    try:
        return _fields(pid)[0] == "T"
    except (OSError, IndexError):
        return False


def _has_ended(pid: int) -> bool:
    """Return whether a process has ended, and only waits for its parent to ask how."""
    try:
        return _fields(pid)[0] in ("Z", "X")
    except (OSError, IndexError):
        return False


def _fields(pid: int) -> list[str]:
    """Return what Linux tells of a process, from the third field on: those before may hold spaces."""
    return regular.read_bytes(f"/proc/{pid}/stat").decode("utf-8", errors="replace").rpartition(")")[2].split()


def is_running(pid: int, host: str, start: str = "") -> bool:
    """Return whether a process runs; True for one of another machine, which cannot be asked.

    Args:
        pid: Its number; 0 for none.
        host: Its machine.
        start: As `started` returned it; empty if it is not known.
    """
    if not pid or host != HOST or os.name != "posix":
        return bool(pid)
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        pass  # that of another user
    if _has_ended(pid):
        return False
    now = started(pid)
    return not (start and now) or start == now


def works(told: Told) -> bool:
    """Return whether a process still works on a run, a study or a workflow."""
    return told.status == RUNNING and is_running(told.pid, told.host, told.process_start)


def status_of(told: Told) -> str:
    """Return the status of a run, a study or a workflow: killed where it runs and its process is gone."""
    return KILLED if told.status == RUNNING and not works(told) else told.status
