"""Outcomes: what happened to each single example, epoch by epoch; all later statistics come from them.

Letters: ``n`` examples of a part, ``T`` epochs, ``K`` outputs of the network.
Kept for the validation part and the probe, in single precision and bits, one file an epoch, so that keeping an epoch
costs the same at the second and at the five-hundredth: half precision would cut errors off at 65,504, and what is lost
there no statistic finds again. Files are plain ``.npz`` without pickles.
"""

from __future__ import annotations

import lzma
import struct
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dl.data.examples import Subset
from dl.errors import BadRun
from dl.files import write_with

PARTS = ("val", "probe")
# What reading a zip file of arrays raises for bytes that are none: by a wrong checksum, method, flag, header or size.
_DAMAGE: tuple[type[Exception], ...] = (
    *(ValueError, OSError, KeyError, EOFError, RuntimeError, OverflowError, MemoryError, SyntaxError),
    *(struct.error, zipfile.BadZipFile, zlib.error, lzma.LZMAError),
)


@dataclass(frozen=True)
class Scored:
    """The outcomes of one part at one epoch.

    Args:
        loss: (n,) loss of each example.
        score: (n,) score of each example, as the task's row has it: 1 right and 0 wrong, a share, or an error.
        margin: (n,) logit of the true class minus the largest other; zeros where the task has none.
        logits: (n, K) raw outputs.
    """

    loss: NDArray[np.float32]
    score: NDArray[np.float32]
    margin: NDArray[np.float32]
    logits: NDArray[np.float32]


@dataclass(frozen=True)
class PartOutcomes:
    """The kept outcomes of one part over all epochs.

    Args:
        ids: (n,) stable ids.
        targets: (n, ...) targets.
        loss: (T, n) float32.
        score: (T, n) bool where the score is right or wrong, else float32.
        margin: (T, n) float32.
    """

    ids: NDArray[np.int64]
    targets: NDArray[np.generic]
    loss: NDArray[np.float32]
    score: NDArray[np.generic]
    margin: NDArray[np.float32]


def write_examples(folder: Path, parts: Mapping[str, Subset], leaked: NDArray[np.bool_]) -> None:
    """Write which examples the parts hold: once, before the first epoch.

    Args:
        folder: Of the outcomes.
        parts: By name.
        leaked: (n,) which validation examples also stand in the training part, bit for bit.
    """
    arrays: dict[str, NDArray[Any]] = {"val_leaked": leaked}  # Any: any number type
    for name, part in parts.items():
        arrays |= {f"{name}_ids": part.ids, f"{name}_targets": part.targets}
    write_arrays(folder / "examples.npz", arrays)


def write_epoch(folder: Path, epoch: int, scored: Mapping[str, Scored]) -> None:
    """Write the outcomes of one epoch (counted from 1)."""
    arrays: dict[str, NDArray[Any]] = {}  # Any: float32 or packed bits
    for part, outcome in scored.items():
        arrays[f"{part}_loss"] = outcome.loss
        right_or_wrong = bool(np.isin(outcome.score, (0.0, 1.0)).all())
        arrays[f"{part}_score"] = np.packbits(outcome.score > 0.5) if right_or_wrong else outcome.score
        arrays[f"{part}_margin"] = outcome.margin
    write_arrays(_epoch_file(folder, epoch), arrays)


def write_logits(
    folder: Path, name: str, logits: NDArray[np.float32], answers: NDArray[np.generic] | None = None
) -> None:
    """Write the validation part's logits at one named epoch, ``best``, (n, K), and what the task answers, (n, ...)."""
    arrays: dict[str, NDArray[Any]] = {"logits": logits}  # Any: of different types
    write_arrays(folder / f"{name}.npz", arrays if answers is None else arrays | {"answers": answers})


def read_logits(folder: Path, name: str) -> NDArray[np.float32]:
    """Read what `write_logits` wrote."""
    path = folder / f"{name}.npz"
    return _named(read_arrays(path), "logits", path)


def read_answers(folder: Path, name: str) -> NDArray[np.generic]:
    """Read the answers that `write_logits` wrote: class numbers, labels or numbers in target units."""
    path = folder / f"{name}.npz"
    return _named(read_arrays(path), "answers", path)


def count_epochs(folder: Path) -> int:
    """Return how many epochs have been kept without a gap."""
    epoch = 0
    while _epoch_file(folder, epoch + 1).exists():
        epoch += 1
    return epoch


def read_outcomes(folder: Path, part: str) -> PartOutcomes:
    """Read all epochs of one part.

    Raises:
        BadRun: If a file is missing, damaged, or does not belong to the others.
    """
    path = folder / "examples.npz"
    examples = read_arrays(path)
    ids, targets = (_named(examples, f"{part}_{name}", path) for name in ("ids", "targets"))
    n = len(ids)
    columns: dict[str, list[NDArray[Any]]] = {"loss": [], "score": [], "margin": []}  # Any: as stored
    for epoch in range(1, count_epochs(folder) + 1):
        path = _epoch_file(folder, epoch)
        arrays = read_arrays(path)
        for name, rows in columns.items():
            stored = _named(arrays, f"{part}_{name}", path)
            packed = stored.dtype == np.uint8
            if stored.shape != ((n + 7) // 8 if packed else n,):
                raise BadRun(f"{path}: {stored.size} values of {part} {name} for {n} examples")
            rows.append(np.unpackbits(stored, count=n).astype(bool) if packed else stored)
    loss, score, margin = (np.stack(rows) if rows else np.empty((0, n), np.float32) for rows in columns.values())
    return PartOutcomes(ids, targets, loss, score, margin)


def _epoch_file(folder: Path, epoch: int) -> Path:
    return folder / f"epoch-{epoch:05d}.npz"


def _named(arrays: Mapping[str, NDArray[Any]], name: str, path: Path) -> NDArray[Any]:  # Any: as stored
    if name not in arrays:
        raise BadRun(f"{path} does not hold {name}")
    return arrays[name]


def write_arrays(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:  # Any: any type but objects
    """Write named arrays into one file, whole or not at all, without pickles."""
    write_with(path, lambda stream: np.savez(stream, allow_pickle=False, **arrays))


def read_arrays(path: Path) -> dict[str, NDArray[Any]]:  # Any: as stored
    """Read what `write_arrays` wrote.

    Raises:
        BadRun: If the file is missing, damaged or not ours.
    """
    try:
        with path.open("rb") as stream, np.lib.npyio.NpzFile(stream, allow_pickle=False) as stored:
            arrays = dict(stored)
        if not all(isinstance(array, np.ndarray) for array in arrays.values()):
            raise ValueError("it holds something that is no array")
        return arrays
    except FileNotFoundError:
        raise BadRun(f"{path} is missing; the run is not complete") from None
    except _DAMAGE as error:
        raise BadRun(f"{path} is damaged or not a file of dl: {error}") from error
