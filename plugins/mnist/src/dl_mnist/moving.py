"""Sequences of MNIST digits that move and bounce in a frame, made from the real digits by a fixed seed.

A frame is 32 rows and 32 columns. Two digits, at half of their size, move on straight lines and bounce off the sides,
which each has a direction and a speed of its own; where they overlap, the darker ink counts.
Source: Srivastava, Mansimov and Salakhutdinov 2015 (Moving MNIST), at half of its size.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dl.data.examples import Dataset, Examples
from dl.version import PROJECT
from dl_mnist.idx import IdxFile, read_idx

SIDE, DIGIT = 32, 14  # pixels of a frame and of a digit
LENGTH, DIGITS = 12, 2  # frames of a sequence, digits in it
SLOWEST, FASTEST = 1.0, 3.0  # pixels a frame
NUM_TRAIN, NUM_VAL, NUM_TEST = 1_000, 250, 500  # sequences
SEED = 2015

Files = tuple[IdxFile, IdxFile]


def load_moving(folder: Path, train: Files, test: Files, steps: int, licence: str, source: str) -> Dataset:
    """Make the training sequences from the training digits; the test set, from the test digits, stays unmade.

    Digits of the validation sequences are in no training sequence.

    Args:
        folder: Of the files.
        train: Images and labels.
        test: Likewise.
        steps: Frames that are read before the one to predict.
        licence: Of the digits.
        source: Of the digits.

    Raises:
        BadOption: If a sequence is too short for so many steps.
    """
    from dl_vision.frames.windows import Sequences, windows_of

    def examples(files: Files, share: slice, count: int, first: int) -> Examples:
        images = read_idx(folder, files[0])
        frames = make_sequences(images[share], count, first)
        names = [f"sequence {first + number}" for number in range(count)]
        return windows_of(Sequences.of_equal_length(frames, names), steps, first)

    cut = train[0].shape[0] * NUM_TRAIN // (NUM_TRAIN + NUM_VAL)
    return Dataset(
        name="moving-digits",
        train=examples(train, slice(cut), NUM_TRAIN, 0),
        val=examples(train, slice(cut, None), NUM_VAL, NUM_TRAIN),
        open_test=lambda: examples(test, slice(None), NUM_TEST, NUM_TRAIN + NUM_VAL),
        title=f"{DIGITS} handwritten digits that move and bounce, {LENGTH} frames a sequence",
        licence=licence,
        source=f"{source}; set in motion by {PROJECT}-mnist",
        notes=("digits of the validation and test sequences move in no training sequence",),
    )


def make_sequences(images: NDArray[np.uint8], count: int, first: int) -> NDArray[np.uint8]:
    """Make sequences of frames, (count, 12, 32, 32, 1).

    Args:
        images: (N, 28, 28) of digits.
        count: Number of sequences.
        first: Number of the first one, which is part of the seed.
    """
    rng = np.random.default_rng([SEED, first])
    chosen = images[rng.integers(0, len(images), (count, DIGITS))]
    small = chosen.reshape(count, DIGITS, DIGIT, 2, DIGIT, 2).mean(axis=(3, 5)).round().astype(np.uint8)
    begin = rng.uniform(0, SIDE - DIGIT, (count, DIGITS, 1, 2))
    angle, speed = rng.uniform(0, 2 * np.pi, (count, DIGITS)), rng.uniform(SLOWEST, FASTEST, (count, DIGITS))
    velocity = np.stack([np.sin(angle), np.cos(angle)], axis=-1)[:, :, None] * speed[..., None, None]
    corners = np.rint(bounced(begin + velocity * np.arange(LENGTH)[:, None], SIDE - DIGIT)).astype(int)
    frames = np.zeros((count, LENGTH, SIDE, SIDE), np.uint8)
    for sequence, digit, step in np.ndindex(count, DIGITS, LENGTH):
        top, left = corners[sequence, digit, step]
        window = frames[sequence, step, top : top + DIGIT, left : left + DIGIT]
        np.maximum(window, small[sequence, digit], out=window)
    return frames[..., None]


def bounced(place: NDArray[np.float64], room: float) -> NDArray[np.float64]:
    """Fold places on an endless line into 0 to ``room``, as a ball goes that bounces off both ends."""
    return room - np.abs(np.mod(place, 2 * room) - room)
