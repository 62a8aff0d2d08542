"""The data: images of rings and crosses. Replace `draw` by a function that reads your files; the rest may stay."""

from __future__ import annotations

import numpy as np
from dl.data.examples import Dataset, Examples
from numpy.typing import NDArray

NAMES = ("ring", "cross")
TRAIN, TEST = 600, 200  # examples
SIDE = 28  # pixels


def load(noise: int) -> Dataset:
    """Return the data set; its test set is made when it is opened."""
    return Dataset(
        name="newplugin",
        train=_examples(TRAIN, 0, noise),
        open_test=lambda: _examples(TEST, TRAIN, noise),
        title="rings and crosses",
        licence="free of rights",
        source="drawn by dl-newplugin",
    )


def _examples(n: int, first_id: int, noise: int) -> Examples:
    """Return n examples; an example's id is its number, the same in every run, and unique over all sets."""
    ids = np.arange(first_id, first_id + n)
    images = np.stack([draw(int(number), noise) for number in ids])
    return Examples(images, ids % len(NAMES), ids, NAMES)


def draw(number: int, noise: int) -> NDArray[np.uint8]:
    """Draw one image (28, 28, 1): a ring if its number is even, else a cross."""
    rng = np.random.default_rng(number)
    radius = rng.uniform(5, 9)
    row, column = rng.uniform(radius + 1, SIDE - radius - 1, 2)
    y, x = np.mgrid[:SIDE, :SIDE] - np.array([row, column])[:, None, None]
    ring = np.abs(np.hypot(x, y) - radius) < 1.2
    cross = (np.minimum(np.abs(x), np.abs(y)) < 1.2) & (np.maximum(np.abs(x), np.abs(y)) < radius)
    shape = cross if number % 2 else ring
    pixels: NDArray[np.int64] = np.where(
        shape, rng.integers(160, 256, shape.shape), rng.integers(0, noise + 1, shape.shape)
    )
    return pixels.astype(np.uint8).reshape(SIDE, SIDE, 1)
