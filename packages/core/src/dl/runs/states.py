"""The states of a fit: `checkpoints/manifest.json` lists each with a checksum, the newest first."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from dl import regular
from dl.errors import DamagedRun
from dl.runs.run import read_json

CHECKPOINTS = "checkpoints"  # the folder of the states of a run
MANIFEST = "manifest.json"
STATE_FILE = re.compile(r"state-\d+\.ckpt")


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
    """Return what the manifest of a folder of states lists, newest first; nothing without one.

    Raises:
        BadRun: If it is damaged, or names a file that is no state of this folder.
    """
    path = folder / MANIFEST
    if not path.exists():
        return []
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
