"""What a run has seen: fingerprints of its examples, and whether its data is still the same when it is read again.

Fingerprints are kept of data in memory alone, to count duplicates in a later test set.
"""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np

from dl import sealed
from dl.data.examples import Fingerprints, Subset, subset_fingerprint
from dl.errors import BadRun, DamagedRun
from dl.runs.run import Run

SEEN = "seen.npy"  # (n,) of 16 bytes each, sorted


def write_fingerprints(path: Path, found: Fingerprints) -> None:
    """Write fingerprints atomically."""
    stream = io.BytesIO()
    np.save(stream, np.unique(found), allow_pickle=False)
    sealed.write(path, stream.getvalue())


def read_fingerprints(path: Path) -> Fingerprints:
    """Read the fingerprints written by `write_fingerprints`.

    Raises:
        BadRun: If it is missing or damaged.
    """
    try:
        found = np.load(io.BytesIO(sealed.read(path)), allow_pickle=False)
    except FileNotFoundError:
        raise DamagedRun(f"{str(path)!r} is missing; the run is not complete") from None
    except (OSError, ValueError, EOFError) as error:
        raise DamagedRun(f"{str(path)!r} is damaged: {error}") from error
    if found.dtype != "S16" or found.ndim != 1:
        raise DamagedRun(f"{str(path)!r} is damaged: {found.dtype} {found.shape} are not fingerprints")
    return np.asarray(found)


def refuse_changed(run: Run, data: str, held: Subset) -> None:
    """Refuse data that has changed since the fit.

    Args:
        run: Of the fit.
        data: Name of the data set.
        held: Its validation set as it is now; all examples for a run of folds.

    Raises:
        BadRun: If the validation examples are others.
    """
    if subset_fingerprint(held) != run.manifest.parts.val_fingerprint:
        raise BadRun(f"{data} has changed since {run.name}: its validation set is another one")
