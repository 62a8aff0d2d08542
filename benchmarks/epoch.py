"""An epoch of the book's convnet on MNIST, batch 64: a plain loop without metrics, `dl.fit` with them, and others.

The probe and validation passes are counted apart, in dl's own history. Asked for: at most 0.70 of the plain loop in the
median, never above 0.90, and below every other system.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.contest import SYSTEMS, Contest, seconds_of_fit
from benchmarks.contest import main as race

TRAIN, HELD_OUT, BATCH = 2_048, 512, 64


def digits() -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return the first digits of MNIST."""
    from dl.plugins.loading import load_plugins

    data = load_plugins().dataset("vision", "mnist").load({}).train
    return np.ascontiguousarray(data.array[:TRAIN]), data.targets[:TRAIN].astype(np.int64)


def network() -> Any:  # Any: torch is imported where it is needed
    """Return the book's convnet as the book writes it."""
    from torch import nn

    return nn.Sequential(
        *(nn.Conv2d(1, 32, 3), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(64, 64, 3), nn.ReLU(), nn.Flatten()),
        *(nn.Linear(576, 64), nn.ReLU(), nn.Linear(64, 10)),
    )


def layers(keras: Any) -> list[Any]:  # Any: Keras has no types
    """Return the layers of the book's convnet."""
    make = keras.layers
    return [
        *(make.Conv2D(32, 3, activation="relu"), make.MaxPooling2D(2)),
        *(make.Conv2D(64, 3, activation="relu"), make.MaxPooling2D(2)),
        *(make.Conv2D(64, 3, activation="relu"), make.Flatten()),
        *(make.Dense(64, activation="relu"), make.Dense(10)),
    ]


def ours(images: NDArray[np.uint8], classes: NDArray[np.int64], epochs: int) -> float:
    """Train with dl as a recipe of twenty epochs begins; return the training seconds of the last epoch.

    As many examples again as are held out are added, so that it trains on as many as the others.
    """
    from benchmarks.stopping import StopAfter

    more = np.concatenate([images, images[:HELD_OUT]]), np.concatenate([classes, classes[:HELD_OUT]])
    options = {"duplicates": "ignore", "val": HELD_OUT, "probe": HELD_OUT, "epochs": 20}
    return seconds_of_fit(more, len(images), recipe="book-convnet", callbacks=[StopAfter(epochs)], **options)


CONTEST = Contest(
    name=Path(__file__).stem,
    title=f"An epoch of the book's convnet, batch {BATCH}, on {TRAIN:,} digits",
    arrays=digits,
    network=network,
    layers=layers,
    ours=ours,
    systems=list(SYSTEMS),
    wanted="asked for: dl.fit at most 0.70 in the median, never above 0.90, and below every other",
)


def main() -> None:
    """Print and keep the table."""
    race(CONTEST)
