"""A whole domain in one file, rows of numbers without preprocessing, for fits that take a moment.

As in:

    plugins = load_plugins(extra=[NumbersPlugin({"given": dataset})])
    run = dl.fit("numbers", "given", plugins=plugins)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from torch import Tensor, nn

from dl.data.examples import Dataset, Examples
from dl.data.memory import ARRAY, Given
from dl.data.ragged import fixed
from dl.domain import Domain, Preprocessor
from dl.errors import BadData, BadFile
from dl.hookspecs import hookimpl
from dl.options import InputShape, Option, Options
from dl.specs import DatasetSpec, DomainSpec, ModelSpec, RecipeSpec
from dl.tables.gather import content_ids

DOMAIN = "numbers"
STEPS = 6  # of the linear model, for tasks whose target is a sequence
PLAIN = '[model]\nname = "linear"\n\n[train]\noptimizer = "adam"\nlr = 0.1\nepochs = 30\nbatch_size = 16\n'


class Numbers(Preprocessor):
    """Passes the numbers through as floats.

    Args:
        shape: Of one row.
    """

    def __init__(self, shape: Sequence[int]) -> None:
        super().__init__(shape=list(shape))
        self.shape = tuple(shape)

    @property
    def input_shape(self) -> tuple[int, ...]:
        """The shape of one row."""
        return self.shape

    def forward(self, inputs: Tensor) -> Tensor:
        """Convert numbers to floats, (N, *shape)."""
        return inputs.float()


class NumbersPlugin:
    """A plugin object that registers the domain ``numbers`` and the given data sets.

    Args:
        datasets: By name.
    """

    def __init__(self, datasets: Mapping[str, Dataset]) -> None:
        self.datasets = datasets

    @hookimpl
    def register_domains(self) -> tuple[DomainSpec, ...]:
        """Return the domain."""
        return (DomainSpec(DOMAIN, "rows of numbers", _load_domain, "plain"),)

    @hookimpl
    def register_datasets(self) -> tuple[DatasetSpec, ...]:
        """Return the given data sets."""
        return tuple(DatasetSpec(name, DOMAIN, "given", partial(_itself, one)) for name, one in self.datasets.items())

    @hookimpl
    def register_models(self) -> tuple[ModelSpec, ...]:
        """Return a linear model, and one with a hidden layer."""
        width = Option("width", 32, "units", low=1, high=1024, units=True)
        return (
            ModelSpec("linear", DOMAIN, "one layer", _build_linear, build_steps=_build_linear_steps),
            ModelSpec("dense", DOMAIN, "two layers", _build_dense, (width,)),
        )

    @hookimpl
    def register_recipes(self) -> tuple[RecipeSpec, ...]:
        """Return the recipe of the domain."""
        return (RecipeSpec("plain", DOMAIN, "adam", PLAIN),)


def _load_domain() -> Domain:
    return Domain(
        open_path=_open_path,
        learn=lambda part, options: Numbers(part.examples.array.shape[1:]),
        restore=Numbers.restore,
        read=_read,
        draw=lambda row, width: " ".join(f"{value:.2f}" for value in row.ravel())[:width],
        sketch=lambda row: " ".join(f"{value:.2f}" for value in row.ravel()[:4]),
        from_memory=_from_memory,
    )


def _from_memory(given: Given, _options: Options, _preprocessor: Preprocessor | None) -> Dataset:
    if given.form != ARRAY:
        raise BadData(f"numbers reads arrays; {given.words} was given")
    rows = np.ascontiguousarray(given.values, np.float32)
    n = len(rows)
    names = tuple(f"row {k}" for k in range(n))
    return Dataset("numbers", Examples(rows, np.zeros(n, np.int64), content_ids(fixed(rows)), (), names))


def _open_path(path: Path, _options: Options) -> Dataset:
    raise BadFile(f"{str(path)!r}: numbers are given by a program, not read from a path")


def _read(paths: Sequence[Path], _preprocessor: Preprocessor) -> Examples:
    """Read .npy files of rows."""
    rows = []
    for path in paths:
        try:
            rows.append(np.load(path, allow_pickle=False))
        except (OSError, ValueError) as error:
            raise BadFile(f"{path} is not an array: {error}") from error
    inputs = np.concatenate(rows)
    sources = tuple(f"row {k}" for k in range(len(inputs)))
    return Examples(inputs, np.zeros(len(inputs), np.int64), np.arange(len(inputs)), (), sources)


def _itself(dataset: Dataset, _options: Options) -> Dataset:
    return dataset


def _build_linear(shape: InputShape, outputs: int, _options: Options) -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(int(np.prod(shape)), outputs))


def _build_linear_steps(shape: InputShape, outputs: int, _options: Options) -> nn.Module:
    every = nn.Linear(int(np.prod(shape)), STEPS * outputs)
    return nn.Sequential(nn.Flatten(), every, nn.Unflatten(1, (STEPS, outputs)))


def _build_dense(shape: InputShape, outputs: int, options: Options) -> nn.Module:
    width = int(options["width"])
    layers = [nn.Flatten(), nn.Linear(int(np.prod(shape)), width), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(width, outputs))


def random_answers(n: int, seed: int = 0) -> Dataset:
    """Return n rows of 20 random numbers with random classes, which can only be memorized."""
    rng = np.random.default_rng(seed)
    inputs = rng.standard_normal((n, 20), dtype=np.float32)
    return Dataset("random", Examples(inputs, rng.integers(0, 2, n), np.arange(n), ("no", "yes")), val_size=0.5)


def clouds(n: int, seed: int = 0) -> Dataset:
    """Return n points of three well-separated clouds in the plane."""
    rng = np.random.default_rng(seed)
    targets = np.arange(n) % 3
    angles = 2 * np.pi * targets / 3
    inputs = 5 * np.stack([np.cos(angles), np.sin(angles)], axis=1) + rng.normal(0, 0.5, (n, 2))
    return Dataset("clouds", Examples(inputs.astype(np.float32), targets, np.arange(n), ("a", "b", "c")), val_size=0.3)


def slopes(n: int, seed: int = 0) -> Dataset:
    """Return n points of a linear regression with noise."""
    rng = np.random.default_rng(seed)
    inputs = rng.normal(0, 1, (n, 3)).astype(np.float32)
    targets = inputs @ np.array([1.0, -2.0, 0.5]) + rng.normal(0, 0.3, n)
    return Dataset("slopes", Examples(inputs, targets, np.arange(n), ("slope",)), val_size=0.3)
