"""How inputs of several kinds are prepared outside of dl: the raw inputs of each branch, one after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

from torch import Tensor, nn

from dl.branches.find import Member
from dl.branches.prepare import BranchesPreprocessor
from dl.data.branches import Branches
from dl.data.examples import Inputs
from dl.domain import Preprocessor
from dl.errors import BadOption
from dl.options import Options
from dl.padded import Padded
from dl.preparation import Preparation, Raw


class Parts(nn.Module):
    """Encodes the raw inputs of each branch.

    Args:
        parts: The preparation of each branch, by its name.
    """

    def __init__(self, parts: Mapping[str, Preparation]) -> None:
        super().__init__()
        self.names = {name: len(one.inputs) for name, one in parts.items()}
        self.encoders = nn.ModuleList(one.encode for one in parts.values())

    def forward(self, *raw: Tensor) -> dict[str, Tensor | Padded]:
        """Return the stored inputs of each branch by its name."""
        found, start = dict[str, Tensor | Padded](), 0
        for (name, count), encode in zip(self.names.items(), self.encoders, strict=True):
            found[name] = encode(*raw[start : start + count])
            start += count
        return found


def prepare(members: Sequence[Member], preprocessor: Preprocessor, options: Options) -> Preparation:
    """Describe the preparation of inputs of several kinds for an export; a branch of one column has its name.

    Raises:
        BadOption: If a branch has none, or two have a reader of their own.
    """
    assert isinstance(preprocessor, BranchesPreprocessor)
    by_name = {one.name: one for one in members}
    parts, own = dict[str, Preparation](), dict[str, dict[str, str]]()
    for name, part in preprocessor.parts.items():
        member = by_name[preprocessor.kinds[name]]
        if member.domain.prepare is None:
            raise BadOption(f"the domain {member.name} does not describe how its inputs are prepared outside of dl")
        one = member.domain.prepare(part, member.own(options))
        kind = member.domain.columns
        alone = kind is not None and not kind.together and len(one.inputs) == 1
        own[name] = {given.name: name if alone else given.name for given in one.inputs}
        parts[name] = replace(one, inputs=tuple(replace(given, name=own[name][given.name]) for given in one.inputs))
    readers = {one.reader for one in parts.values() if one.reader is not None}
    if len(readers) > 1:
        raise BadOption("two of its kinds of input have a reader of their own, and an exported form has one")
    inputs = tuple(given for one in parts.values() for given in one.inputs)
    notes = tuple(note for one in parts.values() for note in one.notes)
    return Preparation(inputs, Parts(parts), partial(_raw, parts, own), next(iter(readers), None), notes)


def _raw(parts: Mapping[str, Preparation], own: Mapping[str, Mapping[str, str]], inputs: Inputs) -> dict[str, Raw]:
    assert isinstance(inputs, Branches)
    return {own[name][key]: raw for name, one in parts.items() for key, raw in one.raw(inputs.parts[name]).items()}
