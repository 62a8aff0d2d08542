"""The cache of what rivals answered on a split, so that the next fit on it has them for nothing.

The key of an entry (`dl.data.cache`) is a hash of all that the answers follow from: the examples and targets of both
sets, the learner, the scale of the target, and the versions of dl and scikit-learn. Where the cache cannot be written,
nothing is cached.
"""

from __future__ import annotations

import contextlib
import io
from hashlib import blake2b
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from dl.data.cache import cache_folder, mark_used, read_entry, trim, write_entry
from dl.data.examples import Subset, fingerprints
from dl.errors import CannotWrite
from dl.tasks.task import Task
from dl.version import VERSION

KIND = "rivals"  # of entries
FORMAT = 2  # of an entry


def key_of(name: str, answer: str, task: Task, train: Subset, val: Subset) -> str:
    """Return the key of a rival's answers.

    Args:
        name: Of the rival.
        answer: Of the rival, in words, which tells a classifier from a regressor.
        task: Of the fit.
        train: The examples that it learns from.
        val: The examples that it answers.
    """
    info = task.info
    made_with = (FORMAT, VERSION, version("scikit-learn"), name, answer, task.row.name)
    digest = blake2b(repr((made_with, info.outputs, info.names, info.log_limits)).encode(), digest_size=16)
    for subset in (train, val):
        inputs, targets = subset.examples.inputs, np.ascontiguousarray(subset.targets)
        digest.update(f"{getattr(inputs, 'dtype', '')} {targets.dtype} {targets.shape} ".encode())
        digest.update(fingerprints(subset).tobytes())
        digest.update(targets.tobytes())
    return digest.hexdigest()


def read(key: str) -> tuple[Tensor, float] | None:
    """Return preds and the seconds that they took; None where they are not known."""
    path = _path(key)
    content = read_entry(path) if path is not None else None
    if path is None or content is None:
        return None
    try:
        stored = dict(np.lib.npyio.NpzFile(io.BytesIO(content), allow_pickle=False))
        found = torch.from_numpy(stored["preds"].astype(np.float64)), float(stored["seconds"])
    except (KeyError, TypeError, ValueError):  # it is of another version: it is made again
        return None
    mark_used(path)
    return found


def write(key: str, preds: Tensor, seconds: float) -> None:
    """Keep preds, and the seconds that they took."""
    path = _path(key)
    if path is not None:
        with contextlib.suppress(CannotWrite):
            arrays = {"preds": preds.numpy(), "seconds": np.array(seconds)}
            write_entry(path, lambda stream: np.savez(stream, allow_pickle=False, **arrays))
            trim((path,))


def _path(key: str) -> Path | None:
    try:
        return cache_folder(KIND) / f"{key}.npz"
    except CannotWrite:
        return None
