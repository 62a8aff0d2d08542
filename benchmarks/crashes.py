"""What a run survives: the process ended, or the disk failing, at every operation, and changed bits in every file.

    python -m benchmarks crashes

A fit is forked for each attempt, after the imports, and what it leaves is read by this process: `complaints` are all
ways in which a run folder contradicts itself. `tests/program/test_crashes.py` tries some of the operations, and all of
them in its slow form. Letters: ``N`` operations of a fit.
"""

from __future__ import annotations

import atexit
import contextlib
import io
import os
import shutil
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.measuring import publish
from dl import sealed
from dl.errors import BadRun, DLError
from dl.exit_codes import CRASHED
from dl.faults import CRASH_AT, FAIL_AT, FAULTS
from dl.runs.outcomes import read_logits
from dl.runs.run import HEADS, Run, list_runs, open_run
from dl.runs.verify import find_faults

Work = Callable[[Path], object]  # writes runs into a folder
ERRORS = ("ENOSPC", "EIO", "EACCES")
ENDED = (0, 1, 2)  # exit codes of a fit on a disk that fails: done, or one line
BITS = 8
EQUAL = 1e-6  # two shares of the same examples


@dataclass
class Tally:
    """What attempts came to.

    Args:
        what: Was done to the fits.
        tried: Number of attempts.
        lost: Those after which a run contradicts itself, each with the reason.
    """

    what: str
    tried: int = 0
    lost: list[str] = field(default_factory=list)

    def row(self) -> dict[str, object]:
        """Return the row of the table."""
        return {
            "fault": self.what,
            "tried": self.tried,
            "survived": self.tried - len(self.lost),
            "lost": len(self.lost),
        }


def one_fit(folder: Path) -> object:
    """Fit three epochs, in each of which something may be the best."""
    from dl.testing.fits import KnownFit, fitted
    from dl.testing.numbers import clouds

    return fitted(KnownFit(clouds(24), "linear", {"epochs": 3, "lr": 0.01}), folder)


def in_memory(folder: Path, **given: Any) -> Run:  # Any: as `dl.fit` takes it
    """Fit three epochs of points in memory, in this process."""
    import dl

    points = np.random.default_rng(0).normal(size=(40, 2)).astype(np.float32)
    known = {"model": "dense", "width": 4, "epochs": 3, "linear": False, "rivals": False}
    return dl.fit("tabular", (points, (points[:, 0] > 0).astype(int)), runs=folder, **{**known, **given})


def folds(folder: Path) -> object:
    """Fit three folds, and one network on all examples."""
    import dl
    from dl.training.devices import Devices

    given: dict[str, Any] = {"epochs": 2, "width": 4, "final": "refit", "rivals": False, "devices": Devices("cpu", "1")}
    return dl.cv("tabular", str(_table()), target="sold", protocol="kfold:3", runs=folder, **given)


def several_targets(folder: Path) -> object:
    """Fit two targets of different kinds, each of which is a run of its own."""
    import dl
    from dl.training.devices import Devices

    given: dict[str, Any] = {"epochs": 2, "width": 4, "linear": False, "rivals": True, "devices": Devices("cpu", "1")}
    return dl.fit("tabular", str(_table()), target="price,sold", runs=folder, **given)


@lru_cache
def _table() -> Path:
    """Return a table with two targets, written once."""
    path = Path(tempfile.mkdtemp(prefix="dl-crashes-")) / "sales.csv"
    atexit.register(shutil.rmtree, path.parent, ignore_errors=True)
    rng = np.random.default_rng(0)
    rows = [f"{x:.4f},{y:.4f},{3 * x + y:.3f},{'yes' if x > y else 'no'}" for x, y in rng.normal(size=(60, 2))]
    path.write_text("\n".join(["x,y,price,sold", *rows]) + "\n")
    return path


def count(work: Work, folder: Path) -> int:
    """Return the number of operations of a work."""
    FAULTS.done = 0
    work(folder)
    return FAULTS.done


def attempt(work: Work, folder: Path, **environment: str) -> int:
    """Do a work in a forked process with these variables, and return its exit code; 99 for a traceback."""
    sys.stdout.flush()
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    code = 99
    try:
        os.environ.update(environment)
        FAULTS.done = 0
        with contextlib.redirect_stderr(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a fit that could not be kept warns of it
            work(folder)
        code = 0
    except DLError as error:
        code = error.exit_code
    finally:
        os._exit(code)


def complaints(root: Path) -> Iterator[str]:
    """Yield what contradicts itself in a folder of runs."""
    runs = list_runs(root)
    if runs:
        with contextlib.suppress(BadRun):
            open_run("last", root)
    for run in (one for outer in runs for one in (outer, *outer.folds, *_heads(outer)) if one.status):
        try:
            yield from _complaints(run)
        except (BadRun, KeyError, ValueError) as error:
            yield f"{run.name}: {type(error).__name__} {error}"


def _heads(run: Run) -> list[Run]:
    """Return the runs of the heads of a run that its `run.json` lists."""
    names = (name for name in sealed.listed(run.path) if name.startswith(HEADS) and name.endswith(sealed.RUN))
    return [Run((run.path / name).parent) for name in names]


def _complaints(run: Run) -> Iterator[str]:
    manifest = run.manifest
    yield from (f"{run.name}: {one}" for one in find_faults(run))
    if manifest.status == "running":
        yield f"{run.name}: running, and nobody writes it"
    if len(run.history) != manifest.epochs and not manifest.protocol:
        yield f"{run.name}: {len(run.history)} rows of {manifest.epochs} epochs"
    if not manifest.best_epoch:
        return
    val = run.outcomes("val")
    if len(val.loss) != len(run.history):
        yield f"{run.name}: outcomes of {len(val.loss)} epochs, and {len(run.history)} rows"
    if manifest.task.headline.name == "accuracy":
        logits = read_logits(run.outcomes_folder, "best")
        right = (logits[:, 0] > 0 if logits.shape[1] == 1 else logits.argmax(axis=1)) == val.targets
        if abs(float(right.mean()) - run.best["val_accuracy"]) > EQUAL:
            yield f"{run.name}: the kept answers are not those of epoch {manifest.best_epoch}"
    name = run.weights.name
    if (
        run.path.parent.name != HEADS
        and not manifest.protocol
        and name != f"best-{manifest.best_epoch:05d}.safetensors"
    ):
        yield f"{run.name}: {name} holds the weights of epoch {manifest.best_epoch}"


def crash(work: Work, folder: Path, at: Iterable[int]) -> Tally:
    """End a work at each of some operations."""
    tally = Tally("process ended at an operation")
    for number in at:
        root = folder / f"crash-{number}"
        code = attempt(work, root, **{CRASH_AT: str(number)})
        _judge(tally, root, f"operation {number}", code in (CRASHED, 0))
    return tally


def fail(work: Work, folder: Path, at: Iterable[int], error: str, *, lasting: bool) -> Tally:
    """Let each of some operations of a work fail, once or from there on."""
    sign = "+" if lasting else ""
    tally = Tally(f"{error} {'from an operation on' if lasting else 'at one operation'}")
    for number in at:
        root = folder / f"{error}-{number}{sign}"
        code = attempt(work, root, **{FAIL_AT: f"{number}{sign}:{error}"})
        _judge(tally, root, f"operation {number}", code in ENDED)
    return tally


def _judge(tally: Tally, root: Path, where: str, ended_well: bool) -> None:
    tally.tried += 1
    found = [*([] if ended_well else ["it ended with a traceback"]), *complaints(root)]
    if found:
        tally.lost.append(f"{where}: {found[0]}")
    shutil.rmtree(root, ignore_errors=True)


def flip(run: Run, notice: Callable[[Run], bool], step: int = 1) -> Tally:
    """Change bits in each file of a run, one at a time, and count those that go unnoticed and change what is read.

    Args:
        run: Its files are put back.
        notice: Whether a run is refused or named as damaged, or reads as it was.
        step: Bytes between two changes in one file.
    """
    tally = Tally("bit changed in a file of a run")
    places = [run.path / sealed.RUN, *(run.path / one.file for one in sealed.listed(run.path).values())]
    for path in places:
        content = path.read_bytes()
        for at in range(0, len(content), max(step, 1)):
            changed = bytearray(content)
            changed[at] ^= 1 << (at // max(step, 1)) % BITS
            path.write_bytes(changed)
            tally.tried += 1
            if not notice(Run(run.path)):
                tally.lost.append(f"{path.name}, byte {at}")
        path.write_bytes(content)
    return tally


def noticer(run: Run) -> Callable[[Run], bool]:
    """Return a function that reads a run: True if it is refused, named as damaged, or reads as it did."""
    manifest, history = Run(run.path).manifest, Run(run.path).history

    def notice(changed: Run) -> bool:
        try:
            if find_faults(changed):
                return True
            same = replace(changed.manifest, files={}) == replace(manifest, files={})
            return same and np.array_equal(_numbers(changed), _numbers_of(history.rows), equal_nan=True)
        except BadRun:
            return True

    return notice


def _numbers(run: Run) -> list[float]:
    return _numbers_of(run.history.rows)


def _numbers_of(rows: Iterable[dict[str, float]]) -> list[float]:
    return [value for row in rows for _, value in sorted(row.items())]


WORKS: dict[str, Work] = {"fit": one_fit, "fit of several targets": several_targets, "cross-validation": folds}


def tallies(folder: Path) -> Iterator[Tally]:
    """Try everything, each as it is done: every operation of a fit, and every third of the rest."""
    for name, work in WORKS.items():
        operations = count(work, folder / name.replace(" ", "-") / "whole")
        tally = crash(work, folder, range(1, operations + 1, 1 if work is one_fit else 3))
        yield replace(tally, what=f"{name}: {tally.what}")
    at = range(1, count(one_fit, folder / "counted") + 1, 3)
    for error in ERRORS:
        for lasting in (False, True):
            tally = fail(one_fit, folder, at, error, lasting=lasting)
            yield replace(tally, what=f"fit: {tally.what}")
    run = open_run("last", folder / "counted")
    yield flip(run, noticer(run), 97)


def main() -> None:
    """Print and keep the table."""
    os.environ["DL_RIVALS"] = "no"
    with tempfile.TemporaryDirectory() as scratch:
        found = []
        for tally in tallies(Path(scratch)):
            print(tally.row(), *tally.lost[:5], flush=True)
            found.append(tally)
    lost = [f"{one.what}: {why}" for one in found for why in one.lost]
    publish("crashes", "What a run survives", [one.row() for one in found], lost=lost)


if __name__ == "__main__":
    main()
