"""Read a table with columns of several kinds: each domain its own columns, aligned by row.

dataset = open_path(members, Path("houses.csv"), options)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dl.branches.find import Branch, Found, Member, find_branches, need_several
from dl.branches.prepare import BranchesPreprocessor
from dl.data.branches import Branches, Part
from dl.data.examples import Dataset, Examples, concatenate_examples
from dl.data.memory import FRAME, Given
from dl.domain import Preprocessor, ReadColumns
from dl.errors import BadData, BadFile, DLError
from dl.options import Options
from dl.tables.columns import NUMBERING, SAMPLED, TARGETS, Column, choose_features, quote, sample_columns
from dl.tables.features import Features, read_open_features
from dl.tables.memory import open_frame
from dl.tables.options import OF_RAW_INPUTS, is_table
from dl.tables.source import Source
from dl.tables.stream import file_name
from dl.tables.table import check_table_options, open_table, warn_skipped
from dl.terminal import safe_text

CERTAIN = 1.0  # rating of a table whose columns are of several kinds
Members = Sequence[Member]


def open_path(members: Members, path: Path, options: Options) -> Dataset:
    """Read a user's own table with columns of several kinds.

    Raises:
        BadData: If the table cannot be used for training, or all inputs are of one kind.
        BadFile: If it is not a table.
        BadOption: If a named column does not exist, or is named for two kinds.
    """
    _need_table(path)
    return _dataset(members, open_table(path, check_table_options(options)), options)


def _need_table(path: Path) -> None:
    if path.is_dir() or not is_table(path):
        raise BadFile(f"{safe_text(str(path))!r} is not a table; expected .csv, .tsv, .jsonl or .parquet")


def _dataset(members: Members, source: Source, options: Options, *, labelled: bool = True) -> Dataset:
    """Return the rows of a table as a data set of several kinds of input."""
    first = _glance(members, source, options, labelled=labelled)
    cells = [one.name for one in first.branches if not one.member.kind.together]
    features = read_open_features(source, options, labelled=labelled, kept=cells)
    found = find_branches(_sampled(features), features.path, members, options)
    need_several(found, features.path)
    read = {
        branch.name: branch.member.kind.read(_only(features, branch.columns), branch.member.own(options), None)
        for branch in found.branches
    }
    features.release()
    inputs, kept = _aligned(read, {branch.name: branch.member.name for branch in found.branches})
    notes = [note for one in read.values() for note in one.notes]
    dataset = features.dataset(_examples(features, inputs, kept), [*found.notes, *notes])
    return replace(dataset, options=_decided(found, read))


def _sampled(features: Features) -> dict[str, Column]:
    """Return the first cells of each input column that are not empty."""
    return {
        name: Column(name, tuple(cell for cell in column.slice(0, SAMPLED).to_pylist() if cell))
        for name, column in features.columns.items()
    }


def _only(features: Features, columns: Sequence[str]) -> Features:
    """Return the table with some of its input columns."""
    return replace(features, columns={name: features.columns[name] for name in columns})


def _aligned(read: Mapping[str, ReadColumns], kinds: Mapping[str, str]) -> tuple[Branches, NDArray[np.bool_]]:
    """Return the inputs of the rows that every branch keeps, and which rows those are, (N,)."""
    kept = np.all([one.kept for one in read.values()], axis=0)
    return Branches({name: _of_rows(one, kept) for name, one in read.items()}, kinds), kept


def _of_rows(one: ReadColumns, kept: NDArray[np.bool_]) -> Part:
    """Return the inputs of the kept rows, which are among those of this branch."""
    there = kept[one.kept]
    return one.inputs if there.all() else one.inputs[np.flatnonzero(there)]


def _examples(features: Features, inputs: Branches, kept: NDArray[np.bool_]) -> Examples:
    plain = features.examples(np.empty(len(inputs)), kept)
    return replace(plain, inputs=inputs)


def _decided(found: Found, read: Mapping[str, ReadColumns]) -> Options:
    """Return the options that reading decided: the columns of each kind, and what each domain inferred."""
    options: dict[str, str | int | float | bool] = {}
    for branch in found.branches:
        names = {own: name for name, own in branch.member.options.items()}
        options |= {names.get(own, own): value for own, value in read[branch.name].options.items()}
        if not branch.member.kind.together:
            listed = options.get(branch.member.noun, "")
            options[branch.member.noun] = f"{listed},{branch.name}" if listed else branch.name
    return options


def read(members: Members, paths: Sequence[Path], preprocessor: Preprocessor, options: Options) -> Examples:
    """Read tables for a prediction; columns are matched by name, in any order.

    Raises:
        BadData: If a column is missing, or a cell cannot be parsed.
        BadFile: If a path is not a table, or an image cannot be read.
    """
    found = []
    for path in paths:
        _need_table(path)
        found.append(_read_source(members, open_table(path, check_table_options(_raw(options))), preprocessor, options))
    return concatenate_examples(found)


def _raw(options: Options) -> Options:
    return {name: value for name, value in options.items() if name in OF_RAW_INPUTS}


def _read_source(members: Members, source: Source, preprocessor: Preprocessor, options: Options) -> Examples:
    """Read the columns of a run from an opened table."""
    assert isinstance(preprocessor, BranchesPreprocessor)
    branches = _learnt(members, source, preprocessor, options)
    names = list(dict.fromkeys(name for branch in branches for name in branch.columns))
    missing = [name for name in names if name not in source.columns]
    if missing:
        raise BadData(f"{file_name(source.path)}: column {quote(missing[0])} is missing; the run was trained on it")
    features = read_open_features(source, {**_raw(options), "input": ""}, names, labelled=False)
    read = {
        branch.name: branch.member.kind.read(
            _only(features, branch.columns), branch.member.own(options), preprocessor.part(branch.name)
        )
        for branch in branches
    }
    warn_skipped(features.bad.lines, features.unit)
    inputs, kept = _aligned(read, preprocessor.kinds)
    return _examples(features, inputs, kept)


def _learnt(members: Members, source: Source, preprocessor: BranchesPreprocessor, options: Options) -> list[Branch]:
    """Return the branches of a run, with the columns of a table that each reads."""
    by_name = {member.name: member for member in members}
    found = []
    for name, kind in preprocessor.kinds.items():
        member = by_name[kind]
        of = member.kind.columns
        columns = (name,) if of is None else of(preprocessor.part(name), source.columns, member.own(options))
        found.append(Branch(name, member, tuple(columns), ""))
    return found


def recognize(members: Members, path: Path, options: Options) -> float:
    """Rate from 0 to 1 whether a path is a table whose input columns are of several kinds.

    Without a target by name, a table of images or texts is read as a list of these with what may be their targets.
    """
    named = ("target", *(member.noun for member in members))
    if path.is_dir() or not is_table(path) or not any(options.get(name) for name in named):
        return 0.0
    try:
        source = open_table(path, check_table_options(options))
        found = _glance(members, source, options, but=TARGETS)
    except DLError:
        return 0.0
    return CERTAIN if found.domains > 1 else 0.0


def _glance(
    members: Members, source: Source, options: Options, *, labelled: bool = True, but: Sequence[str] = ()
) -> Found:
    """Find the branches by the first rows of a table; the columns that number the rows are no inputs.

    Args:
        members: The domains to choose from.
        source: The table.
        options: As the user gave them.
        labelled: Whether a target is needed.
        but: Names of further columns that are no inputs, in lower case, as of other targets.
    """
    columns = sample_columns(source)
    others = {name: str(options.get(name, "")) for name in ("leave_out", "categories")}
    roles = choose_features(source, columns, {**check_table_options(options), **others}, labelled=labelled)
    inputs = {name: columns[name] for name in roles.features if name.lower() not in (*NUMBERING, *but)}
    return find_branches(inputs, source.path, members, options)


def from_memory(members: Members, given: Given, options: Options, preprocessor: Preprocessor | None) -> Dataset:
    """Convert a frame with columns of several kinds; paths of images are relative to the working directory.

    Raises:
        BadData: If it is no frame, or a cell does not fit.
    """
    if given.form != FRAME or not given.values.num_columns:
        raise BadData(f"mixed reads a frame with columns of several kinds; {given.words} was given")
    source = open_frame(given)
    if preprocessor is not None:
        return Dataset("frame", _read_source(members, source, preprocessor, options))
    return _dataset(members, source, options, labelled=False)
