"""A small data set: sine and square waves with noise, drawn by a seed."""

import numpy as np
from dl.data.examples import Dataset, Examples

NAMES = ("sine", "square")
TRAIN, TEST, LENGTH = 400, 100, 64


def load() -> Dataset:
    """Return the data set; its test set is made when it is opened."""
    return Dataset("waves", _examples(TRAIN, 0), lambda: _examples(TEST, TRAIN), title="sine and square waves")


def _examples(n: int, first_id: int) -> Examples:
    """Return n waves; a wave's id is its number, the same in every run, and unique over all sets."""
    rng = np.random.default_rng(first_id)
    targets = np.arange(n) % len(NAMES)
    turns, start = rng.uniform(1, 4, (n, 1)), rng.uniform(0, 1, (n, 1))
    sine = np.sin(2 * np.pi * (turns * np.linspace(0, 1, LENGTH) + start))
    waves = np.where(targets[:, None] == 0, sine, np.sign(sine)) + rng.normal(0, 0.2, (n, LENGTH))
    return Examples(waves.astype(np.float32), targets, np.arange(first_id, first_id + n), NAMES)
