"""What a step costs beside its arithmetic: a net of 64-32-10, batch 64, one thread.

A plain loop over tensors in memory, without any metric, against `dl.fit` with accuracy counted.
Asked for: at most 1.10.
"""

import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

import dl
from benchmarks.measuring import in_turn, publish, ratios
from dl.data.examples import Dataset, Examples
from dl.options import Options
from dl.plugins.loading import load_plugins
from dl.specs import DatasetSpec

EXAMPLES, BATCH, EPOCHS, ROUNDS = 40_000, 64, 3, 7


class Digits:
    """A plugin with one data set: 8x8 noise in ten classes."""

    @dl.hookimpl
    def register_datasets(self) -> tuple[DatasetSpec, ...]:
        """Register it."""
        return (DatasetSpec("noise", "vision", "8x8 noise", lambda options: noise(options)),)


def noise(_options: Options) -> Dataset:
    """Return 8x8 grey noise with random classes."""
    rng = np.random.default_rng(0)
    count = EXAMPLES + 1_000
    inputs = rng.integers(0, 256, (count, 8, 8, 1), dtype=np.uint8)
    examples = Examples(inputs, rng.integers(0, 10, count), np.arange(count), tuple("0123456789"))
    return Dataset("noise", examples, val_size=1_000)


def plain() -> float:
    """Return the seconds of the last epoch of a plain loop."""
    data = noise({}).train
    inputs = torch.from_numpy(data.array[:EXAMPLES]).float().flatten(1) / 255
    targets = torch.from_numpy(data.targets[:EXAMPLES].astype(np.int64))
    network = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
    optimizer = torch.optim.RMSprop(network.parameters(), 1e-3)
    seconds = 0.0
    for _ in range(EPOCHS):
        started = time.perf_counter()
        for batch in torch.randperm(EXAMPLES).split(BATCH):
            loss = F.cross_entropy(network(inputs[batch]), targets[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        seconds = time.perf_counter() - started
    return seconds


def ours() -> float:
    """Return the training seconds of the last epoch of `dl.fit`."""
    with tempfile.TemporaryDirectory() as folder:
        run = dl.fit(
            "vision",
            "noise",
            model="dense",
            recipe="book-dense",
            runs=Path(folder),
            plugins=load_plugins([Digits()]),
            width=32,
            epochs=EPOCHS,
            batch_size=BATCH,
            probe=1_000,
        )
        return run.history.rows[-1]["train_seconds"]


def main() -> None:
    """Print and keep the table."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    kept = in_turn({"plain loop": plain, "dl.fit": ours}, ROUNDS)
    torch.set_num_threads(threads)
    steps = -(-EXAMPLES // BATCH)
    rows: list[dict[str, object]] = [
        {"loop": name, "ms a step": min(kept[name]) / steps * 1e3, "of the plain loop": ratio}
        for name, ratio in ratios(kept, "plain loop").items()
    ]
    publish("steps", "A step of a 64-32-10 net, batch 64, one thread", rows, "asked for: dl.fit at most 1.10")
