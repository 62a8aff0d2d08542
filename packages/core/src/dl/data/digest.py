"""A hash of a data set: whether two fits learn from the same examples."""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from dl.data.branches import Branches, Part
from dl.data.examples import Dataset, Examples
from dl.data.ragged import Ragged

MOST_BYTES = 128 << 20  # of inputs that are hashed whole; of more, rows evenly spaced


def hash_of_data(dataset: Dataset) -> str:
    """Return a hash of the examples that a fit learns from and is scored on; the test set stays closed."""
    digest = blake2b(digest_size=16)
    for examples in filter(None, (dataset.train, dataset.val)):
        for part in _bytes_of(examples):
            digest.update(part)
    return digest.hexdigest()


def _bytes_of(examples: Examples) -> Iterator[bytes | memoryview]:
    """Yield the bytes of examples: targets, ids, groups and times, and inputs; of many inputs some rows."""
    yield json.dumps([len(examples), list(examples.names)]).encode()
    for values in (examples.targets, examples.ids, examples.groups, examples.times):
        if values is not None:
            yield _plain(values)
    parts = examples.inputs.parts.values() if isinstance(examples.inputs, Branches) else [examples.inputs]
    for inputs in parts:
        yield from _bytes_of_inputs(inputs)


def _bytes_of_inputs(inputs: Part) -> Iterator[memoryview]:
    every = max(1, -(-inputs.nbytes // MOST_BYTES))
    if every > 1:
        inputs = inputs[np.arange(0, len(inputs), every)]
    if isinstance(inputs, Ragged):
        yield _plain(inputs.offsets)
    yield _plain(inputs.values if isinstance(inputs, Ragged) else inputs)


def _plain(values: NDArray[np.generic]) -> memoryview:
    return np.ascontiguousarray(values).reshape(-1).view(np.uint8).data
