"""Inputs of several kinds at once: a row of a table with numbers, a text and an image, as one value.

Each kind is a branch with a name: an array, or a ragged column, aligned by position with the others.
Letters: ``N`` examples.
"""

from __future__ import annotations

from collections.abc import ItemsView, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dl.data.ragged import Ragged, concatenate

Part = NDArray[np.generic] | Ragged


@dataclass(frozen=True)
class BranchRow:
    """One input of several kinds.

    Args:
        parts: The input of each branch. Any: a row of an array or of a ragged column.
        kinds: Name of the domain of each branch.
    """

    parts: Mapping[str, Any]
    kinds: Mapping[str, str]


@dataclass(frozen=True, eq=False)
class Branches:
    """Inputs of several kinds.

    Args:
        parts: (N, ...) inputs of each branch, by its name.
        kinds: Name of the domain of each branch.
    """

    parts: Mapping[str, Part]
    kinds: Mapping[str, str]

    def __len__(self) -> int:
        return len(next(iter(self.parts.values())))

    def __getitem__(self, positions: NDArray[np.int64]) -> Branches:
        """Copy the inputs at these positions, (n,)."""
        return Branches({name: part[positions] for name, part in self.parts.items()}, self.kinds)

    def row(self, position: int) -> BranchRow:
        """Return one input."""
        rows = {name: part.row(position) if isinstance(part, Ragged) else part[position] for name, part in self.items()}
        return BranchRow(rows, self.kinds)

    def items(self) -> ItemsView[str, Part]:
        """Return the names of the branches with their inputs."""
        return self.parts.items()

    @property
    def shape(self) -> tuple[int, ...]:
        """The number of inputs: each has parts of its own shapes."""
        return (len(self),)

    def of(self, kind: str) -> dict[str, Part]:
        """Return the parts of one domain, by the name of the branch."""
        return {name: part for name, part in self.items() if self.kinds[name] == kind}

    def changed(self, parts: Mapping[str, Part]) -> Branches:
        """Return the same branches with other inputs."""
        return Branches(parts, self.kinds)

    def release(self) -> None:
        """Release the pages of parts that are mapped from a file."""
        for part in self.parts.values():
            if isinstance(part, Ragged):
                part.release()


def split(inputs: Part | Branches) -> dict[str, Part]:
    """Return the inputs of each branch, by its name; of inputs of one kind these alone, without a name."""
    return dict(inputs.parts) if isinstance(inputs, Branches) else {"": inputs}


def columns_of(inputs: Part | Branches) -> NDArray[Any] | None:
    """Return the rows of columns among the inputs, (N,) of a structured type; None without any. Any: such a type."""
    found = [part for part in split(inputs).values() if isinstance(part, np.ndarray) and part.dtype.names]
    return found[0] if found else None


def concatenate_parts(several: Sequence[Part]) -> Part:
    """Concatenate inputs of one kind."""
    ragged = [part for part in several if isinstance(part, Ragged)]
    return concatenate(ragged) if ragged else np.concatenate([part for part in several if isinstance(part, np.ndarray)])


def concatenate_branches(several: Sequence[Branches]) -> Branches:
    """Concatenate inputs of the same branches."""
    first = several[0]
    return first.changed({name: concatenate_parts([one.parts[name] for one in several]) for name in first.parts})


def joined_digests(digests: Sequence[Sequence[bytes]]) -> list[bytes]:
    """Return one hash for each input, of 16 bytes, from those of its parts.

    Args:
        digests: Of each branch, the hashes of N inputs.
    """
    return [blake2b(b"".join(each), digest_size=16).digest() for each in zip(*digests, strict=True)]
