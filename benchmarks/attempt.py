"""An attempt: a folder, the processes of dl that are started in it, and what went wrong; for `benchmarks.moments`."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.measuring import DL
from dl.errors import BadRun
from dl.processes import is_running
from dl.runs.run import Run, list_runs

MARK = "DL_MOMENTS"  # variable by which all processes of an attempt are found
LONGEST = 90.0  # seconds after which an attempt counts as one that hangs
FIT = (
    "fit",
    "tabular",
    "t.csv",
    "--target",
    "label",
    "width=4",
    "linear=no",
    "--accelerator",
    "cpu",
    "--devices",
    "1",
    "--no-rivals",
)
EPOCHS = 4
LONG = 100_000  # epochs of a fit that only a signal ends
Rng = np.random.Generator
Rows = list[dict[str, float]]


@dataclass
class Place:
    """A folder of an attempt, and the processes that it starts.

    Args:
        folder: In which all of them run.
        faults: What was wrong.
    """

    folder: Path
    faults: list[str] = field(default_factory=list)
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def runs(self) -> Path:
        """The folder of runs."""
        return self.folder / "runs"

    def dl(self, *words: str, **more: Any) -> subprocess.Popen[str]:  # Any: of `subprocess.Popen`
        """Start dl; what it prints goes to files, so that nobody has to read."""
        number = len(self.started)
        known = {**os.environ, MARK: str(self.folder), "OMP_NUM_THREADS": "1", "COLUMNS": "200", **more.pop("env", {})}
        streams = {name: (self.folder / f"{number}.{name}").open("w") for name in ("stdout", "stderr")}
        given: dict[str, Any] = {"stdin": subprocess.DEVNULL, **streams, **more}
        process = subprocess.Popen([str(DL), *words], cwd=self.folder, env=known, text=True, **given)
        for stream in streams.values():
            stream.close()
        self.started.append(process)
        return process

    def end(self, process: subprocess.Popen[str], seconds: float = LONGEST) -> int | None:
        """Wait for the end of a process; its code, None where it hangs."""
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.faults.append(f"{process.args!r} did not end in {seconds:.0f} s")
            return None

    def said(self, process: subprocess.Popen[str]) -> tuple[str, str]:
        """Return what a process has printed: stdout, stderr."""
        number = self.started.index(process)
        found = [(self.folder / f"{number}.{name}").read_text(errors="replace") for name in ("stdout", "stderr")]
        return found[0], found[1]

    def need(self, fact: object, words: str) -> None:
        """Note a fault where a fact does not hold."""
        if not fact:
            self.faults.append(words)

    def left(self) -> list[int]:
        """Return the processes of this attempt that still run."""
        mark, found = f"{MARK}={self.folder}\0".encode(), []
        for path in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if mark in (path / "environ").read_bytes() + b"\0" and is_running(int(path.name), os.uname().nodename):
                    found.append(int(path.name))
        return found

    def check(self) -> None:
        """Note tracebacks, strange exit codes and processes that are left, and kill these."""
        until = time.monotonic() + 10
        while self.left() and time.monotonic() < until:
            time.sleep(0.1)
        for pid in self.left():
            command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ")[:200]
            self.faults.append(f"a process is left: {command!r}")
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        texts = [*self.folder.glob("*.std*"), *self.runs.glob("*/fit*.log")]
        self.faults += [f"a traceback: {text[-1500:]}" for path in texts if "Traceback" in (text := read_text(path))]


def read_text(path: Path) -> str:
    """Return the text of a file; empty where there is none."""
    with contextlib.suppress(OSError):
        return path.read_text(errors="replace")
    return ""


def wait_for(found: Callable[[], object], seconds: float = LONGEST) -> bool:
    """Wait until something is found; return whether it was."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with contextlib.suppress(OSError, BadRun, ValueError):
            if found():
                return True
        time.sleep(0.002)
    return False


def newest(place: Place) -> Run | None:
    """Return the only run of an attempt; None before it has begun."""
    return next(iter(list_runs(place.runs)), None)


def epochs_of(place: Place) -> int:
    """Return how many epochs the run of an attempt keeps."""
    run = newest(place)
    return 0 if run is None else run.manifest.epochs


def rows_of(run: Run) -> Rows:
    """Return the history of a run without times."""
    return [{name: value for name, value in row.items() if "seconds" not in name} for row in run.history.rows]
