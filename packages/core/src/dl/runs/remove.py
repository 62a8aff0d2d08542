"""Remove runs from a folder: never one that is running, nor, unless forced, one that another needs.

Another run needs it if its recipe names the folder or a file in it, as after ``dl fit --from``, or if both are fits of
one study, workflow or run of folds.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from dl import files, sealed
from dl.errors import BadRun
from dl.runs.lock import run_lock
from dl.runs.overview import Overview, inner_paths
from dl.runs.run import FITS, FOLDS, TRIALS, is_of_several, list_with_inner
from dl.runs.working import working_on

FRESH = 3_600.0  # seconds in which an empty folder may still become a run


@dataclass(frozen=True)
class Hold:
    """Why a run is not removed.

    Args:
        path: Of its folder.
        why: In words.
        forced: Whether ``--force`` removes it nevertheless.
    """

    path: Path
    why: str
    forced: bool

    def __str__(self) -> str:
        return f"{self.path.name} {self.why}" + ("; --force removes it nevertheless" if self.forced else "")


def find_holds(paths: Iterable[Path], root: Path) -> list[Hold]:
    """Return why some of these runs are to be kept, the weightiest reason of each.

    Args:
        paths: Of their folders.
        root: Folder of run folders, whose recipes are asked.
    """
    chosen = [path.resolve() for path in paths]
    needed = _needs(root, chosen)
    found = (_running(path) or _member(path) or _needed(path, needed) for path in chosen)
    return [hold for hold in found if hold]


def remove_run(path: Path) -> None:
    """Remove the folder of a run, a study or a workflow, all or nothing.

    Raises:
        BadRun: If a process has begun to work on it.
        CannotWrite: If it cannot be removed.
    """
    with run_lock(path):
        if hold := _written(path):
            raise BadRun(str(hold))
        files.remove_whole(path)
    sealed.forget(path)


def _running(path: Path) -> Hold | None:
    """Return the hold of a run that a process works on, or may be about to."""
    if not any(path.iterdir()) and time.time() - path.stat().st_mtime < FRESH:
        return Hold(path, "is empty and new: a fit may be about to write it", True)
    return _written(path) or next((hold for below in _all_inside(path) if (hold := _locked(path, below))), None)


def _written(path: Path) -> Hold | None:
    """Return the hold of a run whose files, or those of a fit inside, name a process that runs."""
    for below in _all_inside(path):
        if worker := working_on(below):
            return Hold(path, f"is running: process {worker.pid} on {worker.host}", False)
    return None


def _locked(path: Path, below: Path) -> Hold | None:
    """Return the hold of a run if a process holds its lock, or that of a fit inside."""
    try:
        with run_lock(below):
            return None
    except BadRun:
        return Hold(path, "is being fitted by another process", False)


def _all_inside(path: Path) -> Iterator[Path]:
    yield path
    for below in inner_paths(path):
        yield from _all_inside(below)


def _member(path: Path) -> Hold | None:
    """Return the hold of a run that lies in a study, a workflow or a run of folds."""
    above = path.parent
    if above.name in (TRIALS, FITS, FOLDS):
        return Hold(path, f"belongs to {above.parent.name}", True)
    return Hold(path, f"belongs to {above.name}", True) if is_of_several(above) else None


def _needed(path: Path, needed: dict[Path, list[str]]) -> Hold | None:
    by = needed.get(path, [])
    more = f" and {len(by) - 1} more" if len(by) > 1 else ""
    return Hold(path, f"is needed by {by[0]}{more}, which went on from it", True) if by else None


def _needs(root: Path, chosen: list[Path]) -> dict[Path, list[str]]:
    """Return the names of the runs, besides the chosen ones, whose recipes name one of the chosen folders."""
    needed: dict[Path, list[str]] = {}
    for run in list_with_inner(root):
        own = run.path.resolve()
        if any(own.is_relative_to(path) for path in chosen):
            continue
        for named in _named_paths(Overview(run.path)):
            for path in chosen:
                if named.is_relative_to(path):
                    needed.setdefault(path, []).append(run.name)
    return {path: sorted(set(names)) for path, names in needed.items()}


def _named_paths(one: Overview) -> Iterator[Path]:
    """Yield the paths that the recipe of a run names."""
    for value in one.choices.values():
        if isinstance(value, str) and os.sep in value and "\0" not in value:
            yield Path(value).resolve()


def listed_size(path: Path) -> int:
    """Return the bytes of all files in a folder, as far as they can be asked."""
    total = 0
    for folder, _, names in os.walk(path):
        for name in names:
            try:
                total += os.lstat(os.path.join(folder, name)).st_size  # noqa: PTH118 - thousands of files
            except OSError:
                continue
    return total
