"""What may happen around a fit that outlives its terminal: kills, signals, several stops, torn files."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace

from benchmarks.attempt import EPOCHS, FIT, LONG, MARK, Place, Rng, Rows, newest, read_text, wait_for
from benchmarks.measuring import DL
from dl.processes import started
from dl.runs.commit import commit
from dl.runs.run import Run


def detached(rng: Rng, place: Place, _wanted: Rows) -> str:
    """Do something around a detached fit at a moment drawn at random; return what."""
    kind = str(rng.choice(list(AROUND)))
    AROUND[kind](rng, place)
    return kind


def _begin(place: Place, epochs: int) -> subprocess.Popen[str]:
    return place.dl(*FIT, f"epochs={epochs}", "--runs", "runs", "--detach")


def _killed_parent(rng: Rng, place: Place) -> None:
    """Kill the process that waits for the detached one: that one goes on, or never began."""
    process = _begin(place, EPOCHS)
    number = int(rng.choice([signal.SIGKILL, signal.SIGHUP]))
    time.sleep(float(rng.uniform(0, 6)))
    process.send_signal(number)
    place.end(process)
    wait_for(lambda: not place.left(), 60)
    run = newest(place)
    place.need(run is None or run.manifest.status == "finished", f"it ended as {run and run.status}")
    place.need(run is None or (run.path / "fit.log").exists(), "the log is not in the run")


def _ended_parent(rng: Rng, place: Place) -> None:
    """Stop the process that waits by SIGTERM or Ctrl-C: a fit that has no run yet ends with it."""
    process = _begin(place, LONG)
    time.sleep(float(rng.uniform(0, 6)))
    number = int(rng.choice([signal.SIGTERM, signal.SIGINT]))
    process.send_signal(number)
    code = place.end(process)
    place.need(code in (0, 128 + number, -number), f"exit code {code}")
    time.sleep(0.5)
    if place.left():
        place.need(code == 0 and newest(place) is not None, "a fit runs of which nobody was told")
        _stop(place, 1)


def _stop(place: Place, count: int, *words: str) -> list[int | None]:
    """Stop the run, so many times at once; return the codes."""
    stops = [place.dl("stop", "last", "--runs", "runs", *words) for _ in range(count)]
    return [place.end(one) for one in stops]


def _stopped_at_once(rng: Rng, place: Place) -> None:
    """Stop a fit from several terminals at once, as early as its run is there."""
    place.end(_begin(place, LONG))
    time.sleep(float(rng.choice([0.0, rng.uniform(0, 1)])))
    codes = _stop(place, int(rng.integers(2, 4)))
    run = newest(place)
    place.need(set(codes) <= {0, 2} and 0 in codes, f"exit codes {codes}")
    _need_report(place, run)


def _need_report(place: Place, run: Run | None) -> None:
    """Note a fault where a stopped run has no report; one that was stopped before its first epoch has none."""
    place.need(run is not None and run.manifest.status == "interrupted", f"it ended as {run and run.manifest.status}")
    if run is not None:
        words = run.manifest.message
        place.need("second signal" not in words and words.startswith("stopped by a signal"), words)
        place.need(
            "interrupted" in read_text(run.path / "fit.log"), f"no report: {read_text(run.path / 'fit.log')[-500:]}"
        )


def _killed_stop(rng: Rng, place: Place) -> None:
    """Kill a stop at any moment, and stop again."""
    place.end(_begin(place, LONG))
    stop = place.dl("stop", "last", "--runs", "runs")
    time.sleep(float(rng.uniform(0, 1.5)))
    stop.kill()
    place.end(stop)
    codes = _stop(place, 1)
    place.need(codes[0] in (0, 2), f"exit code {codes}")
    _need_report(place, newest(place))


def _watched(rng: Rng, place: Place) -> None:
    """Ask for the status again and again while a fit begins, trains and is stopped."""
    begun = _begin(place, LONG)
    asked = [place.dl("status", "--runs", "runs", "--json") for _ in range(3)]
    place.end(begun)
    follower = place.dl("status", "last", "--follow", "--runs", "runs")
    asked += [place.dl("status", "last", "--runs", "runs", "--json") for _ in range(3)]
    time.sleep(float(rng.uniform(0, 2)))
    codes = _stop(place, 1)
    place.need(codes == [0], f"exit code {codes}")
    codes = [place.end(one) for one in asked]
    place.need(set(codes) <= {0, 2}, f"status: exit codes {codes}")
    for one in asked:
        with contextlib.suppress(ValueError):
            json.loads(place.said(one)[0])
            continue
        place.faults.append(f"status: no document: {place.said(one)}")
    place.need(place.end(follower) == 0, f"status --follow: {place.said(follower)[1][-300:]}")


def _torn(rng: Rng, place: Place) -> None:
    """Cut a byte of `run.json` off, or more, while the fit runs, and ask and stop."""
    place.end(_begin(place, LONG))
    run = newest(place)
    assert run is not None
    path = run.path / "run.json"
    pid = run.manifest.pid
    for _ in range(3):
        with contextlib.suppress(OSError):
            os.truncate(path, int(rng.integers(0, path.stat().st_size + 1)))
        for words in (("status", "last"), ("status",), ("stop", "last")):
            one = place.dl(*words, "--runs", "runs")
            code = place.end(one)
            place.need(code in (0, 2), f"{words}: exit code {code}: {place.said(one)[1][-300:]}")
    with contextlib.suppress(OSError):
        os.kill(pid, signal.SIGINT)


def _used_again(_rng: Rng, place: Place) -> None:
    """Give the number of the fit's process to another one: it is never stopped."""
    place.end(place.dl(*FIT, "epochs=1", "--runs", "runs"))
    run = newest(place)
    assert run is not None
    with subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE) as other:
        mine = {"pid": other.pid, "process_start": f"{started(1)}0"}
        commit(run.path, replace(run.manifest, status="running", **mine))  # type: ignore[arg-type]  # as named
        stop, status = (place.dl(verb, "last", "--runs", "runs") for verb in ("stop", "status"))
        place.need(place.end(stop) == 2 and "does not run" in place.said(stop)[1], f"stop: {place.said(stop)}")
        place.need(place.end(status) == 0 and "killed" in place.said(status)[0], f"status: {place.said(status)}")
        place.need(other.poll() is None, "another process was stopped")
        other.kill()


def _without_terminal(rng: Rng, place: Place) -> None:
    """Close the terminal in which a fit was detached, at any moment: it goes on, or never began."""
    pid, terminal = pty.fork()
    if not pid:
        os.chdir(place.folder)
        os.environ |= {MARK: str(place.folder), "OMP_NUM_THREADS": "1"}
        os.execv(DL, [str(DL), *FIT, f"epochs={EPOCHS}", "--runs", "runs", "--detach"])
    time.sleep(float(rng.uniform(0.5, 6)))
    os.close(terminal)
    os.waitpid(pid, 0)
    wait_for(lambda: not place.left(), 60)
    run = newest(place)
    place.need(run is None or run.manifest.status == "finished", f"it ended as {run and run.status}")


AROUND: dict[str, Callable[[Rng, Place], None]] = {
    "the waiting process killed or hung up": _killed_parent,
    "the waiting process stopped": _ended_parent,
    "several stops at once": _stopped_at_once,
    "a stop killed": _killed_stop,
    "status all along": _watched,
    "a torn run.json": _torn,
    "a number used again": _used_again,
    "a terminal that goes away": _without_terminal,
}
