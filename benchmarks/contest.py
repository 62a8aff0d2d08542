"""Speed beside others: each system in a process of its own, taking turns, the ratio taken within each round.

A process trains one network on arrays in memory for a few epochs and prints the seconds of the last one. Threads are
pinned: on a shared machine a single figure says little, so median and range over rounds are shown. Systems that are not
installed are named. They may lie in an environment of their own, beside torch:

    python -m benchmarks epoch steps --rounds 9 --peers /path/to/their/python
"""

from __future__ import annotations

import importlib.util
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).parents[1]
ROUNDS = 9
MOST_SECONDS = 300  # of one process
LR, SMOOTHING, EPS = 1e-3, 0.9, 1e-7  # of RMSprop, in every system
PLAIN, OURS = "plain loop", "dl.fit"


@dataclass(frozen=True)
class Contest:
    """What every system trains.

    Args:
        name: Of the benchmark's module.
        title: Of its table.
        arrays: Returns images, uint8 (N, H, W, C), and their classes, int64 (N,).
        network: Returns the network, torch's, from (N, C, H, W).
        layers: From the module of Keras to the same layers, from (N, H, W, C).
        ours: Trains with dl, from images, classes and epochs; returns the training seconds of the last epoch.
        systems: Who takes part, of `SYSTEMS`.
        threads: Numbers of threads, each a race of its own.
        batch: Examples of a step.
        epochs: Of which the last is measured.
        wanted: What is asked for, shown below the table.
    """

    name: str
    title: str
    arrays: Callable[[], tuple[NDArray[np.uint8], NDArray[np.int64]]]
    network: Callable[[], Any]  # Any: torch is imported in the process of a system alone
    layers: Callable[[Any], list[Any]]
    ours: Callable[[NDArray[np.uint8], NDArray[np.int64], int], float]
    systems: Sequence[str]
    threads: Sequence[int] = (1, 2)
    batch: int = 64
    epochs: int = 2
    wanted: str = ""


def main(contest: Contest) -> None:
    """Let the systems race, print the table and keep it."""
    from benchmarks.measuring import publish

    rounds, peers = int(os.environ.get("DL_ROUNDS", ROUNDS)), os.environ.get("DL_PEERS") or sys.executable
    with tempfile.TemporaryDirectory() as folder:
        images, classes = contest.arrays()
        np.savez(Path(folder) / "arrays.npz", images=images, classes=classes)
        races = {threads: race(contest, Path(folder), threads, rounds, peers) for threads in contest.threads}
    rows: list[dict[str, object]] = [
        row for threads, kept in races.items() for row in table(kept, threads, -(-len(classes) // contest.batch))
    ]
    absent = [name for name in contest.systems if not any(name in kept for kept in races.values())]
    where = {"date": datetime.now(UTC).isoformat(timespec="seconds"), "machine": machine(), "rounds": rounds}
    note = f"{contest.wanted}; not installed: {', '.join(absent)}" if absent else contest.wanted
    publish(contest.name, contest.title, rows, note, where=[where], seconds=[races])


def race(contest: Contest, folder: Path, threads: int, rounds: int, peers: str) -> dict[str, list[float]]:
    """Let each system run once a round; return its seconds, of those that are installed."""
    kept: dict[str, list[float]] = {name: [] for name in contest.systems}
    for number in range(rounds):
        order = list(kept) if number % 2 else list(reversed(kept))
        for name in order:
            found = run(
                contest, name, folder, threads, sys.executable if name in (PLAIN, OURS, CHANNELS_LAST) else peers
            )
            if found is None:
                del kept[name]
            else:
                kept[name].append(found)
    return kept


def run(contest: Contest, name: str, folder: Path, threads: int, python: str) -> float | None:
    """Run one system in a process of its own; return its seconds, None if it is not installed.

    Raises:
        RuntimeError: If it fails.
    """
    backend = name.partition("Keras on ")[2].lower()
    own = {"OMP_NUM_THREADS": str(threads), "TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_BACKEND": backend or "torch"}
    own |= {"PYTHONPATH": str(ROOT), "DL_CACHE": str(folder / "cache"), "DL_RIVALS": "no", "KERAS_HOME": str(folder)}
    own |= {"XLA_FLAGS": f"--xla_cpu_multi_thread_eigen={str(threads > 1).lower()}"}
    command = [python, "-m", "benchmarks.contest", contest.name, name, str(folder), str(threads)]
    ended = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=MOST_SECONDS, env={**os.environ, **own}
    )
    if ended.returncode:
        raise RuntimeError(f"{name} ended with {ended.returncode}: {ended.stderr[-500:]}")
    seconds: float | None = json.loads(ended.stdout.splitlines()[-1])
    return seconds


def table(kept: Mapping[str, Sequence[float]], threads: int, steps: int) -> list[dict[str, object]]:
    """Return a row for each system: the best seconds, and the ratio to the plain loop within each round."""
    rows: list[dict[str, object]] = []
    for name, seconds in kept.items():
        shares = [own / base for own, base in zip(seconds, kept[PLAIN], strict=True)]
        rows.append(
            {
                "threads": threads,
                "system": name,
                "ms a step": round(min(seconds) / steps * 1e3, 3),
                "of the plain loop": round(statistics.median(shares), 3),
                "range": f"{min(shares):.2f} to {max(shares):.2f}",
            }
        )
    return rows


def machine() -> str:
    """Return what the machine is, in words."""
    return f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPUs, Python {platform.python_version()}"


def plain(contest: Contest, images: Any, classes: Any, *, channels_last: bool = False) -> float:  # Any: arrays
    """Train in a plain loop over tensors in memory, without any metric."""
    import torch
    from torch.nn import functional as F

    network, inputs, targets = _torch(contest, images, classes)
    if channels_last:
        network = network.to(memory_format=torch.channels_last)
        inputs = inputs.contiguous(memory_format=torch.channels_last)
    optimizer = torch.optim.RMSprop(network.parameters(), LR, alpha=SMOOTHING, eps=EPS)
    seconds = 0.0
    for _ in range(contest.epochs):
        started = time.perf_counter()
        for batch in torch.randperm(len(targets)).split(contest.batch):
            loss = F.cross_entropy(network(inputs[batch]), targets[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        seconds = time.perf_counter() - started
    return seconds


def lightning(contest: Contest, images: Any, classes: Any) -> float:  # Any: arrays
    """Train with Lightning as its documents begin: a data loader, automatic optimization, nothing logged."""
    import lightning.pytorch as pl
    import torch
    from torch.nn import functional as F
    from torch.utils.data import DataLoader, TensorDataset

    network, inputs, targets = _torch(contest, images, classes)

    class Module(pl.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.network, self.seconds = network, 0.0

        def training_step(self, batch: Any, _: int) -> Any:  # Any: as Lightning has it
            return F.cross_entropy(self.network(batch[0]), batch[1])

        def configure_optimizers(self) -> torch.optim.Optimizer:
            return torch.optim.RMSprop(self.parameters(), LR, alpha=SMOOTHING, eps=EPS)

        def on_train_epoch_start(self) -> None:
            self.started = time.perf_counter()

        def on_train_epoch_end(self) -> None:
            self.seconds = time.perf_counter() - self.started

    off: dict[str, Any] = {"logger": False, "enable_checkpointing": False, "enable_model_summary": False}
    module, trainer = (
        Module(),
        pl.Trainer(max_epochs=contest.epochs, accelerator="cpu", enable_progress_bar=False, **off),
    )
    trainer.fit(module, DataLoader(TensorDataset(inputs, targets), contest.batch, shuffle=True))
    return float(module.seconds)


def skorch(contest: Contest, images: Any, classes: Any) -> float:  # Any: arrays
    """Train with skorch, without validation."""
    import torch

    sk: Any = importlib.import_module("skorch")
    network, inputs, targets = _torch(contest, images, classes)
    given = {"optimizer": torch.optim.RMSprop, "optimizer__alpha": SMOOTHING, "optimizer__eps": EPS, "lr": LR}
    given |= {"batch_size": contest.batch, "max_epochs": contest.epochs, "train_split": None, "verbose": 0}
    net = sk.NeuralNetClassifier(network, criterion=torch.nn.CrossEntropyLoss, iterator_train__shuffle=True, **given)
    net.fit(inputs, targets)
    return float(net.history[-1]["dur"])


def keras(contest: Contest, images: Any, classes: Any) -> float:  # Any: arrays
    """Train with Keras on the backend of the environment."""
    ks: Any = importlib.import_module("keras")
    if ks.backend.backend() == "tensorflow":
        tf: Any = importlib.import_module("tensorflow")
        tf.config.threading.set_intra_op_parallelism_threads(int(os.environ["OMP_NUM_THREADS"]))
        tf.config.threading.set_inter_op_parallelism_threads(1)

    class Clock(ks.callbacks.Callback):  # type: ignore[misc]  # Keras has no types
        def on_epoch_begin(self, *_: object) -> None:
            self.started = time.perf_counter()

        def on_epoch_end(self, *_: object) -> None:
            self.seconds = time.perf_counter() - self.started

    network, clock = ks.Sequential([ks.Input(images.shape[1:]), *contest.layers(ks)]), Clock()
    loss = ks.losses.SparseCategoricalCrossentropy(from_logits=True)
    network.compile(ks.optimizers.RMSprop(LR, rho=SMOOTHING, epsilon=EPS), loss)
    inputs = images.astype(np.float32) / 255
    network.fit(inputs, classes, batch_size=contest.batch, epochs=contest.epochs, verbose=0, callbacks=[clock])
    return float(clock.seconds)


def seconds_of_fit(data: Any, train: int, **how: Any) -> float:  # Any: arrays, and options of `dl.fit`
    """Fit with dl on arrays of images, ``train`` of them to train on; return the training seconds of the last epoch."""
    import dl

    with tempfile.TemporaryDirectory() as folder:
        run = dl.fit("vision", data, runs=folder, rivals=False, **how)
        assert run.manifest.parts.train == train
        return float(run.history.rows[-1]["train_seconds"])


def _torch(contest: Contest, images: Any, classes: Any) -> tuple[Any, Any, Any]:  # Any: network and tensors
    import torch

    inputs = torch.from_numpy(images).permute(0, 3, 1, 2).float().contiguous() / 255
    return contest.network(), inputs, torch.from_numpy(classes)


CHANNELS_LAST = "plain loop, channels last"
SYSTEMS: dict[str, tuple[str, Callable[..., float]]] = {  # by name: the package that it needs, and what it does
    PLAIN: ("torch", plain),
    CHANNELS_LAST: ("torch", lambda *given: plain(*given, channels_last=True)),
    OURS: ("dl", lambda contest, *arrays: contest.ours(*arrays, contest.epochs)),
    "Lightning": ("lightning", lightning),
    "skorch": ("skorch", skorch),
    "Keras on TensorFlow": ("tensorflow", keras),
    "Keras on torch": ("keras", keras),
    "Keras on jax": ("jax", keras),
}


def run_one(name: str, system: str, folder: Path, threads: int) -> float | None:
    """Train with one system in this process; return the seconds of the last epoch, None if it is not installed."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
    package, train = SYSTEMS[system]
    needed = [package, "keras"] if train is keras else [package]
    if any(importlib.util.find_spec(one) is None for one in needed):
        return None
    arrays = np.load(folder / "arrays.npz")
    contest: Contest = importlib.import_module(f"benchmarks.{name}").CONTEST
    return train(contest, arrays["images"], arrays["classes"])


if __name__ == "__main__":
    _, asked, who, where, count = sys.argv
    print(json.dumps(run_one(asked, who, Path(where), int(count))))
