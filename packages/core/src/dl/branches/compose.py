"""Compose domains to one whose inputs are of several kinds, and read one of its branches with a learner of a domain."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Group, RenderableType

from dl.branches import exported, prepare, read
from dl.branches.find import Member
from dl.data.branches import Branches, BranchRow
from dl.data.examples import Dataset, Examples, Subset
from dl.data.memory import Given
from dl.domain import Domain, Preprocessor
from dl.learner import Learner
from dl.options import Options
from dl.specs import DomainSpec
from dl.terminal import safe_text

LONGEST = 600  # characters of a sketch


def compose(specs: Sequence[DomainSpec], options: Mapping[str, Mapping[str, str]]) -> Domain:
    """Return the domain of tables whose columns are of several kinds.

    Args:
        specs: The domains that it is made of.
        options: Of each domain, the names of its options by their names among the options of all.
    """
    loaded = {spec.name: spec.load() for spec in specs}
    members = [Member(spec.name, spec.branch, loaded[spec.name], options[spec.name]) for spec in specs]
    members = [one for one in members if one.domain.columns is not None]

    def open_path(path: Path, options: Options) -> Dataset:
        return read.open_path(members, path, options)

    def learn(subset: Subset, options: Options) -> Preprocessor:
        learners = {one.name: partial(_learn, one, options) for one in members}
        return prepare.learn(learners, subset)

    def restore(settings: dict[str, Any]) -> Preprocessor:  # Any: JSON
        return prepare.restore({one.name: one.domain.restore for one in members}, settings)

    def read_raw(paths: Sequence[Path], preprocessor: Preprocessor, options: Options) -> Examples:
        return read.read(members, paths, preprocessor, options)

    def recognize(path: Path, options: Options) -> float:
        return read.recognize(members, path, options)

    def from_memory(given: Given, options: Options, preprocessor: Preprocessor | None) -> Dataset:
        return read.from_memory(members, given, options, preprocessor)

    return Domain(
        open_path,
        learn,
        restore,
        read_raw,
        draw=partial(_draw, loaded),
        sketch=partial(_sketch, loaded),
        recognize=recognize,
        from_memory=from_memory,
        rows=partial(_rows, {one.name: one.domain for one in members}),
        prepare=partial(exported.prepare, members),
    )


def _learn(member: Member, options: Options, subset: Subset) -> Preprocessor:
    return member.domain.learn(subset, member.own(options))


def _draw(domains: Mapping[str, Domain], row: BranchRow, width: int) -> RenderableType:
    """Draw each part of an input, one below the other."""
    return Group(*(domains[row.kinds[name]].draw(part, width) for name, part in row.parts.items()))


def _sketch(domains: Mapping[str, Domain], row: BranchRow) -> str:
    """Return an input as one line: its texts, its columns, and that there is a picture."""
    words = []
    for name, part in row.parts.items():
        sketch = domains[row.kinds[name]].sketch(part)
        words.append(sketch if isinstance(sketch, str) else f"{safe_text(name, 40)}: a picture")
    return " | ".join(words)[:LONGEST]


def _rows(domains: Mapping[str, Domain], subset: Subset) -> Any:  # Any: a sparse matrix
    """Return the rows of all branches side by side, (n, D), each branch with a mean variance of one example in all."""
    from scipy.sparse import csr_array, hstack

    inputs, found = subset.examples.inputs, []
    assert isinstance(inputs, Branches)
    for name, part in inputs.items():
        of_part = domains[inputs.kinds[name]].rows(Subset(replace(subset.examples, inputs=part), subset.index))
        rows = csr_array(of_part)
        means = np.asarray(rows.mean(axis=0)).ravel()
        variance = float(rows.multiply(rows).sum() / rows.shape[0] - means @ means)
        found.append(rows / np.sqrt(variance) if variance > 0 else rows)
    return csr_array(hstack(found))


def on_branch(build: Callable[[Options], Learner], kind: str, options: Options) -> Learner:
    """Return a learner of a domain that reads the first branch of that domain, and no other.

    Args:
        build: From the options to the learner.
        kind: Name of the domain.
        options: Of the learner.
    """
    learner = build(options)

    def part(subset: Subset) -> Subset:
        inputs = subset.examples.inputs
        assert isinstance(inputs, Branches)
        first = next(iter(inputs.of(kind).values()))
        return Subset(replace(subset.examples, inputs=first), subset.index)

    def reads(subset: Subset) -> bool:
        return isinstance(subset.examples.inputs, Branches) and bool(subset.examples.inputs.of(kind))

    return replace(
        learner,
        answer=f"{learner.answer}, of the {kind} branch alone",
        prepare=lambda subset: learner.prepare(part(subset)),
        rows=lambda learnt, subset: learner.rows(learnt, part(subset)),
        reads=reads,
    )
