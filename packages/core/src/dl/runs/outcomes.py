"""Outcomes: loss, score and margin of every single example after every epoch, the basis of all later statistics.

They are stored for the validation set and the probe, in single precision and bits, one file per epoch, so that the
five-hundredth epoch costs as little as the second. Half precision would clip errors at 65,504, and no statistic
recovers what is clipped. Files are plain ``.npz`` without pickles.
Letters: ``n`` examples of a subset, ``T`` epochs, ``K`` outputs of the network.
"""

from __future__ import annotations

import io
import lzma
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dl import sealed
from dl.errors import DamagedRun
from dl.groups import Groups

if TYPE_CHECKING:
    from dl.data.examples import Subset

Arrays = dict[str, NDArray[Any]]  # Any: as stored
Read = Callable[[Path], Arrays]
PARTS = ("val", "probe")
RIVALS, RIVAL_LOGITS = "rivals.npz", "rival_logits.npz"
ALL_EPOCHS, ALL_LOGITS = "epochs.npz", "logits.npz"  # of a fit of a protocol, which is written once
NO_GROUPS: Mapping[str, Groups | None] = {"val": None, "probe": None}
# Exceptions raised on reading a damaged zip file of arrays: a wrong checksum, method, flag, header or size.
_DAMAGE: tuple[type[Exception], ...] = (
    *(ValueError, OSError, KeyError, EOFError, RuntimeError, OverflowError, MemoryError, SyntaxError),
    *(struct.error, zipfile.BadZipFile, zlib.error, lzma.LZMAError),
)


@dataclass(frozen=True)
class Scored:
    """The outcomes of one subset after one epoch.

    Args:
        loss: (n,) loss of each example.
        score: (n,) score of each example, as the task defines it: 1 correct and 0 wrong, a share, or an error.
        margin: (n,) logit of the true class minus the largest other; zeros for tasks without classes.
        logits: (n, K) raw outputs.
    """

    loss: NDArray[np.float32]
    score: NDArray[np.float32]
    margin: NDArray[np.float32]
    logits: NDArray[np.float32]


@dataclass(frozen=True)
class PartOutcomes:
    """The stored outcomes of one subset over all epochs.

    Args:
        ids: (n,) stable ids.
        targets: (n, ...) targets.
        loss: (T, n) float32.
        score: (T, n) bool if the score is correct or wrong, otherwise float32.
        margin: (T, n) float32.
        groups: Of the n examples; None where they are independent, or the run keeps no groups.
        folds: (n,) number of the fit that scored each example, from 1; None in a run of one fit.
    """

    ids: NDArray[np.int64]
    targets: NDArray[np.generic]
    loss: NDArray[np.float32]
    score: NDArray[np.generic]
    margin: NDArray[np.float32]
    groups: Groups | None = None
    folds: NDArray[np.int32] | None = None


def write_examples(
    folder: Path,
    parts: Mapping[str, Subset],
    leaked: NDArray[np.bool_],
    groups: Mapping[str, Groups | None] = NO_GROUPS,
    folds: Mapping[str, NDArray[np.int32]] = MappingProxyType({}),
) -> None:
    """Write ids, targets and groups of the subsets, once, before the first epoch.

    Args:
        folder: Of the outcomes.
        parts: By name.
        leaked: (n,) which validation examples have an exact duplicate in the training set.
        groups: Of the examples of each subset; nothing is written of a subset without groups.
        folds: (n,) number of the fit that scored each example, of a run of several fits.
    """
    arrays: dict[str, NDArray[Any]] = {"val_leaked": leaked}  # Any: any number type
    for name, part in parts.items():
        arrays |= {f"{name}_ids": part.ids, f"{name}_targets": part.targets}
        if (shared := groups.get(name)) is not None:
            arrays[f"{name}_groups"] = shared.numbers.astype(np.int32)
        if name in folds:
            arrays[f"{name}_folds"] = folds[name]
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


def write_epochs(folder: Path, epochs: Sequence[Mapping[str, Scored]]) -> None:
    """Write the outcomes of all epochs, oldest first, in one file; bits where scores are right or wrong.

    Args:
        folder: Of the outcomes.
        epochs: (T) the outcomes of ``val`` and ``probe``.
    """
    arrays: dict[str, NDArray[Any]] = {}  # Any: float32 or packed bits
    for part in PARTS:
        score = np.stack([epoch[part].score for epoch in epochs])
        right_or_wrong = bool(np.isin(score, (0.0, 1.0)).all())
        arrays[f"{part}_score"] = np.packbits(score > 0.5, axis=1) if right_or_wrong else score
        arrays[f"{part}_loss"] = np.stack([epoch[part].loss for epoch in epochs])
        arrays[f"{part}_margin"] = np.stack([epoch[part].margin for epoch in epochs])
    write_arrays(folder / ALL_EPOCHS, arrays)


def write_all_logits(
    folder: Path, logits: Sequence[NDArray[np.float32]], answers: Sequence[NDArray[np.generic] | None]
) -> None:
    """Write the logits (n, K) and the answers (n, ...) of all epochs for the validation set, in one file."""
    arrays: dict[str, NDArray[Any]] = {"logits": np.stack(logits)}  # Any: of different types
    given = [answer for answer in answers if answer is not None]
    write_arrays(folder / ALL_LOGITS, arrays if len(given) < len(answers) else arrays | {"answers": np.stack(given)})


def read_arrays(path: Path) -> Arrays:
    """Read the arrays written by `write_arrays`.

    Raises:
        BadRun: If the file is missing, damaged or not one of dl.
    """
    try:
        with np.lib.npyio.NpzFile(io.BytesIO(sealed.read(path)), allow_pickle=False) as stored:
            arrays = dict(stored)
        if not all(isinstance(array, np.ndarray) for array in arrays.values()):
            raise ValueError("it holds something other than arrays")
        return arrays
    except FileNotFoundError:
        raise DamagedRun(f"{path} is missing; the run is not complete") from None
    except _DAMAGE as error:
        raise DamagedRun(f"{path} is damaged or not a file of dl: {error}") from error


def read_epoch_logits(folder: Path, epoch: int) -> tuple[NDArray[np.float32], NDArray[np.generic] | None]:
    """Read the logits and the answers of one epoch, from 1, that `write_all_logits` wrote."""
    arrays = read_arrays(folder / ALL_LOGITS)
    answers = arrays.get("answers")
    return _named(arrays, "logits", folder / ALL_LOGITS)[epoch - 1], None if answers is None else answers[epoch - 1]


def write_logits(
    folder: Path, name: str, logits: NDArray[np.float32], answers: NDArray[np.generic] | None = None, epoch: int = 0
) -> None:
    """Write logits and answers of the validation set under a name.

    Args:
        folder: Of the outcomes.
        name: Such as ``best``.
        logits: (n, K).
        answers: (n, ...) of the task; None if it has none.
        epoch: After which they were computed; it is in the name of the file that holds them. 0 for none.
    """
    arrays: dict[str, NDArray[Any]] = {"logits": logits}  # Any: of different types
    every = arrays if answers is None else arrays | {"answers": answers}
    write_arrays(folder / f"{name}.npz", every, f"{epoch:05d}" if epoch else "")


def read_logits(folder: Path, name: str, read: Read = read_arrays) -> NDArray[np.float32]:
    """Read the logits written by `write_logits`; ``read`` is as in `read_outcomes`."""
    path = folder / f"{name}.npz"
    return _named(read(path), "logits", path)


def read_answers(folder: Path, name: str, read: Read = read_arrays) -> NDArray[np.generic]:
    """Read the answers that `write_logits` wrote: class numbers, labels or numbers in target units."""
    path = folder / f"{name}.npz"
    return _named(read(path), "answers", path)


def write_rivals(
    folder: Path, scores: Mapping[str, NDArray[np.float32]], logits: Mapping[str, NDArray[np.float32]] | None = None
) -> None:
    """Write the score (n,) of each validation example by each rival, by its name, and its logits (n, K) if given."""
    write_arrays(folder / RIVALS, scores)
    if logits:
        write_arrays(folder / RIVAL_LOGITS, logits)


def read_rival_logits(folder: Path) -> dict[str, NDArray[np.float32]]:
    """Read the logits of rivals that `write_rivals` wrote; nothing where none were given."""
    return read_arrays(folder / RIVAL_LOGITS) if sealed.exists(folder / RIVAL_LOGITS) else {}


def read_rivals(folder: Path) -> dict[str, NDArray[np.float32]]:
    """Read what `write_rivals` wrote; nothing where no rival was fitted."""
    return read_arrays(folder / RIVALS) if sealed.exists(folder / RIVALS) else {}


def count_epochs(folder: Path) -> int:
    """Return the number of consecutive stored epochs."""
    if sealed.exists(folder / ALL_EPOCHS):
        return len(_named(read_arrays(folder / ALL_EPOCHS), "val_loss", folder / ALL_EPOCHS))
    epoch = 0
    while sealed.exists(_epoch_file(folder, epoch + 1)):
        epoch += 1
    return epoch


def read_outcomes(folder: Path, part: str, read: Read = read_arrays) -> PartOutcomes:
    """Read all epochs of one subset.

    Args:
        folder: Of the outcomes.
        part: ``val`` or ``probe``, which share files.
        read: Reads a file; one that keeps what it has read reads each once for both.

    Raises:
        BadRun: If a file is missing, damaged, or inconsistent with the others.
    """
    path = folder / "examples.npz"
    examples = read(path)
    ids, targets = (_named(examples, f"{part}_{name}", path) for name in ("ids", "targets"))
    n = len(ids)
    columns: dict[str, list[NDArray[Any]]] = {"loss": [], "score": [], "margin": []}  # Any: as stored
    for path, arrays in _stored_epochs(folder, read):
        for name, rows in columns.items():
            stored = _named(arrays, f"{part}_{name}", path)
            packed = stored.dtype == np.uint8
            if stored.shape != ((n + 7) // 8 if packed else n,):
                raise DamagedRun(f"{path}: {stored.size} values of {part} {name} for {n} examples")
            rows.append(np.unpackbits(stored, count=n).astype(bool) if packed else stored)
    loss, score, margin = (np.stack(rows) if rows else np.empty((0, n), np.float32) for rows in columns.values())
    groups = _groups(examples.get(f"{part}_groups"), n, folder)
    return PartOutcomes(ids, targets, loss, score, margin, groups, examples.get(f"{part}_folds"))


def _stored_epochs(folder: Path, read: Read) -> Iterator[tuple[Path, Arrays]]:
    """Read the epochs one after the other, each with its file."""
    path = folder / ALL_EPOCHS
    if sealed.exists(path):
        arrays = read(path)
        for epoch in range(min(map(len, arrays.values()))):
            yield path, {name: rows[epoch] for name, rows in arrays.items()}
        return
    for epoch in range(1, count_epochs(folder) + 1):
        path = _epoch_file(folder, epoch)
        yield path, read(path)


def _groups(numbers: NDArray[Any] | None, n: int, folder: Path) -> Groups | None:  # Any: as stored
    """Return the groups of n examples that a run keeps; None where it keeps none."""
    if numbers is not None and (numbers.shape != (n,) or numbers.dtype.kind not in "iu"):
        raise DamagedRun(f"{folder / 'examples.npz'}: {numbers.size} groups for {n} examples")
    return Groups.of(numbers)


def _epoch_file(folder: Path, epoch: int) -> Path:
    return folder / f"epoch-{epoch:05d}.npz"


def _named(arrays: Mapping[str, NDArray[Any]], name: str, path: Path) -> NDArray[Any]:  # Any: as stored
    if name not in arrays:
        raise DamagedRun(f"{path} does not hold {name}")
    return arrays[name]


def write_arrays(path: Path, arrays: Mapping[str, NDArray[Any]], tag: str = "") -> None:  # Any: any type but objects
    """Write named arrays into one file of a run, without pickles; a tag is as in `dl.sealed.write`."""
    stream = io.BytesIO()
    np.savez(stream, allow_pickle=False, **arrays)
    sealed.write(path, stream.getvalue(), tag)
