"""What a fit was made of: a hash of its examples, and one of its choices. A fit is resumed with the same alone."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

from dl.limits import TIME_UP
from dl.recipes.recipe import SAVE_EVERY, Recipe
from dl.runs.run import Run, keep_json, read_json

if TYPE_CHECKING:
    from dl.data.examples import Dataset

IDENTITY = "identity.json"  # in the folder of a run
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
        from dl.data.digest import hash_of_data  # here, since a report asks only whether a run can go on

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
