"""Faults at moments drawn at random: in a tracker, around a detached fit, and on one of two devices.

    python -m benchmarks moments

Every attempt is drawn from its own number and made with real processes: a tracker whose folder is removed, replaced or
full, or whose server hangs; ``--detach``, ``dl status`` and ``dl stop`` killed, twice at once, too early, or without
their terminal; an exception on one rank. Asked for: the fit ends with its right result and report, nothing hangs,
nobody sees a traceback that is not the network's own, and no process is left. `$KINDS` chooses groups, `$TRIES` is
their number of attempts, `$SEED` draws others, and `$ONLY` tries one number alone.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.attempt import EPOCHS, FIT, Place, Rng, Rows, newest, rows_of
from benchmarks.bad_detached import detached
from benchmarks.bad_ranks import ranks
from benchmarks.bad_trackers import trackers
from benchmarks.measuring import RESULTS, publish

SEED, TRIES, ONLY = (
    int(os.environ.get(name, given)) for name, given in (("SEED", "1"), ("TRIES", "12"), ("ONLY", "-1"))
)
GROUPS: dict[str, Callable[[Rng, Place, Rows], str]] = {
    "trackers": trackers,
    "detached": detached,
    "ranks": ranks,
}


def prepare(home: Path) -> Rows:
    """Write a table, and fit it without a tracker; return the rows of its history without times."""
    rng = np.random.default_rng(0)
    rows = [f"{x:.3f},{y:.3f},{'yn'[int(x > y)]}" for x, y in rng.normal(size=(80, 2))]
    (home / "t.csv").write_text("\n".join(["x,y,label", *rows]) + "\n")
    place = Place(home)
    if place.end(place.dl(*FIT, f"epochs={EPOCHS}", "--runs", "runs")):
        raise RuntimeError(place.said(place.started[0])[1])
    run = newest(place)
    assert run is not None
    return rows_of(run)


def one(home: Path, group: str, number: int, wanted: Rows, seed: int = SEED) -> tuple[str, list[str]]:
    """Make the attempt of a number; return what was done, and what was wrong."""
    place = Place(home / f"{group}-{number}")
    place.folder.mkdir()
    shutil.copy(home / "t.csv", place.folder)
    what = "?"
    try:
        what = GROUPS[group](np.random.default_rng([seed, number]), place, wanted)
    except Exception as error:  # an attempt that cannot be made is one that failed
        place.faults.append(f"{type(error).__name__}: {error}")
    finally:
        for process in place.started:
            process.kill()
            process.wait()
        place.check()
        for folder in place.folder.rglob("*"):
            with contextlib.suppress(OSError):
                folder.chmod(0o755) if folder.is_dir() and not folder.is_symlink() else None
        shutil.rmtree(place.folder, ignore_errors=True)
    return what, place.faults


def main() -> None:
    """Print and keep the table."""
    rows: list[dict[str, object]] = []
    found: list[tuple[str, int, str]] = []
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch)
        os.environ |= {"DL_CACHE": str(home / "cache"), "DL_RIVALS": "no"}
        wanted = prepare(home)
        for group in os.environ.get("KINDS", " ".join(GROUPS)).split():
            tried = lost = 0
            for number in range(TRIES) if ONLY < 0 else [ONLY]:
                what, faults = one(home, group, number, wanted)
                tried, lost = tried + 1, lost + bool(faults)
                print(f"{group} {number}: {what}", *faults, sep="\n    ", flush=True)
                if faults:
                    found.append((group, number, what))
            rows.append({"group": group, "seed": SEED, "tried": tried, "survived": tried - lost, "lost": lost})
    if ONLY < 0:
        others = [row for row in _kept() if row["group"] not in {row["group"] for row in rows}]
        publish("moments", "faults at moments drawn at random", [*others, *rows], found=found)


def _kept() -> list[dict[str, object]]:
    """Return the rows of an earlier call, of other groups perhaps."""
    path = RESULTS / "moments.json"
    found: list[dict[str, object]] = json.loads(path.read_text())["rows"] if path.exists() else []
    return found
