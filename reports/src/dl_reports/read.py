"""Read everything a report needs from a run folder, once and defensively.

Without `run.json` and `history.csv` there is no report, and the error is one line. Every other file may be missing,
cut off or foreign: then that part is a `NotComputable` with the reason, and the report goes on without it.
Letters: ``T`` epochs, ``n`` validation and ``m`` probe examples, ``K`` outputs, ``F`` features.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from dl import sealed
from dl.diagram import Diagram
from dl.errors import BadRun, DamagedRun
from dl.finding import Finding
from dl.recipes.asked import Asked
from dl.recipes.recipe import PartialRecipe
from dl.runs.history import EpochRow
from dl.runs.manifest import Manifest
from dl.runs.outcomes import (
    PartOutcomes,
    Read,
    read_answers,
    read_arrays,
    read_logits,
    read_rival_logits,
    read_rivals,
)
from dl.runs.run import NETWORK, Run, read_json
from dl.runs.verify import Fault, find_faults
from dl_reports.statistics import NotComputable

Arrays = Mapping[str, NDArray[Any]]  # Any: of an .npz file, each with its own type
Known = TypeVar("Known")
NO_RIVALS = NotComputable("no cheap rival was fitted")
NO_NETWORK = NotComputable("the layers of the network were not kept")
OF_FOLDS = "folds have networks and splits of their own; it is checked in their own reports"
VERIFIED = 256 << 20  # bytes whose checksums a report compares; of larger files it compares the size
SETS = {"val": "the validation set", "probe": "the probe"}


@dataclass(frozen=True)
class Kept:
    """The contents of a run folder, as far as they can be read.

    Attributes:
        run: The folder.
        manifest: Task, parts, baselines, status.
        rows: (T) rows of the history, oldest first.
        val: Outcomes of the validation set, at most T epochs.
        probe: Outcomes of the probe, at most T epochs.
        leaked: (n,) validation examples that are also in the training set.
        best_logits: (n, K) of the validation set at the best epoch.
        answers: (n, ...) to the validation set at the best epoch: class numbers, labels, or numbers in target units.
        features: Arrays of `features.npz`.
        sketches: Arrays of `sketches.npz`.
        recipe: The choices.
        guards: Findings of the guards.
        rivals: (n,) scores of the validation examples by each cheap rival, by its name.
        rival_logits: (n, K) of the validation examples by each cheap rival, where the headline is no mean of scores.
        asked: The words of a fit that is not made; None for a run.
        network: Its layers as they are drawn.
        faults: Files of the run that are not as they were written.
    """

    run: Run
    manifest: Manifest
    rows: tuple[EpochRow, ...]
    val: PartOutcomes | NotComputable
    probe: PartOutcomes | NotComputable
    leaked: NDArray[np.bool_] | NotComputable
    best_logits: NDArray[np.float32] | NotComputable
    answers: NDArray[np.generic] | NotComputable
    features: Arrays | NotComputable
    sketches: Arrays | NotComputable
    recipe: PartialRecipe | NotComputable
    guards: tuple[Finding, ...] | NotComputable
    rivals: Arrays | NotComputable = NO_RIVALS
    rival_logits: Arrays | NotComputable = NO_RIVALS
    asked: Asked | None = None
    network: Diagram | NotComputable = NO_NETWORK
    faults: tuple[Fault, ...] = ()


def read(run: Run) -> Kept:
    """Load a run.

    Raises:
        BadRun: If the manifest or the history cannot be read.
    """
    manifest = _sound(run.manifest, run)
    rows = run.history.rows
    _need_columns(rows, manifest, run)
    folder, n = run.outcomes_folder, manifest.parts.val
    arrays, whole = cache(read_arrays), cache(partial(_whole, run))  # several parts of a report read the same file
    return Kept(
        run=run,
        manifest=manifest,
        rows=rows,
        val=_outcomes(lambda: whole().outcomes("val", arrays), run, "val", len(rows)),
        probe=_outcomes(lambda: whole().outcomes("probe", arrays), run, "probe", len(rows)),
        leaked=_try(lambda: _leaked(_archive(run, "examples.npz", arrays), n)),
        best_logits=_try(lambda: _logits(_guarded(lambda: read_logits(folder, "best", arrays), run, "best"), manifest)),
        answers=_try(lambda: _answers(_guarded(lambda: read_answers(folder, "best", arrays), run, "best"), manifest)),
        features=NotComputable(OF_FOLDS) if manifest.protocol else _try(lambda: _archive(run, "features.npz", arrays)),
        sketches=_try(lambda: _archive(run, "sketches.npz", arrays)),
        recipe=_try(lambda: run.recipe),
        guards=_try(lambda: run.guard_findings),
        rivals=_try(lambda: _guarded(lambda: read_rivals(folder), run, "rivals")),
        rival_logits=_try(lambda: _guarded(lambda: read_rival_logits(folder), run, "rival_logits")),
        network=_try(lambda: _network(run)),
        faults=tuple(find_faults(run, VERIFIED)),
    )


def _network(run: Run) -> Diagram:
    """Read the layers of the network.

    Raises:
        BadRun: If they were not kept, or read layers that do not stand before them.
    """
    found = read_json(run.path / NETWORK, Diagram)
    if any(not 0 <= one < place for place, layer in enumerate(found.layers) for one in layer.reads):
        raise DamagedRun(f"{str(run.path / NETWORK)!r} is damaged: a layer reads one that does not stand before it")
    return found


def _try(load: Callable[[], Known]) -> Known | NotComputable:
    """Return what is loaded, or why it cannot be."""
    try:
        return load()
    except BadRun as error:
        return NotComputable(str(error))


def _sound(manifest: Manifest, run: Run) -> Manifest:
    """Refuse a manifest that counts less than nothing."""
    task, parts = manifest.task, manifest.parts
    counts = (parts.train, parts.val, parts.probe, manifest.best_epoch, manifest.parameters, task.outputs)
    if min(counts) < 0:
        raise DamagedRun(f"{str(run.path / 'run.json')!r} is damaged: it counts {min(counts)} of something")
    return manifest


def _need_columns(rows: tuple[EpochRow, ...], manifest: Manifest, run: Run) -> None:
    path, metric = run.path / "history.csv", manifest.task.headline.name
    content = sealed.read(path) if not rows and path.exists() else b""
    if content.strip() and not content.startswith(b"epoch,"):
        raise DamagedRun(f"{str(path)!r} is not the history of a run of dl")
    for number, row in enumerate(rows, start=2):
        missing = [name for name in ("epoch", "val_loss", f"val_{metric}") if name not in row]
        if missing:
            raise BadRun(f"{str(path)!r}: line {number} has no {missing[0]}")


def _outcomes(load: Callable[[], PartOutcomes], run: Run, part: str, epochs: int) -> PartOutcomes | NotComputable:
    """Read the outcomes of one set, no more epochs than the history has."""
    found = _try(lambda: _guarded(load, run, part))
    if isinstance(found, NotComputable):
        return found
    if len(found.loss) == 0:
        return NotComputable("no epoch was kept")
    if len(found.targets) != len(found.ids) or any(a.ndim != 2 for a in (found.loss, found.score, found.margin)):
        return NotComputable(f"the outcomes of {SETS[part]} have shapes that do not match")
    if len(found.ids) == 0:
        return NotComputable(f"{SETS[part]} has no examples")
    if len(found.loss) < epochs:  # an epoch is kept before its row is written, so one that lacks was lost
        return NotComputable(f"the outcomes of {SETS[part]} at epoch {len(found.loss) + 1} are missing")
    kept = slice(0, epochs)
    score = found.score[kept]
    if not run.manifest.task.score_higher:  # errors that are all 0 or 1 are kept as bits, but are not right or wrong
        score = score.astype(np.float32)
    return replace(found, loss=found.loss[kept], score=score, margin=found.margin[kept])


def _whole(run: Run) -> Run:
    """Refuse outcomes of which a file is cut off or foreign, before numpy opens it and leaves it open."""
    for path in sorted(run.outcomes_folder.glob("e*.npz")):
        if not path.is_file() or not zipfile.is_zipfile(path):
            raise DamagedRun(f"{str(path)!r} is damaged or not a file of dl")
    return run


def _guarded(load: Callable[[], Known], run: Run, what: str) -> Known:
    """Load arrays; a file of the right kind with the wrong things in it is damaged as well."""
    try:
        return load()
    except (KeyError, ValueError, TypeError, EOFError, zlib.error, zipfile.BadZipFile) as error:
        raise DamagedRun(f"the outcomes of {what} in {str(run.path)!r} are damaged: {error}") from error


def _archive(run: Run, name: str, read: Read) -> Arrays:
    path = run.outcomes_folder / name
    if not sealed.place(path).exists():
        raise BadRun(f"this run keeps no {name}")
    return _guarded(lambda: read(path), run, name)


def _leaked(examples: Arrays, n: int) -> NDArray[np.bool_]:
    if "val_leaked" not in examples:
        raise BadRun("this run does not keep which validation examples are also in the training set")
    leaked = np.asarray(examples["val_leaked"]).astype(np.bool_)
    if leaked.shape != (n,):
        raise DamagedRun(f"{leaked.shape} marks of duplicates do not fit {n} validation examples")
    return leaked


def _logits(logits: NDArray[np.float32], manifest: Manifest) -> NDArray[np.float32]:
    if logits.ndim != 2 or logits.dtype.kind != "f" or len(logits) != manifest.parts.val:
        raise DamagedRun(f"logits of shape {logits.shape} do not fit {manifest.parts.val} validation examples")
    return logits


def _answers(answers: NDArray[np.generic], manifest: Manifest) -> NDArray[np.generic]:
    classes = manifest.task.has_classes
    if len(answers) != manifest.parts.val or answers.dtype.kind not in "biuf" or (classes and answers.ndim != 1):
        raise DamagedRun(f"answers of shape {answers.shape} do not fit {manifest.parts.val} validation examples")
    return answers
