"""Batches: prepared inputs of a domain, as a fit would feed them to a network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from dl.data.examples import Dataset, Subset, fingerprints
from dl.domain import Domain, Preprocessor, encode_examples
from dl.options import Options, check
from dl.padded import Padded
from dl.plugins.registry import Plugins
from dl.tasks.task import decide
from dl.testing.rules import Broken
from dl.testing.samples import SAMPLES
from dl.training.batches import DeviceDataset

MOST = 512  # examples that a preprocessor is learnt from
Prepared = Tensor | Padded


@dataclass(frozen=True)
class Batches:
    """Inputs that can be taken as a batch.

    Args:
        feed: The stored inputs.
        preprocessor: Learnt from them.
        rows: Positions of inputs that are all different.
    """

    data: DeviceDataset
    preprocessor: Preprocessor
    rows: tuple[int, ...]

    @classmethod
    def of(cls, domain: Domain, part: Subset, options: Options) -> Batches:
        """Learn a preprocessor from a part and store its inputs."""
        preprocessor = domain.learn(part, options).eval()
        task = decide(part.targets, part.examples.names)
        data = DeviceDataset.of(encode_examples(part.examples, preprocessor), task)
        first = {key: int(row) for key, row in zip(reversed(fingerprints(part)), reversed(part.index), strict=True)}
        return cls(data, preprocessor, tuple(sorted(first.values())))

    def take(self, rows: Sequence[int]) -> Prepared:
        """Return the prepared inputs at these positions."""
        inputs, _ = self.data.take(torch.tensor(rows, dtype=torch.int64))
        prepared: Prepared = self.preprocessor(inputs)
        return prepared


def batches_for(name: str, plugins: Plugins, sample: Dataset | None = None, plugin: str = "") -> Batches:
    """Return batches of a domain: of the sample that is given, of our own, or of a registered data set.

    Args:
        name: Of the domain.
        plugins: What is registered.
        sample: A small data set of the domain.
        plugin: Whose data sets are asked first.

    Raises:
        Broken: If there is no data of the domain.
    """
    spec = plugins.domain(name)
    found = sample or sample_of(name, plugins, plugin)
    rows = np.arange(min(len(found.train), MOST))
    return Batches.of(spec.load(), Subset(found.train, rows), check(spec.options, {}, name))


def sample_of(name: str, plugins: Plugins, plugin: str = "") -> Dataset:
    """Return a small data set of a domain: our own, or one that a plugin registered, this plugin's first.

    Raises:
        Broken: If there is none.
    """
    if name in SAMPLES:
        return SAMPLES[name]()
    of_domain = [spec for (domain, _), spec in plugins.datasets.items() if domain == name]
    for spec in sorted(of_domain, key=lambda spec: plugins.owners.get(("datasets", (name, spec.name))) != plugin):
        return spec.load(check((*plugins.domain(name).options, *spec.options), {}, spec.name))
    raise Broken(f"there is no data of the domain {name!r}: register a small data set of it, or give a sample")


def same(first: Prepared, second: Prepared, tolerance: float = 0.0) -> bool:
    """Return whether two batches agree, to a tolerance that is absolute and relative to their size."""
    if isinstance(first, Tensor) and isinstance(second, Tensor):
        return first.shape == second.shape and torch.allclose(
            first.double(), second.double(), rtol=tolerance, atol=tolerance, equal_nan=True
        )
    pairs = list(zip(first, second, strict=True))
    return all((a is None) == (b is None) and (a is None or b is None or same(a, b, tolerance)) for a, b in pairs)


def cloned(batch: Prepared) -> Prepared:
    """Return a copy of a batch."""
    if isinstance(batch, Tensor):
        return batch.clone()
    return Padded(*(None if one is None else one.clone() for one in batch))  # type: ignore[arg-type]  # weights alone may be None


def whole_batch(batches: Batches, most: int) -> Prepared:
    """Return the first inputs that are all different, as one batch."""
    return batches.take(batches.rows[:most])
