"""What a fit was made of: a hash of its examples, and one of its choices. A fit is resumed with the same alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from hashlib import blake2b
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dl.data.branches import Branches, Part
from dl.data.examples import Dataset, Examples
from dl.data.ragged import Ragged
from dl.limits import TIME_UP
from dl.recipes.recipe import SAVE_EVERY, Recipe
from dl.runs.run import Run, keep_json, read_json

IDENTITY = "identity.json"  # in the folder of a run
MOST_BYTES = 128 << 20  # of inputs that are hashed whole; of more, rows evenly spaced
PLACES = ("data", f"train.{SAVE_EVERY}", "options.data_dir")  # choices that change nothing


@dataclass(frozen=True)
class Identity:
    """What two fits have in common if one is the other.

    Args:
        data: Hash of the training examples, and of the validation examples that the data set brings.
        recipe: Hash of all choices but the place of the data.
    """

    data: str
    recipe: str

    @classmethod
    def of(cls, recipe: Recipe, dataset: Dataset) -> Identity:
        """Return the identity of a fit.

        Args:
            recipe: Settled on the data.
            dataset: As it was read.
        """
        return cls(hash_of_data(dataset), hash_of_recipe(recipe))

    def write(self, folder: Path) -> None:
        """Write it into the folder of a run."""
        keep_json(folder / IDENTITY, asdict(self))


def read_identity(folder: Path) -> Identity | None:
    """Read the identity of a run; None where it has none, as a run of an earlier dl."""
    return read_json(folder / IDENTITY, Identity) if (folder / IDENTITY).exists() else None


def can_go_on(run: Run) -> bool:
    """Return whether a run that no process fits any more has steps left that `dl fit --resume` takes."""
    manifest = run.manifest
    left = manifest.status in ("interrupted", "killed") or manifest.message.startswith(TIME_UP)
    return left and not manifest.protocol and not manifest.in_memory and (run.path / IDENTITY).exists()


def hash_of_recipe(recipe: Recipe) -> str:
    """Return a hash of all choices but the place of the data."""
    flat = {name: value for name, value in recipe.flat().items() if name not in PLACES}
    words = [sorted(flat.items()), sorted(recipe.find), recipe.from_hash]
    return blake2b(json.dumps(words).encode(), digest_size=16).hexdigest()


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
