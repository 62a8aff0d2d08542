"""Two processes on two cores against one process with two threads, at the same global batch. Asked for: at least 0.90.

The book's convnet on 48,000 digits of MNIST, an epoch of 375 steps. Each fit is a process of its own, and they take
turns; the seconds of training are those of `dl.fit`'s own history, so that starting and scoring are left out. It takes
about four minutes.
"""

import json
import os
import tempfile
from pathlib import Path

from benchmarks.measuring import in_turn, publish, ratios, run_dl

TRAIN, ROUNDS, EPOCHS = 48_000, 5, 1
BATCHES = (128,)
CONTENDERS = {"one process, two threads": ("1", "2"), "two processes, one thread each": ("2", "1")}


def seconds(batch: int, devices: str, threads: str, train: int = TRAIN, epochs: int = EPOCHS) -> float:
    """Return the seconds of training of the fastest epoch."""
    os.environ["OMP_NUM_THREADS"] = threads
    options = [f"epochs={epochs}", f"val={60_000 - train}", "probe=200", f"batch_size={batch}", "--no-rivals"]
    where = ["--accelerator", "cpu", "--devices", devices, "--runs", "runs"]
    with tempfile.TemporaryDirectory() as folder:
        fit = ("fit", "vision", "mnist", "--recipe", "book-convnet", *options, *where, "--json")
        run = Path(folder) / json.loads(run_dl(*fit, folder=Path(folder)).stdout)["run"]
        header, *rows = (line.split(",") for line in (run / "history.csv").read_text().splitlines())
        return min(float(row[header.index("train_seconds")]) for row in rows)


def main() -> None:
    """Print and keep the table."""
    rows: list[dict[str, object]] = []
    for batch in BATCHES:
        turns = {name: lambda batch=batch, given=given: seconds(batch, *given) for name, given in CONTENDERS.items()}
        kept = in_turn(turns, ROUNDS)
        first = next(iter(CONTENDERS))
        for name, values in kept.items():
            throughput = 1 / ratios(kept, first)[name]
            rows.append({"batch": batch, "fit": name, "best seconds": min(values), "throughput": throughput})
    publish("devices", "Two processes against one with two threads, an epoch of 48,000 digits", rows)
