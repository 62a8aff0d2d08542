"""What the gallery shows: eight fits that must each yield a finding of their own, and the data that they need."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from dl.data.examples import Dataset
from dl.hookspecs import hookimpl
from dl.runs.run import Run
from dl.specs import DatasetSpec
from dl_mnist import mnist

SEED = 0
VAL = 10_000  # validation digits of the variants
FLIPPED = 0.05
COPIES = 500


@dataclass(frozen=True)
class Piece:
    """One report of the gallery.

    Args:
        name: Of its folder.
        description: Data and network, in one line.
        code: Of the finding that it must yield; one of these suffices, and none is asked for where there is no code.
        data: Name of the data set.
        options: Of the fit.
        domain: Of the data set.
        row: Of the decision table in ``docs/reports.md`` that must decide first; empty for any.
        then: What happens to the run after the fit.
        fit: Trains in place of `dl.fit` and leaves a run in the folder; None for `dl.fit`.
    """

    name: str
    description: str
    code: tuple[str, ...] = ()
    data: str = "mnist"
    options: Mapping[str, Any] = field(default_factory=dict)  # Any: what dl.fit takes
    domain: str = "vision"
    row: str = ""
    then: Callable[[Run], None] | None = None
    fit: Callable[[Piece, Path], None] | None = None


SMALL: Mapping[str, Any] = {"recipe": "book-dense", "epochs": 30}
PIECES = (
    Piece(
        "book-convnet", "the book's convnet on MNIST", ("fit-gap", "fit-memorized"), options={"recipe": "book-convnet"}
    ),
    Piece("book-dense", "the book's dense net on MNIST", ("fit-gap",), options={"recipe": "book-dense"}),
    Piece(
        "overfitted",
        "two layers of 512 on 1,000 digits, 30 epochs",
        ("fit-overfit-loss",),
        options={**SMALL, "depth": 2, "val": 59_000},
    ),
    Piece(
        "few",
        "two layers of 512 on 150 digits, 20 epochs, 40 for validation",
        ("fit-gap", "fit-no-better-than-baseline", "data-small-validation"),
        "mnist-few",
        {**SMALL, "epochs": 20, "depth": 2},
    ),
    Piece("shuffled", "5,000 digits with shuffled labels", ("fit-no-better-than-baseline",), "mnist-shuffled", SMALL),
    Piece(
        "flipped",
        "20,000 digits, 5 % of the labels wrong",
        ("data-mislabelled",),
        "mnist-flipped",
        {"recipe": "book-dense", "epochs": 10},
    ),
    Piece(
        "duplicates",
        f"{COPIES} training digits planted into the validation set",
        ("data-duplicates-across-split",),
        "mnist-duplicates",
        {"recipe": "book-dense", "epochs": 10},
    ),
    Piece(
        "learning-rate-1",
        "a learning rate of 1",
        ("health-lr-too-high", "health-exploding-gradients", "health-nan"),
        "mnist-small",
        {"recipe": "book-dense", "epochs": 10, "lr": 1.0},
    ),
)


def small(count: int) -> Dataset:
    """Take so many training digits of MNIST, and 10,000 others for validation."""
    full = mnist.load("mnist")
    order = np.random.default_rng(SEED).permutation(len(full.train))
    train, val = order[:count], order[count : count + VAL]
    return replace(full, train=full.train.take(train), val=full.train.take(val))


def few() -> Dataset:
    """Take 150 training digits, and 40 others for validation."""
    data = small(150)
    assert data.val is not None
    return replace(data, val=data.val.take(np.arange(40)))


def shuffled() -> Dataset:
    """Take 5,000 digits and permute their labels."""
    return _relabelled(small(5_000), lambda labels, draws: draws.permutation(labels))


def flipped() -> Dataset:
    """Take 20,000 digits and give one in twenty another label."""

    def flip(labels: np.ndarray, draws: np.random.Generator) -> np.ndarray:
        wrong = draws.random(len(labels)) < FLIPPED
        return np.where(wrong, (labels + draws.integers(1, 10, len(labels))) % 10, labels)

    return _relabelled(small(20_000), flip)


def duplicates() -> Dataset:
    """Take 20,000 digits and plant 500 of them into the validation set as well."""
    data = small(20_000)
    assert data.val is not None
    inputs, targets = data.val.array.copy(), data.val.targets.copy()
    inputs[:COPIES], targets[:COPIES] = data.train.array[:COPIES], data.train.targets[:COPIES]
    return replace(data, val=replace(data.val, inputs=inputs, targets=targets))


def _relabelled(data: Dataset, change: Callable[[np.ndarray, np.random.Generator], np.ndarray]) -> Dataset:
    draws = np.random.default_rng(SEED)
    assert data.val is not None
    parts = [replace(part, targets=change(part.targets, draws)) for part in (data.train, data.val)]
    return replace(data, train=parts[0], val=parts[1])


VARIANTS: dict[str, tuple[str, Callable[[], Dataset]]] = {
    "mnist-small": ("1,000 training digits", lambda: small(1_000)),
    "mnist-few": ("150 training digits, 40 for validation", few),
    "mnist-shuffled": ("5,000 digits with shuffled labels", shuffled),
    "mnist-flipped": ("20,000 digits, 5 % of the labels wrong", flipped),
    "mnist-duplicates": ("20,000 digits, some of them in both parts", duplicates),
}


class Variants:
    """A plugin: MNIST spoiled in known ways."""

    @hookimpl
    def register_datasets(self) -> tuple[DatasetSpec, ...]:
        """Register a data set for each way to spoil MNIST."""
        return tuple(_spec(name, *variant) for name, variant in VARIANTS.items())


def _spec(name: str, description: str, make: Callable[[], Dataset]) -> DatasetSpec:
    return DatasetSpec(name, "vision", description, lambda _: replace(make(), name=name))
