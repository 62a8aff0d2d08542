"""The rows and curves of a folder of runs as the board's page reads them; what has not changed is not read again.

    entries = Entries(Path("runs"))
    entries.read().rows     # a dict of JSON for each run, study and workflow, oldest first

Every text is safe to show: control and direction-changing characters are escaped here, markup by the page itself.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dl import regular
from dl.errors import BadRun
from dl.runs.history import History
from dl.runs.notes import NOTES
from dl.runs.overview import Overview, overview, walk_runs
from dl.runs.run import FITS, FITS_FILE, STUDY, WORKFLOW, slug_of
from dl.runs.study import read_study
from dl.runs.workflow import read_workflow
from dl.terminal import safe_text

Json = dict[str, Any]  # Any: JSON
MOST_POINTS = 120  # of a curve, thinned evenly
LONGEST = 2_000  # characters of a text
DIGITS = 6  # significant ones of a number of a curve
STAMPED = ("run.json", STUDY, FITS_FILE, WORKFLOW, "history.csv", "recipe.toml", NOTES)  # whose change is a new row
_PLAIN = re.compile(r"[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*")

Stamp = tuple[regular.Stamp | None, ...]


@dataclass(frozen=True)
class Entry:
    """A run, a study or a workflow of the board.

    Args:
        key: Its path below the folder; one that is no plain text is replaced by a name with a hash.
        path: Of its folder.
        row: For the page.
        curves: Epochs, and a list of numbers for each column.
    """

    key: str
    path: Path
    row: Json
    curves: Json


@dataclass(frozen=True)
class Snapshot:
    """A folder as it was read.

    Args:
        entries: Oldest first, those inside of a study behind it.
        version: Of all rows; another one after any change.
    """

    entries: tuple[Entry, ...]
    version: str

    @property
    def rows(self) -> list[Json]:
        """The row of each entry."""
        return [entry.row for entry in self.entries]

    @property
    def curves(self) -> dict[str, Json]:
        """The curves of each entry that has some, by its key."""
        return {entry.key: entry.curves for entry in self.entries if entry.curves}


class Entries:
    """The entries of a folder, kept between two readings.

    Args:
        root: Folder of run folders.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._kept: dict[Path, tuple[Stamp, Entry]] = {}

    def read(self) -> Snapshot:
        """Read what is new or has changed, and forget what is gone."""
        kept: dict[Path, tuple[Stamp, Entry]] = {}
        for path, inside in walk_runs(self.root):
            stamp = _stamp(path)
            known = self._kept.get(path)
            if known is None or known[0] != stamp or known[1].row["status"] == "running":
                known = stamp, self._entry(overview(path, inside))
            kept[path] = known
        self._kept = kept
        entries = tuple(entry for _, entry in kept.values())
        digest = hashlib.blake2b(digest_size=8)
        for entry in entries:
            digest.update(json.dumps(entry.row).encode())
        return Snapshot(entries, digest.hexdigest())

    def _entry(self, one: Overview) -> Entry:
        key = key_of(one.path, self.root)
        inside = key_of(one.inside, self.root) if one.inside else ""
        more = _detail(one, self.root)
        return Entry(key, one.path, _safe(row_of(one) | {"id": key, "inside": inside} | more), curves_of(one.history))


def key_of(path: Path, root: Path) -> str:
    """Return what names an entry in the page and in addresses: its path below the folder, if that is plain text."""
    relative = path.relative_to(root).as_posix()
    if _PLAIN.fullmatch(relative):
        return relative
    digest = hashlib.blake2b(relative.encode("utf-8", errors="surrogateescape"), digest_size=6)
    return f"{slug_of(relative)}-{digest.hexdigest()}"


def row_of(one: Overview) -> Json:
    """Return what the page shows of a run, and filters and sorts by."""
    metric = one.headline
    return {
        "name": one.name,
        "kind": one.kind,
        "status": one.status,
        "result": one.result,
        "date": one.created,
        "data": one.data,
        "domain": one.domain,
        "model": one.model,
        "task": one.task,
        "metrics": [{"name": each.name, "higher": each.higher} for each in one.metrics],
        "score": one.scores.get(f"val_{metric.name}") if metric else None,
        "scores": dict(one.scores),
        "epochs": one.epochs,
        "best_epoch": one.best_epoch,
        "parameters": one.parameters,
        "seconds": one.seconds,
        "train": one.sizes[0],
        "val": one.sizes[1],
        "tags": list(one.notes.tags),
        "note": one.notes.note,
        "message": one.message,
        "fingerprint": one.fingerprint,
        "choices": dict(one.choices),
    }


def curves_of(history: History) -> Json:
    """Return the epochs of a history and its losses and scores, thinned; nothing before the first epoch."""
    if not len(history):
        return {}
    last = len(history) - 1
    keep = sorted({*range(0, last, max(1, -(-last // (MOST_POINTS - 1)))), last})
    names = [name for name in history.rows[0] if name.startswith(("val_", "probe_", "train_")) and _is_curve(name)]
    columns = {name: [_short(history.rows[k].get(name, math.nan)) for k in keep] for name in names}
    return {"epochs": [int(history.rows[k]["epoch"]) for k in keep], **columns}


def _is_curve(name: str) -> bool:
    """Return whether a column of the history is drawn: ends of intervals and times are not."""
    return not name.endswith(("_low", "_high", "_seconds"))


def _short(value: float) -> float | None:
    return float(f"{value:.{DIGITS}g}") if math.isfinite(value) else None


def _detail(one: Overview, root: Path) -> Json:
    """Return the points of a study of capacity, or the stages of a workflow; nothing of other entries."""
    try:
        if one.kind in ("overfit", "curve"):
            return _points(one.path, root)
        return _stages(one.path, root) if one.kind == "workflow" else {}
    except BadRun:
        return {}


def _points(path: Path, root: Path) -> Json:
    study = read_study(path)
    points = [
        {
            "label": point.label,
            "id": key_of(path / FITS / f"{point.fit:02d}", root),
            "epochs": point.epochs,
            "probe": list(point.probe),
            "val": list(point.val),
            "loss": point.loss,
            "note": point.note,
        }
        for point in study.points
    ]
    return {"points": points, "over": study.over, "next": study.next}


def _stages(path: Path, root: Path) -> Json:
    stages = [
        {
            "name": stage.name,
            "status": stage.status,
            "passed": stage.passed,
            "result": stage.result or stage.entry,
            "seconds": stage.seconds,
            "id": key_of(path / stage.run, root) if stage.run and ".." not in Path(stage.run).parts else "",
        }
        for stage in read_workflow(path).stages
    ]
    return {"stages": stages}


def _stamp(path: Path) -> Stamp:
    return tuple(map(_stamp_of, (path / name for name in STAMPED)))


def _stamp_of(path: Path) -> regular.Stamp | None:
    try:
        return regular.stamp_of(path)
    except OSError:
        return None


def _safe(value: Any) -> Any:  # Any: JSON
    """Make every text safe to show, and every number one of JSON: what is not finite is null."""
    if isinstance(value, str):
        return value if value.isascii() and value.isprintable() and len(value) < LONGEST else safe_text(value, LONGEST)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {_safe(name): _safe(one) for name, one in value.items()}
    return [_safe(one) for one in value] if isinstance(value, list | tuple) else value


def script(name: str, content: Json | list[Json] | Iterable[Any]) -> str:  # Any: JSON
    """Return a script that sets a global name to JSON; it can stand in a page and is ASCII."""
    text = json.dumps(content, separators=(",", ":"), allow_nan=False)
    return f"window.{name}={text.replace('<', chr(92) + 'u003c')};\n"
