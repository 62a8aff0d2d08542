"""Prepare inputs of several kinds: a preprocessor for each branch, learnt by its domain from the training set alone.

Letters: ``N`` examples, ``B`` examples of a batch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from dl.data.branches import Branches, Part
from dl.data.examples import Inputs, Subset
from dl.data.ragged import Ragged
from dl.domain import PreparedBranch, Preprocessor
from dl.errors import BadData, BadRun, DamagedRun
from dl.options import InputShape
from dl.padded import Padded, parts_of
from dl.tables.columns import quote
from dl.terminal import safe_text

Restore = Callable[[dict[str, Any]], Preprocessor]  # Any: JSON


class BranchShapes(tuple[int, ...]):
    """The shape of a prepared input of several kinds; as a tuple, those of its parts one after the other.

    Attributes:
        parts: The shape of each branch, by its name.
        kinds: Name of the domain of each branch.
    """

    parts: Mapping[str, InputShape]
    kinds: Mapping[str, str]

    @classmethod
    def of(cls, parts: Mapping[str, InputShape], kinds: Mapping[str, str]) -> Self:
        """Return the shape of inputs with these parts."""
        shape = cls(size for part in parts.values() for size in part)
        shape.parts, shape.kinds = dict(parts), dict(kinds)
        return shape


class BranchesPreprocessor(Preprocessor):
    """Prepares each branch by the preprocessor of its domain.

    Args:
        parts: The preprocessor of each branch, by its name.
        kinds: Name of the domain of each branch.
        blanks: Number of training examples without an input, of each branch.
    """

    def __init__(self, parts: Mapping[str, Preprocessor], kinds: Mapping[str, str], blanks: Mapping[str, int]) -> None:
        super().__init__()
        self.kinds, self.blanks = dict(kinds), dict(blanks)
        self._parts = nn.ModuleList(parts.values())  # a name may be none of an attribute

    @property
    def parts(self) -> dict[str, Preprocessor]:
        """The preprocessor of each branch, by its name."""
        return {name: one for name, one in zip(self.kinds, self._parts, strict=True) if isinstance(one, Preprocessor)}

    def part(self, name: str) -> Preprocessor:
        """Return the preprocessor of a branch."""
        return self.parts[name]

    @property
    def input_shape(self) -> BranchShapes:
        """The shapes of all branches."""
        return BranchShapes.of({name: one.input_shape for name, one in self.parts.items()}, self.kinds)

    def settings(self) -> dict[str, Any]:  # Any: JSON
        """Return the settings of each branch, with the name of its domain."""
        return {
            "branches": [
                {"name": name, "domain": self.kinds[name], "blanks": self.blanks[name], "settings": one.settings()}
                for name, one in self.parts.items()
            ]
        }

    @property
    def branches(self) -> dict[str, PreparedBranch]:
        """The domain of each branch, and how a missing cell of it looks."""
        return {name: PreparedBranch(self.kinds[name], one.gaps) for name, one in self.parts.items()}

    def encode(self, inputs: Inputs) -> Inputs:
        """Encode the inputs of each branch.

        Raises:
            BadData: If a branch is missing.
        """
        return _branches(inputs).changed({name: _one(one.encode(part)) for name, one, part in self._each(inputs)})

    def all_unknown(self, stored: Inputs) -> NDArray[np.bool_]:
        """Return which inputs hold nothing known in any branch, (N,)."""
        return np.asarray(np.all([one.all_unknown(part) for _, one, part in self._each(stored)], axis=0), np.bool_)

    def unknown_share(self, stored: Inputs) -> NDArray[np.float64] | None:
        """Return the share of each input that is unknown, (N,), the mean over the branches that know one."""
        found = [share for _, one, part in self._each(stored) if (share := one.unknown_share(part)) is not None]
        return np.asarray(np.mean(found, axis=0)) if found else None

    def unseen(self, inputs: Inputs) -> Mapping[int, Sequence[str]]:
        """Return by position what each branch lacks or holds that the training set lacks, in words."""
        found: dict[int, list[str]] = {}
        for name, one, part in self._each(inputs):
            if not self.blanks[name]:
                for at in np.flatnonzero(blank(part)).tolist():
                    words = f"{safe_text(name, 40)} is missing, as in no training row; a blank is in its place"
                    found.setdefault(at, []).append(words)
            for at, notes in one.unseen(part).items():
                found.setdefault(at, []).extend(notes)
        return dict(sorted(found.items()))

    def forward(self, inputs: Mapping[str, Tensor | Padded]) -> dict[str, Tensor | Padded]:
        """Prepare a batch of each branch."""
        return {name: one(inputs[name]) for name, one in self.parts.items()}

    def example_input(self) -> dict[str, Tensor | Padded]:
        """Return one blank prepared input of each branch."""
        return {name: parts_of(one.example_input())[""] for name, one in self.parts.items()}

    def _each(self, inputs: Inputs) -> list[tuple[str, Preprocessor, Part]]:
        there = _branches(inputs).parts
        if gone := [name for name in self.kinds if name not in there]:
            raise BadData(f"the branch {quote(gone[0])} is missing; the run was trained on it")
        return [(name, one, there[name]) for name, one in self.parts.items()]


def _branches(inputs: Inputs) -> Branches:
    if not isinstance(inputs, Branches):
        raise BadData("inputs of one kind; the run reads several")
    return inputs


def _one(inputs: Inputs) -> Part:
    assert not isinstance(inputs, Branches)  # a domain of one kind encodes its own
    return inputs


def blank(part: Part) -> NDArray[np.bool_]:
    """Return where a blank stands for an input, (N,): an empty text, a black image; rows of columns have none."""
    if isinstance(part, Ragged):
        return np.asarray(part.lengths == 0)
    if part.dtype.names or not part.size:
        return np.zeros(len(part), bool)
    return np.asarray(~part.reshape(len(part), -1).any(axis=1), np.bool_)


def learn(members: Mapping[str, Callable[[Subset], Preprocessor]], subset: Subset) -> BranchesPreprocessor:
    """Learn the preprocessor of each branch from the training set.

    Args:
        members: Learns a preprocessor, by the name of the domain.
        subset: The training set.
    """
    inputs = _branches(subset.examples.inputs)
    parts = {name: members[inputs.kinds[name]](of_branch(subset, name)) for name in inputs.parts}
    blanks = {name: int(blank(part[subset.index]).sum()) for name, part in inputs.items()}
    return BranchesPreprocessor(parts, inputs.kinds, blanks)


def of_branch(subset: Subset, name: str) -> Subset:
    """Return a set with the inputs of one branch alone."""
    inputs = _branches(subset.examples.inputs)
    return Subset(replace(subset.examples, inputs=inputs.parts[name]), subset.index)


def restore(members: Mapping[str, Restore], settings: Mapping[str, Any]) -> BranchesPreprocessor:  # Any: JSON
    """Rebuild a preprocessor from its settings.

    Raises:
        BadRun: If they are not those of `BranchesPreprocessor.settings`, or a domain is not installed.
    """
    try:
        kept = {str(one["name"]): one for one in settings["branches"]}
        kinds = {name: str(one["domain"]) for name, one in kept.items()}
        blanks = {name: int(one["blanks"]) for name, one in kept.items()}
    except (KeyError, TypeError, ValueError) as error:
        raise DamagedRun(f"the stored branches cannot be read: {type(error).__name__} {error}") from error
    if lost := [kind for kind in kinds.values() if kind not in members]:
        raise BadRun(f"a branch of the run is of the domain {lost[0]!r}, which is not installed")
    parts = {name: members[kinds[name]](one["settings"]) for name, one in kept.items()}
    return BranchesPreprocessor(parts, kinds, blanks)
