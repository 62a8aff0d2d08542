"""An epoch of the book's convnet on MNIST, batch 64: a plain loop without metrics against `dl.fit` with them.

The probe and validation passes are counted apart, in `dl.fit`'s own history. Asked for: at most 0.90.
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
from dl.plugins.loading import load_plugins

TRAIN, BATCH, ROUNDS = 12_000, 64, 5


def network() -> nn.Module:
    """Return the book's convnet as the book writes it."""
    return nn.Sequential(
        *(nn.Conv2d(1, 32, 3), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(64, 64, 3), nn.ReLU(), nn.Flatten()),
        *(nn.Linear(576, 64), nn.ReLU(), nn.Linear(64, 10)),
    )


def plain(*, channels_last: bool) -> float:
    """Return the seconds of one epoch of a plain loop over tensors in memory."""
    data = load_plugins().dataset("vision", "mnist").load({}).train
    inputs = torch.from_numpy(data.array[:TRAIN]).permute(0, 3, 1, 2).float() / 255
    targets = torch.from_numpy(data.targets[:TRAIN].astype(np.int64))
    layout = torch.channels_last if channels_last else torch.contiguous_format
    net = network().to(memory_format=layout)  # type: ignore[call-overload]  # torch's stubs lack this form
    inputs = inputs.contiguous(memory_format=layout)
    optimizer = torch.optim.RMSprop(net.parameters(), 1e-3, alpha=0.9)
    started = time.perf_counter()
    for batch in torch.randperm(TRAIN).split(BATCH):
        loss = F.cross_entropy(net(inputs[batch]), targets[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return time.perf_counter() - started


def ours() -> tuple[float, float]:
    """Return the training seconds of one epoch of `dl.fit` and the seconds of scoring and keeping."""
    with tempfile.TemporaryDirectory() as folder:
        run = dl.fit(
            "vision", "mnist", recipe="book-convnet", runs=Path(folder), epochs=1, val=60_000 - TRAIN, probe=1000
        )
        row = run.history.rows[-1]
        return row["train_seconds"], row["seconds"] - row["train_seconds"]


def main() -> None:
    """Print and keep the table."""
    kept = in_turn(
        {
            "plain loop": lambda: plain(channels_last=False),
            "plain loop, channels last": lambda: plain(channels_last=True),
            "dl.fit": lambda: ours()[0],
        },
        ROUNDS,
    )
    rows: list[dict[str, object]] = [
        {"loop": name, "s for 60,000": min(kept[name]) * 60_000 / TRAIN, "of the plain loop": ratio}
        for name, ratio in ratios(kept, "plain loop").items()
    ]
    publish(
        "epoch", f"An epoch of the book's convnet, batch {BATCH}, on {TRAIN:,} digits", rows, "asked for: at most 0.90"
    )
