"""Lines of several MNIST digits, with spacing and overlap, made from the real digits by a fixed seed.

A line is 32 rows and 168 columns. Its digits stand one after the other, each a little higher or lower, nearer to the
next or further apart, so that neighbours overlap; there the darker ink counts.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dl.data.examples import Dataset, Examples
from dl.version import PROJECT
from dl_mnist.idx import IdxFile, read_idx
from dl_mnist.targets import DIGITS

HEIGHT, WIDTH, SIDE = 32, 168, 28
SHORTEST, LONGEST = 3, 8  # digits
NEAREST, FURTHEST = 14, 20  # columns from one digit to the next; ink is about 20 wide, so near ones overlap
NUM_TRAIN, NUM_VAL, NUM_TEST = 20_000, 4_000, 4_000
SEED = 1998

Files = tuple[IdxFile, IdxFile]


def load_lines(folder: Path, train: Files, test: Files, licence: str, source: str) -> Dataset:
    """Make the training lines from the training digits; the test lines, from the test digits, stay unmade until asked.

    Digits of the validation lines are in no training line.
    """
    images, labels = (read_idx(folder, known) for known in train)

    def open_test() -> Examples:
        images, labels = (read_idx(folder, known) for known in test)
        return make_lines(images, labels, NUM_TEST, first_id=NUM_TRAIN + NUM_VAL)

    cut = len(images) * NUM_TRAIN // (NUM_TRAIN + NUM_VAL)
    return Dataset(
        name="mnist-lines",
        train=make_lines(images[:cut], labels[:cut], NUM_TRAIN, first_id=0),
        val=make_lines(images[cut:], labels[cut:], NUM_VAL, first_id=NUM_TRAIN),
        open_test=open_test,
        title=f"lines of {SHORTEST} to {LONGEST} handwritten digits",
        licence=licence,
        source=f"{source}; set in lines by {PROJECT}-mnist",
        notes=("digits of the validation and test lines stand in no training line",),
    )


def make_lines(images: NDArray[np.uint8], labels: NDArray[np.uint8], count: int, first_id: int) -> Examples:
    """Make ``count`` lines, (count, 32, 168, 1), and their digits (count, 9), ended by -1."""
    rng = np.random.default_rng([SEED, first_id])
    lengths = rng.integers(SHORTEST, LONGEST + 1, count)
    chosen = rng.integers(0, len(images), (count, LONGEST))
    gaps = rng.integers(NEAREST, FURTHEST + 1, (count, LONGEST))
    down = rng.integers(0, HEIGHT - SIDE + 1, (count, LONGEST))
    lines = np.zeros((count, HEIGHT, WIDTH), np.uint8)
    most = WIDTH - SIDE - gaps[:, :-1].cumsum(axis=1)[np.arange(count), lengths - 2]
    left = rng.integers(0, most + 1)
    digits = np.full((count, LONGEST + 1), -1, np.int32)
    for place in range(LONGEST):
        for line in np.flatnonzero(lengths > place):
            at, top = int(left[line]), int(down[line, place])
            window = lines[line, top : top + SIDE, at : at + SIDE]
            np.maximum(window, images[chosen[line, place]][:, : window.shape[1]], out=window)
        digits[:, place] = np.where(lengths > place, labels[chosen[:, place]].astype(np.int32), -1)
        left = left + gaps[:, place]
    ids = np.arange(first_id, first_id + count)
    return Examples(lines[..., None], digits, ids, DIGITS)
