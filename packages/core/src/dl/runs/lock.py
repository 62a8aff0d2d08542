"""The lock of a run: one process at a time writes it. The system releases it when that process ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from dl.errors import BadRun
from dl.runs.run import Run

LOCK = ".fit.lock"  # name of the file in the folder of a run


@contextmanager
def run_lock(folder: Path) -> Iterator[None]:
    """Hold the lock of a run in this context; on a file system without locks nothing is held.

    Raises:
        BadRun: If another process holds it, with its number and its host.
    """
    from filelock import FileLock, Timeout

    with ExitStack() as stack:
        with suppress(OSError, NotImplementedError):  # no permission, or a file system without locks
            try:
                stack.enter_context(FileLock(folder / LOCK).acquire(timeout=0))
            except Timeout:
                raise BadRun(_line(Run(folder))) from None
            stack.callback((folder / LOCK).unlink, missing_ok=True)
        yield


def _line(run: Run) -> str:
    manifest = run.manifest
    return f"{run.name} is being fitted by process {manifest.pid} on {manifest.host}; wait for it, or end it"
