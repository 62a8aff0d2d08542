"""Verify a run: compare each of its files with the checksum that `run.json` lists, and name those that differ."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dl import regular, sealed
from dl.errors import BadRun
from dl.runs.history import read_history
from dl.runs.ledger import LEDGER, torn_lines
from dl.runs.outcomes import ALL_LOGITS
from dl.runs.run import FITS_FILE, STUDY, WORKFLOW, Run, claimed_only, inner_runs, is_of_several, list_runs
from dl.runs.states import CHECKPOINTS, MANIFEST, read_manifest, whole_state, whole_states
from dl.stored import need_whole
from dl.words import many


@dataclass(frozen=True)
class Fault:
    """A file of a run that is not as it was written.

    Args:
        file: Where it lies, relative to the folder of the run.
        message: What is wrong with it.
    """

    file: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}: {self.message}"


def find_faults(run: Run, most: int = sys.maxsize) -> list[Fault]:
    """Compare the files of a run and of its folds with their checksums; a run that lists none has no fault.

    Args:
        run: The run; of a head, those of its run.
        most: Bytes to read, the smallest files first; the size of larger ones is compared alone.
    """
    top = sealed.folder_of(sealed.absolute(run.path / sealed.RUN)) or run.path
    of_folds = {fold.path: _fault_of_manifest(top, fold) for fold in Run(top).folds}
    found = [fault for fault in of_folds.values() if fault]
    whole = [top, *(path for path, fault in of_folds.items() if not fault)]
    every = [(folder, *item) for folder in whole for item in sealed.listed(folder).items()]
    for folder, name, seal in sorted(every, key=lambda one: one[2].size):
        path = folder / seal.file
        if name.endswith(ALL_LOGITS) and not path.exists():  # of a fold, removed once it is pooled
            continue
        most -= seal.size
        why = _fault_of_history(path) if path.name == sealed.HISTORY else _fault(path, seal, whole=most >= 0)
        if why and not name.endswith(sealed.NEXT):
            found.append(Fault(path.relative_to(top).as_posix(), why))
    return sorted(found, key=lambda one: one.file)


def _fault_of_manifest(top: Path, fold: Run) -> Fault | None:
    """Return what is wrong with the `run.json` of a fold, which no other file lists."""
    path = fold.path / sealed.RUN
    try:
        fold.status  # noqa: B018 - reads and checks it
    except BadRun as error:
        said = str(error).rpartition(f"{path}")[2].strip("': ")
        return Fault(path.relative_to(top).as_posix(), f"it {said}" if said.startswith("is ") else said)
    return None


def _fault(path: Path, seal: sealed.Seal, *, whole: bool) -> str:
    """Return what is wrong with a file; empty if it is as it was written."""
    try:
        if whole:
            sealed.read(path)
            return ""
        size = path.stat().st_size
        return "" if size == seal.size else f"it has {size:,} bytes, and {seal.size:,} were written"
    except FileNotFoundError:
        return "it is missing"
    except OSError as error:
        return f"it cannot be read: {error.strerror}"
    except BadRun:
        return sealed.fault(regular.read_bytes(path), seal)


def _fault_of_history(path: Path) -> str:
    try:
        read_history(path)
    except BadRun as error:
        return str(error).removeprefix(f"{path}").lstrip(": ")
    return "" if path.is_file() else "it is missing"


def faults_of_root(root: Path) -> Iterator[str]:
    """Yield what is wrong in a folder of runs, apart from the files of the runs: a line for each."""
    for path in claimed_only(root):
        yield f"{path} holds no run: its fit ended before the first step; it may be removed"
    if torn := torn_lines(root / LEDGER):
        lines = ", ".join(map(str, torn))
        yield f"{root / LEDGER}: line {lines} was cut off while it was written, and is passed over"
    for run in list_runs(root):
        try:
            if run.status == "killed":
                yield f"{run.name} was killed: {run.manifest.message}"
        except BadRun as error:
            yield str(error)


def find_count(run: Run) -> str:
    """Return the number of files that a run, or a study and the runs in it, and the fits in these list, in words."""
    every = inner_runs(run) if is_of_several(run.path) else [run]
    return many(sum(len(sealed.listed(one.path)) for outer in every for one in (outer, *outer.folds)), "file")


def faults_inside(run: Run) -> Iterator[str]:
    """Yield what is wrong with the files of a run, a study or a workflow, and of the fits in it: a line for each."""
    if is_of_several(run.path):
        yield from _faults_of_several(run)
        return
    run.manifest  # noqa: B018 - reads and checks it
    if not sealed.listed(run.path):
        yield f"{run.path / sealed.RUN} lists no checksums: it is of an earlier dl"
    yield from (f"{run.path / one.file}: {one.message}; {sealed.RESTORE}" for one in find_faults(run))
    yield from _faults_of_states(run)


def _faults_of_states(run: Run) -> Iterator[str]:
    """Yield what is wrong with the states of a run; those of a fit that runs change while they are read."""
    folder = run.path / CHECKPOINTS
    if run.status == "running":
        return
    try:
        entries = read_manifest(folder)
    except BadRun as error:
        found = whole_states(folder)
        if found or (folder / MANIFEST).exists():
            yield f"{error}; {f'{found[0].file} is taken' if found else 'the fit cannot go on'}"
        return
    bad = [entry.file for entry in entries if whole_state(folder, entry) is None]
    then = "the fit cannot go on" if len(bad) == len(entries) else "the other one is taken"
    yield from (f"{folder / file}: it is damaged or missing; {then}" for file in bad)


def _faults_of_several(run: Run) -> Iterator[str]:
    for path in (run.path / name for name in (STUDY, FITS_FILE, WORKFLOW)):
        try:
            if path.exists():
                need_whole(regular.read_bytes(path))
        except (OSError, ValueError) as error:
            yield f"{path} is damaged: {error}"
    for one in inner_runs(run):
        try:
            yield from faults_inside(one)
        except BadRun as error:
            yield str(error)
