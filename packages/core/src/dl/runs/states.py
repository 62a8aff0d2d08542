"""The states of a fit: `checkpoints/manifest.json` lists each with a checksum, the newest first.

A state is an archive with checksums of its own. Where the manifest is damaged or missing, those that are whole by
these are taken, the newest first.
"""

from __future__ import annotations

import hashlib
import io
import re
import warnings
import zipfile
from dataclasses import dataclass
from pathlib import Path

from dl import regular
from dl.errors import BadRun, DamagedRun
from dl.runs.run import read_json

CHECKPOINTS = "checkpoints"  # the folder of the states of a run
MANIFEST = "manifest.json"
STATE_FILE = re.compile(r"state-(\d+)\.ckpt")


@dataclass(frozen=True)
class StateEntry:
    """A state that the manifest lists.

    Args:
        file: Name in the folder.
        sequence: From 1; the newest has the largest.
        sha256: Of its content.
    """

    file: str
    sequence: int
    sha256: str


def listed_states(folder: Path) -> list[StateEntry]:
    """Return the states of a folder, newest first; where their manifest fails, those that are whole, with a warning.

    Raises:
        BadRun: If the manifest is damaged, and no state is whole.
    """
    try:
        return read_manifest(folder)
    except BadRun as error:
        found = whole_states(folder)
        if not found:
            if (folder / MANIFEST).exists():
                raise
            return []
        warnings.warn(f"{error}; going on from {found[0].file}, the newest state that is whole", stacklevel=2)
        return found


def read_manifest(folder: Path) -> list[StateEntry]:
    """Return what the manifest of a folder of states lists, newest first.

    Raises:
        BadRun: If it is missing or damaged, or names a file that is no state of this folder.
    """
    path = folder / MANIFEST
    entries = read_json(path, list[StateEntry])
    if strange := [entry.file for entry in entries if not STATE_FILE.fullmatch(entry.file)]:
        raise DamagedRun(f"{str(path)!r} is damaged: {strange[0]!r} is no checkpoint")
    return entries


def whole_state(folder: Path, entry: StateEntry) -> bytes | None:
    """Return the content of a state; None if it is damaged or missing."""
    try:
        content = regular.read_bytes(folder / entry.file)
    except OSError:
        return None
    return content if hashlib.sha256(content).hexdigest() == entry.sha256 else None


def whole_states(folder: Path) -> list[StateEntry]:
    """Return the states in a folder whose own checksums hold, newest first, whatever the manifest lists."""
    numbers = [(int(match[1]), path) for path in folder.glob("state-*") if (match := STATE_FILE.fullmatch(path.name))]
    found = []
    for number, path in sorted(numbers, reverse=True):
        try:
            content = regular.read_bytes(path)
        except OSError:
            continue
        if _is_whole(content):
            found.append(StateEntry(path.name, number, hashlib.sha256(content).hexdigest()))
    return found


def _is_whole(content: bytes) -> bool:
    """Return whether an archive holds what was put into it, by its own checksums."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return bool(archive.namelist()) and archive.testzip() is None
    except Exception:  # foreign bytes may fail in any way
        return False
