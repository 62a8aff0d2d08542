"""Count how often validation and test set were evaluated, over all runs of one folder.

Of the other runs only `run.json` and the number of lines of `history.csv` are read; unreadable runs are counted.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dl import regular
from dl.errors import BadRun
from dl.runs.ledger import LEDGER, evaluations_of, read_ledger
from dl.runs.manifest import Manifest
from dl.runs.run import Run, list_with_inner
from dl_reports.report import Reuse
from dl_reports.statistics import NotComputable
from dl_reports.statistics.reuse_bound import reuse_bound, reuse_budget

_known: dict[Path, tuple[regular.Stamp, tuple[str, str]]] = {}  # by run folder: its validation set and task
LARGEST = 64 << 20  # bytes of a `run.json` or `history.csv`


def count_validation_reuse(run: Run, manifest: Manifest, epochs: int, inflation: float = 1.0) -> Reuse:
    """Count the epochs of this run, and of the runs beside it, that were scored on the same validation examples.

    Args:
        run: This one.
        manifest: Its manifest.
        epochs: Its finished epochs.
        inflation: Examples that tell as much as one independent one, where they share groups.
    """
    found, unread = [epochs] if epochs else [], 0
    for other in list_with_inner(run.root):
        if other.path == run.path or not (other.path / "run.json").exists():
            continue
        count = _epochs_on(other, manifest)
        if isinstance(count, NotComputable):
            unread += 1
        elif count:
            found.append(count)
    n, looks = manifest.parts.val, sum(found)
    bound = _bound(manifest, looks, int(n / inflation))
    return Reuse("val", looks, len(found), n, bound, unread, _budget(bound))


def count_test_reuse(run: Run, manifest: Manifest) -> Reuse | NotComputable:
    """Count the evaluations in the ledger beside the runs, on the test set of this run or of its data set."""
    try:
        ledger = read_ledger(run.root / LEDGER)
    except BadRun as error:
        return NotComputable(str(error))
    fingerprint = _test_fingerprint(ledger, manifest)
    found = evaluations_of(fingerprint, ledger) if fingerprint is not None else []
    examples = next((one["examples"] for one in found if type(one.get("examples")) is int), 0)
    runs = {str(one.get("run")) for one in found}
    bound = _bound(manifest, len(found), examples)
    return Reuse("test", len(found), len(runs), max(examples, 0), bound, budget=_budget(bound))


def evaluation_command(run: Run, manifest: Manifest) -> str:
    """Return the command that evaluates a run on its test set; empty without one, or where it was looked at before."""
    found = count_test_reuse(run, manifest) if manifest.parts.test else None
    if not isinstance(found, Reuse) or found.evaluations:
        return ""
    return f"dl test {as_typed(run, manifest)}"


def as_typed(run: Run, manifest: Manifest) -> str:
    """Return the shortest word by which the command line finds a run: its number, its name, or the path of a trial."""
    number = manifest.name.split("-")[0]
    if run.root != run.path.parent:
        return shlex.quote(str(run.path))
    return number if number.isdigit() else run.name


def _test_fingerprint(ledger: Sequence[dict[str, Any]], manifest: Manifest) -> object:  # Any: JSON
    """Return the fingerprint in the newest line of this run, else of its data set; None without one."""
    for name, wanted in (("run", manifest.name), ("data", manifest.parts.name)):
        for one in reversed(ledger):
            if one.get(name) == wanted and one.get("data") == manifest.parts.name:
                return one.get("fingerprint")
    return None


def _epochs_on(run: Run, ours: Manifest) -> int | NotComputable:
    """Count the epochs that a run scored on these validation examples for this task; 0 if it has others."""
    try:
        stamp = regular.stamp_of(run.path / "run.json")
        if stamp[-1] > LARGEST:
            return NotComputable("run.json is too large")
        if (known := _known.get(run.path)) is None or known[0] != stamp:
            known = _known[run.path] = stamp, _scored_on(run.manifest)
        if known[1] != _scored_on(ours):
            return 0
        return _count_rows(run.path / "history.csv")
    except (BadRun, OSError) as error:
        return NotComputable(str(error))


def _scored_on(manifest: Manifest) -> tuple[str, str]:
    """Return the validation set and the task of a run."""
    return manifest.parts.val_fingerprint, manifest.task.name


def _count_rows(path: Path) -> int:
    """Count the lines below the header, without parsing them."""
    if not path.exists():
        return 0
    if path.stat().st_size > LARGEST:
        raise BadRun(f"{path} is too large for a history")
    return max(sum(1 for line in regular.read_bytes(path).splitlines() if line.strip()) - 1, 0)


def _bound(manifest: Manifest, evaluations: int, n: int) -> float | None:
    """Bound the error of scores that are means of numbers from 0 to 1; None for other scores."""
    bounded = manifest.task.bounded and manifest.task.headline.kind in ("proportion", "mean")
    found = reuse_bound(evaluations, n)
    return found.bound if bounded and not isinstance(found, NotComputable) else None


def _budget(bound: float | None) -> int | None:
    """Return the budget of evaluations; None where there is no bound that grows."""
    return None if bound is None else reuse_budget()
