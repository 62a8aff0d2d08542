"""Looks: how often the validation and the test part of a run were looked at, over all runs that stand beside it.

Of the other runs only `run.json` and the number of lines of `history.csv` are read; what cannot be read is counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dl.errors import BadRun
from dl.runs.ledger import LEDGER, evaluations_of, read_ledger
from dl.runs.manifest import Manifest
from dl.runs.run import Run, list_runs
from dl_reports.report import Looks
from dl_reports.statistics import NotComputable
from dl_reports.statistics.looks import look_budget

LARGEST = 64 << 20  # bytes of a `run.json` or `history.csv`; what is larger is none


def looks_at_validation(run: Run, manifest: Manifest, epochs: int) -> Looks:
    """Count the epochs of all runs beside this one that look at the same validation examples."""
    found, unread = [epochs] if epochs else [], 0
    for other in list_runs(run.path.parent):
        if other.path == run.path or not (other.path / "run.json").exists():
            continue
        count = _epochs_on(other, manifest)
        if isinstance(count, NotComputable):
            unread += 1
        elif count:
            found.append(count)
    n = manifest.parts.val
    return Looks("val", sum(found), len(found), n, _bound(manifest, sum(found), n), unread)


def looks_at_test(run: Run, manifest: Manifest) -> Looks | NotComputable:
    """Count the looks in the ledger beside the runs, at the test part that this run or its data set has."""
    try:
        ledger = read_ledger(run.path.parent / LEDGER)
    except BadRun as error:
        return NotComputable(str(error))
    part = _part_of(ledger, manifest)
    looks = evaluations_of(part, ledger) if part is not None else []
    examples = next((look["examples"] for look in looks if type(look.get("examples")) is int), 0)
    runs = {str(look.get("run")) for look in looks}
    return Looks("test", len(looks), len(runs), max(examples, 0), _bound(manifest, len(looks), examples))


def _part_of(ledger: Sequence[dict[str, Any]], manifest: Manifest) -> object:  # Any: JSON
    """The fingerprint of the newest look by this run, else of the newest at its data set; None without one."""
    for name, wanted in (("run", manifest.name), ("data", manifest.parts.name)):
        for look in reversed(ledger):
            if look.get(name) == wanted and look.get("data") == manifest.parts.name:
                return look.get("fingerprint")
    return None


def _epochs_on(run: Run, ours: Manifest) -> int | NotComputable:
    """How many epochs a run looked at these validation examples for this task; 0 where it has others."""
    try:
        if (run.path / "run.json").stat().st_size > LARGEST:
            return NotComputable("run.json is too large")
        theirs = run.manifest
        if (theirs.parts.val_fingerprint, theirs.task.name) != (ours.parts.val_fingerprint, ours.task.name):
            return 0
        return _rows(run.path / "history.csv")
    except (BadRun, OSError) as error:
        return NotComputable(str(error))


def _rows(path: Path) -> int:
    """The number of lines under the head, unread as numbers."""
    if not path.exists():
        return 0
    if path.stat().st_size > LARGEST:
        raise BadRun(f"{path} is too large for a history")
    return max(sum(1 for line in path.read_bytes().splitlines() if line.strip()) - 1, 0)


def _bound(manifest: Manifest, looks: int, n: int) -> float | None:
    """The bound on scores that are means of numbers from 0 to 1; others have no range to bound them by."""
    bounded = manifest.task.bounded and manifest.task.headline.kind in ("proportion", "mean")
    found = look_budget(looks, n)
    return found.bound if bounded and not isinstance(found, NotComputable) else None
