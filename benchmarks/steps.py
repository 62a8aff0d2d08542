"""What a step costs beside its arithmetic: a net of 64-32-10, batch 64, one thread.

A plain loop over tensors in memory, without any metric, against `dl.fit` with accuracy counted, and others. Asked for:
at most 0.80 of the plain loop in the median, never above 1.05.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.contest import OURS, PLAIN, Contest, seconds_of_fit
from benchmarks.contest import main as race

EXAMPLES, HELD_OUT, BATCH = 20_000, 1_000, 64


def noise() -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return 8x8 grey noise with random classes."""
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (EXAMPLES, 8, 8, 1), dtype=np.uint8), rng.integers(0, 10, EXAMPLES)


def network() -> Any:  # Any: torch is imported where it is needed
    """Return the net."""
    from torch import nn

    return nn.Sequential(nn.Flatten(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))


def layers(keras: Any) -> list[Any]:  # Any: Keras has no types
    """Return the layers of the net."""
    return [keras.layers.Flatten(), keras.layers.Dense(32, activation="relu"), keras.layers.Dense(10)]


def ours(images: NDArray[np.uint8], classes: NDArray[np.int64], epochs: int) -> float:
    """Train with dl; return the training seconds of the last epoch."""
    rng = np.random.default_rng(1)
    held = rng.integers(0, 256, (HELD_OUT, 8, 8, 1), dtype=np.uint8), rng.integers(0, 10, HELD_OUT)
    data = np.concatenate([images, held[0]]), np.concatenate([classes, held[1]])
    options = {"width": 32, "epochs": epochs, "batch_size": BATCH, "val": HELD_OUT, "probe": HELD_OUT}
    return seconds_of_fit(data, len(images), model="dense", recipe="book-dense", **options)


CONTEST = Contest(
    name=Path(__file__).stem,
    title=f"A step of a 64-32-10 net, batch {BATCH}",
    arrays=noise,
    network=network,
    layers=layers,
    ours=ours,
    systems=(PLAIN, OURS, "Lightning", "Keras on torch", "Keras on jax"),
    threads=(1,),
    epochs=3,
    wanted="asked for: dl.fit at most 0.80 in the median, never above 1.05",
)


def main() -> None:
    """Print and keep the table."""
    race(CONTEST)
