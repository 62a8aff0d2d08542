"""What the benchmarks share: rounds in turn, child processes with their peak memory, tables and JSON."""

import json
import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

RESULTS = Path(__file__).parent / "results"
DL = Path(sys.executable).with_name("dl")


def wait_or_kill(pid: int, seconds: float, kill: Callable[[int, int], None] = os.kill) -> int | None:
    """Return the exit code of a child process; None if it was killed after so many seconds.

    Args:
        pid: Of the child.
        seconds: For which it may run.
        kill: Sends the signal, `os.killpg` to all processes of its group.
    """
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        done, code = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(code)
        time.sleep(0.001)
    kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return None


@dataclass(frozen=True)
class Finished:
    """A child process that has ended.

    Args:
        seconds: From start to end.
        cpu: Seconds of processor time, of all its threads.
        megabytes: Its largest resident memory.
        stdout: What it printed.
    """

    seconds: float
    cpu: float
    megabytes: float
    stdout: str


# A child starts with the peak memory of its parent on its account, so one that is small stands between.
_LAUNCH = """
import json, resource, subprocess, sys, time
started = time.perf_counter()
code = subprocess.call(sys.argv[1:], stderr=subprocess.DEVNULL)
seconds = time.perf_counter() - started
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([code, seconds, used.ru_utime + used.ru_stime, used.ru_maxrss]), file=sys.stderr)
"""


def run_dl(*arguments: str, folder: Path) -> Finished:
    """Run ``dl`` cold, in a process of its own, as `run_cold` does."""
    return run_cold(str(DL), *arguments, folder=folder)


def run_cold(*command: str, folder: Path) -> Finished:
    """Run a program in a process of its own, with Python's byte code kept between runs, as an installation has it.

    Raises:
        RuntimeError: If it does not exit with 0.
    """
    launch = [sys.executable, "-c", _LAUNCH, *command]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    ended = subprocess.run(launch, cwd=folder, capture_output=True, text=True, check=True, env=environment)
    code, seconds, cpu, kilobytes = json.loads(ended.stderr)
    if code:
        raise RuntimeError(f"{' '.join(command)} ended with {code}")
    return Finished(seconds, cpu, kilobytes / 1024, ended.stdout)


def in_turn(contenders: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """Let each contender run once a round, and keep what each returns; the first round is a warm-up."""
    kept: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(rounds + 1):
        for name, run in contenders.items():
            value = run()
            if number:
                kept[name].append(value)
    return kept


def ratios(kept: Mapping[str, Sequence[float]], reference: str) -> dict[str, float]:
    """Return the median over rounds of each contender's ratio to the reference in the same round."""
    return {
        name: statistics.median(value / base for value, base in zip(values, kept[reference], strict=True))
        for name, values in kept.items()
    }


def publish(
    name: str, title: str, rows: Sequence[Mapping[str, object]], note: str = "", **more: Sequence[object]
) -> None:
    """Print a table and keep it as JSON, with ``more`` beside it that is not printed."""
    table = Table(title=title, title_justify="left", box=None, caption=note or None, caption_justify="left")
    for column in rows[0]:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(f"{value:.4g}" if isinstance(value, float) else str(value) for value in row.values()))
    Console().print(table)
    content: dict[str, Any] = {"title": title, "note": note, "rows": list(rows), **more}  # Any: JSON
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(content, indent=1) + "\n")
