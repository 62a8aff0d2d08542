"""Fingerprints of the examples of a run on data in memory, to count their duplicates in a later test set.

A run on a data set or a file needs none, since its data can be read again.
"""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np

from dl import files
from dl.data.examples import Fingerprints
from dl.errors import BadRun

SEEN = "seen.npy"  # (n,) of 16 bytes each, sorted


def write_fingerprints(path: Path, found: Fingerprints) -> None:
    """Write fingerprints atomically."""
    stream = io.BytesIO()
    np.save(stream, np.unique(found), allow_pickle=False)
    files.write_bytes(path, stream.getvalue())


def read_fingerprints(path: Path) -> Fingerprints:
    """Read the fingerprints written by `write_fingerprints`.

    Raises:
        BadRun: If it is missing or damaged.
    """
    try:
        found = np.load(io.BytesIO(path.read_bytes()), allow_pickle=False)
    except FileNotFoundError:
        raise BadRun(f"{str(path)!r} is missing; the run is not complete") from None
    except (OSError, ValueError, EOFError) as error:
        raise BadRun(f"{str(path)!r} is damaged: {error}") from error
    if found.dtype != "S16" or found.ndim != 1:
        raise BadRun(f"{str(path)!r} is damaged: {found.dtype} {found.shape} are not fingerprints")
    return np.asarray(found)
