"""Batches of a domain's prepared inputs, as a network gets them in a fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from dl.data.examples import Dataset, Subset, fingerprints
from dl.domain import Domain, Preprocessor, encode_examples
from dl.options import Options, check
from dl.padded import Padded, parts_of
from dl.padded import Prepared as Given
from dl.plugins.registry import Plugins
from dl.tasks.table import decide
from dl.testing.rules import Broken
from dl.testing.samples import SAMPLES
from dl.training.batches import DeviceDataset

MOST = 512  # training examples of a preprocessor
Prepared = Tensor | Padded  # of one kind of input


@dataclass(frozen=True)
class Batches:
    """Stored inputs with their preprocessor, to take batches from.

    Args:
        data: The stored inputs.
        preprocessor: Learnt from them.
        rows: Positions of distinct inputs.
    """

    data: DeviceDataset
    preprocessor: Preprocessor
    rows: tuple[int, ...]

    @classmethod
    def of(cls, domain: Domain, subset: Subset, options: Options) -> Batches:
        """Learn a preprocessor from a subset and encode its inputs."""
        preprocessor = domain.learn(subset, options).eval()
        task = decide(subset.targets, subset.examples.names)
        data = DeviceDataset.of(encode_examples(subset.examples, preprocessor), task)
        first = {key: int(row) for key, row in zip(reversed(fingerprints(subset)), reversed(subset.index), strict=True)}
        return cls(data, preprocessor, tuple(sorted(first.values())))

    def take(self, rows: Sequence[int]) -> Prepared:
        """Return the prepared inputs at these positions."""
        inputs, _ = self.data.take(torch.tensor(rows, dtype=torch.int64))
        prepared: Prepared = self.preprocessor(inputs)
        return prepared


def batches_for(name: str, plugins: Plugins, sample: Dataset | None = None, plugin: str = "") -> Batches:
    """Return batches of a domain: of the given sample, of dl's own, or of a registered data set.

    Args:
        name: Of the domain.
        plugins: The registered plugins.
        sample: A small data set of the domain.
        plugin: The plugin whose data sets are preferred.

    Raises:
        Broken: If there is no data of the domain.
    """
    spec = plugins.domain(name)
    found = sample or sample_of(name, plugins, plugin)
    rows = np.arange(min(len(found.train), MOST))
    return Batches.of(spec.load(), Subset(found.train, rows), check(spec.options, {}, name))


def sample_of(name: str, plugins: Plugins, plugin: str = "") -> Dataset:
    """Return a small data set of a domain: dl's own, or a registered one, preferring those of this plugin.

    Raises:
        Broken: If there is none.
    """
    if name in SAMPLES:
        return SAMPLES[name]()
    of_domain = [spec for (domain, _), spec in plugins.datasets.items() if domain == name]
    for spec in sorted(of_domain, key=lambda spec: plugins.owners.get(("datasets", (name, spec.name))) != plugin):
        return spec.load(check((*plugins.domain(name).options, *spec.options), {}, spec.name))
    raise Broken(f"there is no data of the domain {name!r}: register a small data set of it, or give a sample")


def same(first: Given, second: Given, tolerance: float = 0.0) -> bool:
    """Return whether two batches agree, to an absolute and relative tolerance."""
    ours, theirs = parts_of(first), parts_of(second)
    return list(ours) == list(theirs) and all(_same(ours[name], theirs[name], tolerance) for name in ours)


def _same(first: Prepared, second: Prepared, tolerance: float) -> bool:
    if isinstance(first, Tensor) and isinstance(second, Tensor):
        return first.shape == second.shape and torch.allclose(
            first.double(), second.double(), rtol=tolerance, atol=tolerance, equal_nan=True
        )
    pairs = list(zip(first, second, strict=True))
    return all((a is None) == (b is None) and (a is None or b is None or _same(a, b, tolerance)) for a, b in pairs)


def cloned(batch: Prepared) -> Prepared:
    """Return a copy of a batch."""
    if isinstance(batch, Tensor):
        return batch.clone()
    return Padded(*(None if one is None else one.clone() for one in batch))  # type: ignore[arg-type]  # weights alone may be None


def whole_batch(batches: Batches, most: int) -> Prepared:
    """Return the first distinct inputs as one batch."""
    return batches.take(batches.rows[:most])
