"""Tiny synthetic data in the form of real data, as files and as data sets; equal for equal seeds.

It is small enough to be fitted in a second, and learnable. Letters: ``n`` training examples.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dl.data.examples import Dataset, Examples
from dl.data.pictures import png
from dl.data.ragged import texts as ragged

SIDE = 28  # of an image, in pixels
SHAPES = ("across", "down", "cross")
TONES = ("bad", "good")
MOVED = ("no", "yes")
PERSON = np.dtype([("age", "f8"), ("rent", "f8"), ("town", "U8")])
_GOOD = ("lovely", "warm", "funny", "bright", "clever", "moving")
_BAD = ("dull", "cold", "slow", "grey", "clumsy", "empty")
_PLAIN = ("the", "film", "was", "and", "its", "story", "music", "in", "parts", "all", "told", "scene", "of", "it")
_TOWNS = ("Oslo", "Lima", "Pune")


def images(n: int = 60, seed: int = 0) -> Dataset:
    """Return grey images (28, 28, 1) of noise with a bright bar across, down, or both; the shape is the class."""
    pixels, shapes = _draw_images(n, seed)
    held, held_shapes = _draw_images(n // 3, seed + 1)
    return Dataset(
        "bars",
        Examples(pixels, shapes, np.arange(n), SHAPES),
        open_test=lambda: Examples(held, held_shapes, np.arange(n, n + len(held)), SHAPES),
        title="bars across and down, drawn by a seed",
        licence="free of rights",
        source="dl.testing.samples",
    )


def texts(n: int = 60, seed: int = 0) -> Dataset:
    """Return short sentences about films, bad or good by the words in them."""
    words, tones = _write_sentences(n, seed)
    held, held_tones = _write_sentences(n // 3, seed + 1)
    return Dataset(
        "tones",
        Examples(ragged(words), tones, np.arange(n), TONES),
        open_test=lambda: Examples(ragged(held), held_tones, np.arange(n, n + len(held)), TONES),
        title="sentences about films, drawn by a seed",
        licence="free of rights",
        source="dl.testing.samples",
    )


def write_images(folder: str | Path, n: int = 60, seed: int = 0) -> Path:
    """Write the images of `images` as PNG files in a folder for each class; returns the folder."""
    pixels, shapes = _draw_images(n, seed)
    for number, (image, shape) in enumerate(zip(pixels, shapes, strict=True)):
        path = Path(folder) / SHAPES[shape] / f"{number:04d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png(image))
    return Path(folder)


def write_texts(folder: str | Path, n: int = 60, seed: int = 0) -> Path:
    """Write the sentences of `texts` as files in a folder for each class; returns the folder."""
    for number, (text, tone) in enumerate(zip(*_write_sentences(n, seed), strict=True)):
        path = Path(folder) / TONES[tone] / f"{number:04d}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return Path(folder)


def people(n: int = 60, seed: int = 0) -> Dataset:
    """Return rows of people: two numbers, one with missing values, and a word; the class is who moved."""
    rows, moved = _draw_people(n, seed)
    held, held_moved = _draw_people(n // 3, seed + 1)
    return Dataset(
        "people",
        Examples(rows, moved, np.arange(n), MOVED),
        open_test=lambda: Examples(held, held_moved, np.arange(n, n + len(held)), MOVED),
        title="people who moved, drawn by a seed",
        licence="free of rights",
        source="dl.testing.samples",
    )


def write_table(path: str | Path, n: int = 60, seed: int = 0) -> Path:
    """Write the rows of `people` as a CSV with the target column ``label``; returns the path."""
    rows, moved = _draw_people(n, seed)
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow((*(PERSON.names or ()), "label"))
        for (age, rent, town), answer in zip(rows.tolist(), moved, strict=True):
            writer.writerow((f"{age:.0f}", "" if rent != rent else f"{rent:.2f}", town, MOVED[answer]))
    return path


def _draw_people(n: int, seed: int) -> tuple[NDArray[np.void], NDArray[np.int64]]:
    """Return n rows with a field for each column, and whether each has moved."""
    rng = np.random.default_rng([seed, n, 2])
    rows = np.empty(n, PERSON)
    rows["age"], rows["rent"] = rng.integers(18, 80, n), rng.normal(900, 200, n).round(2)
    rows["town"] = np.array(_TOWNS)[rng.integers(0, len(_TOWNS), n)]
    moved = (rows["rent"] / 900 - rows["age"] / 50 > rng.normal(0, 0.1, n)).astype(np.int64)
    rows["rent"][5::17] = np.nan
    return rows, moved


def _write_people(folder: Path) -> Path:
    return write_table(folder / "people.csv")


SAMPLES: dict[str, Callable[[], Dataset]] = {"vision": images, "text": texts, "tabular": people}  # by domain
FILES: dict[str, Callable[[Path], Path]] = {"vision": write_images, "text": write_texts, "tabular": _write_people}


def _draw_images(n: int, seed: int) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return n images (n, 28, 28, 1) and the numbers of their shapes, in turn."""
    rng = np.random.default_rng([seed, n])
    pixels = rng.integers(0, 90, (n, SIDE, SIDE, 1), dtype=np.uint8)
    shapes = np.arange(n) % len(SHAPES)
    for image, shape, (row, column) in zip(pixels, shapes, rng.integers(4, SIDE - 6, (n, 2)), strict=True):
        if shape != 1:
            image[row : row + 3] += 160
        if shape != 0:
            image[:, column : column + 3] = np.maximum(image[:, column : column + 3], 160)
    return pixels, shapes


def _write_sentences(n: int, seed: int) -> tuple[Sequence[str], NDArray[np.int64]]:
    """Return n sentences and the numbers of their tones, in turn."""
    rng = np.random.default_rng([seed, n, 1])
    tones = np.arange(n) % len(TONES)
    return [_sentence(rng, (_BAD, _GOOD)[tone]) for tone in tones], tones


def _sentence(rng: np.random.Generator, telling: Sequence[str]) -> str:
    words = [*rng.choice(_PLAIN, rng.integers(4, 9)), *rng.choice(telling, 2, replace=False)]
    return " ".join(words[k] for k in rng.permutation(len(words)))
