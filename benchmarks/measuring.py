"""What the benchmarks share: rounds in turn, child processes with their peak memory, tables and JSON."""

import json
import os
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


@dataclass(frozen=True)
class Finished:
    """A child process that has ended.

    Args:
        seconds: From start to end.
        megabytes: Its largest resident memory.
        stdout: What it printed.
    """

    seconds: float
    megabytes: float
    stdout: str


def run_dl(*arguments: str, folder: Path) -> Finished:
    """Run ``dl`` cold, in a process of its own.

    Raises:
        RuntimeError: If it does not exit with 0.
    """
    started = time.perf_counter()
    with subprocess.Popen([DL, *arguments], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as child:
        assert child.stdout is not None
        stdout = child.stdout.read().decode()
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise RuntimeError(f"dl {' '.join(arguments)} ended with {child.returncode}")
    return Finished(time.perf_counter() - started, usage.ru_maxrss / 1024, stdout)


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


def publish(name: str, title: str, rows: Sequence[Mapping[str, object]], note: str = "") -> None:
    """Print a table and keep it as JSON."""
    table = Table(title=title, title_justify="left", box=None, caption=note or None, caption_justify="left")
    for column in rows[0]:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(f"{value:.4g}" if isinstance(value, float) else str(value) for value in row.values()))
    Console().print(table)
    content: dict[str, Any] = {"title": title, "note": note, "rows": list(rows)}  # Any: JSON
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(content, indent=1) + "\n")
