"""A table of 1,000,000 rows and 50 columns: reading, split and guards, preparing, an epoch, and the peak of memory.

    python -m benchmarks rows

Asked for: at most 60 s and 3 GB in all, and an epoch of at most 1.1 times that of a plain loop on the same tensors. The
loops run in turn within one fit: after each epoch of dl's, the plain loops take one with a network, an optimizer and
batches that are alike, on rows that were prepared before their clock starts, and without metrics. One keeps a moving
average of the weights, as the default recipe does. They are compared in seconds of the processor.
"""

import copy
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

import dl
import dl.cli.main
from benchmarks.measuring import Finished, publish, run_cold
from dl.training import run_fit, setup
from dl.training.module import FitModule
from dl.training.optimizers import make_optimizer

ROWS, COMPARED = 1_000_000, 100_000  # of the table that is read, and of the one for the loops
BLOCK = 50_000  # rows written at once
ROUNDS = 7
PHASES = {
    "load_dataset": "read",
    "split_data": "split and guards",
    "set_up": "all before the epoch",
    "train": "an epoch, scored",
}
VALUES = (2, 3, 5, 8, 12, 30, 60, 200, 1_000, 5_000)  # of the categories
COUNTS = (5, 20, 100, 1_000, 30, 7, 50, 366, 12, 100_000)
Columns = dict[str, NDArray[Any]]  # Any: numbers or text


def blocks(rows: int, seed: int = 0) -> Iterator[Columns]:
    """Give a table of 35 numbers, 12 categories and 2 dates, with gaps, and the target that depends on some."""
    rng = np.random.default_rng(seed)
    effects = [rng.normal(0, 0.3, values) for values in VALUES]
    for first in range(0, rows, BLOCK):
        yield block(rng, min(BLOCK, rows - first), effects)


def block(rng: np.random.Generator, n: int, effects: list[NDArray[np.float64]]) -> Columns:
    """Return some rows."""
    measured = rng.normal(size=(25, n))
    counted = [rng.integers(0, most, n) for most in COUNTS]
    kinds = [rng.integers(0, values, n) for values in VALUES]
    columns: Columns = {f"m{k}": _gaps(rng, np.round(x * 10.0 ** (k % 4), 3), k) for k, x in enumerate(measured)}
    columns |= {f"n{k}": _gaps(rng, x, k) for k, x in enumerate(counted)}
    columns |= {f"c{k}": _words(k)[x] for k, x in enumerate(kinds)}
    columns["sold"] = np.where(rng.random(n) < 0.3, "yes", "no")
    columns["price"] = np.round(np.exp(rng.normal(4, 1, n)), 2)
    columns["day"] = (np.datetime64("2015-01-01") + rng.integers(0, 3_000, n)).astype(str)
    columns["seen"] = (np.datetime64("2020-01-01T00:00:00") + rng.integers(0, 80_000_000, n)).astype(str)
    told = sum(effect[x] for effect, x in zip(effects, kinds, strict=True)) + measured[0] + np.abs(measured[1])
    columns["y"] = np.round(told + rng.normal(0, 0.5, n), 3)
    return columns


def _gaps(rng: np.random.Generator, values: NDArray[Any], number: int) -> NDArray[Any]:
    """Return numbers as text with 4 % of the cells empty, in every fifth column."""
    return values if number % 5 else np.where(rng.random(len(values)) < 0.04, "", values.astype(str))


def _words(number: int) -> NDArray[np.str_]:
    """Return the names of a category's values, of two to twenty letters."""
    letters = "abcdefghijklmnopqrst"
    return np.array([f"{letters[number]}{letters[: k % 20]} {k}" for k in range(VALUES[number])])


def write(path: Path, rows: int) -> None:
    """Write the table as CSV."""
    import pyarrow as pa
    from pyarrow import csv

    writer = None
    for columns in blocks(rows):
        table = pa.table(columns)
        writer = writer or csv.CSVWriter(path, table.schema, write_options=csv.WriteOptions(quoting_style="none"))
        writer.write_table(table)
    assert writer is not None
    writer.close()


def phases(path: str) -> None:
    """Run ``dl fit`` for an epoch, and print seconds and processor seconds of each part as JSON."""
    seen: dict[str, tuple[float, float]] = {}

    def timed(room: Any, name: str) -> None:  # Any: a module
        function: Callable[..., Any] = getattr(room, name)

        def inner(*arguments: Any, **options: Any) -> Any:  # Any: as the function takes and returns
            started = time.perf_counter(), time.process_time()
            found = function(*arguments, **options)
            seen[PHASES[name]] = time.perf_counter() - started[0], time.process_time() - started[1]
            return found

        setattr(room, name, inner)

    for room, name in ((setup, "load_dataset"), (setup, "split_data"), (run_fit, "set_up"), (run_fit, "train")):
        timed(room, name)
    sys.argv = ["dl", "fit", "tabular", path, "--target", "y", "epochs=1"]
    with suppress(SystemExit):
        dl.cli.main.main()
    print(json.dumps(seen))


class PlainLoop(pl.Callback):
    """Takes an epoch of a plain loop after each epoch of the fit, without and with a moving average of the weights."""

    def __init__(self) -> None:
        self.started = 0.0
        self.seconds: dict[str, list[float]] = {"dl.fit": [], "plain loop": [], "plain loop with averages": []}

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Start the clock."""
        self.started = time.process_time()

    def on_validation_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Stop the clock, before anything is scored."""
        self.seconds["dl.fit"].append(time.process_time() - self.started)

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Copy the network, and prepare all rows."""
        assert isinstance(pl_module, FitModule)
        network = pl_module.network
        self.networks = {name: copy.deepcopy(network) for name in self.seconds if name != "dl.fit"}
        data = pl_module.data
        inputs, self.targets = data.train_data.take(torch.from_numpy(data.train))
        assert isinstance(inputs, Tensor)
        prepared = [pl_module.prepared(some) for some in inputs.split(4096)]
        self.inputs = torch.cat([some for some in prepared if isinstance(some, Tensor)])
        self.batch = int(pl_module.train_options["batch_size"])

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Run the plain loops."""
        assert isinstance(pl_module, FitModule)
        for name, network in self.networks.items():
            average = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(0.99)) if "averages" in name else None
            optimizer = make_optimizer(network, pl_module.train_options)
            loss = pl_module.task.row.loss
            self.seconds[name].append(self._epoch(network, optimizer, loss, average))

    def _epoch(
        self, network: nn.Module, optimizer: torch.optim.Optimizer, loss_of: Callable[..., Tensor], average: Any
    ) -> float:  # Any: an AveragedModel or None
        """Return the processor seconds of an epoch."""
        network.train()
        started = time.process_time()
        for at in torch.randperm(len(self.inputs)).split(self.batch):
            loss = loss_of(network(self.inputs[at]), self.targets[at])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            if average is not None:
                average.update_parameters(network)
        return time.process_time() - started


def loops(path: str) -> None:
    """Print the processor seconds of each loop's epochs as JSON, the first of each left out."""
    plain = PlainLoop()
    dl.fit("tabular", path, target="y", epochs=ROUNDS + 1, runs=Path(path).parent / "runs", callbacks=(plain,))
    print(json.dumps({name: values[1:] for name, values in plain.seconds.items()}))


def _child(part: str, path: Path) -> tuple[Finished, Any]:  # Any: JSON
    done = run_cold(sys.executable, "-m", "benchmarks.rows", part, str(path), folder=path.parent)
    return done, json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    """Print and keep the table."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ |= {"DL_CACHE": str(folder / "cache"), "PYTHONPATH": str(Path(__file__).parents[1])}
        write(folder / "big.csv", ROWS)
        write(folder / "small.csv", COMPARED)
        done, seen = _child("phases", folder / "big.csv")
        kept = _child("loops", folder / "small.csv")[1]
    rows: list[dict[str, object]] = [
        {"what": what, "seconds": round(seconds, 1), "of the processor": round(cpu, 1), "GB": ""}
        for what, (seconds, cpu) in seen.items()
    ]
    whole = {"seconds": round(done.seconds, 1), "of the processor": round(done.cpu, 1), "GB": done.megabytes / 1000}
    rows.append({"what": "dl fit, to the end of the report", **whole})
    ratios: list[dict[str, object]] = []
    for rival in ("plain loop", "plain loop with averages"):
        each = [ours / theirs for ours, theirs in zip(kept["dl.fit"], kept[rival], strict=True)]
        told = {"median": round(statistics.median(each), 3), "least": round(min(each), 3), "most": round(max(each), 3)}
        ratios.append({"what": f"dl.fit of a {rival}", **told})
    machine = f"{os.cpu_count()} cores, {torch.get_num_threads()} threads, load {os.getloadavg()[0]:.1f} at the end"
    note = f"{machine}; asked for: 60 s, 3 GB, 1.1 of a plain loop"
    publish("rows", f"A CSV of {ROWS:,} rows and 50 columns", rows, note, loops=ratios)
    print(*(f"{one['what']}: {one['median']} [{one['least']}, {one['most']}]" for one in ratios), sep="\n")


if __name__ == "__main__":
    {"phases": phases, "loops": loops}[sys.argv[1]](sys.argv[2])
