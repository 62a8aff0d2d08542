"""Frames and targets in memory: open a frame as a `Source`, like a file, and infer a target.

The rules are those of files (`dl.tables.target`), except that the dtype counts: floats are values, booleans are
classes, and integers 0, 1, 2, ... without a gap are class numbers, however many there are.
Rows are numbered from 0. Letters: ``N`` rows, ``L`` labels, ``D`` values.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dl.data.examples import Dataset, Index
from dl.data.memory import ARRAY, FRAME, TEXTS, Given, take
from dl.errors import BadData, BadOption
from dl.options import Options
from dl.tables.columns import SAMPLED, TARGETS, list_names, named_columns, quote
from dl.tables.gather import is_blank
from dl.tables.groups_times import group_numbers, read_times
from dl.tables.options import OPTIONS
from dl.tables.parquet import MOST, as_text, is_nested
from dl.tables.source import BadRows, Source, TableBatch, check_columns
from dl.tables.target import FEW, Target, infer, join_alone
from dl.terminal import safe_text
from dl.words import many

FRAME_PATH, TARGET_PATH = Path("the frame"), Path("the target")  # what messages call them
OF_ROWS = ("target", "group_on", "time_on")  # options that name other columns than inputs

Cells = Any  # pyarrow has no types


@dataclass(frozen=True)
class KnownRows:
    """Target, groups and times of each row.

    Args:
        target: As given: one array or column, or several columns by name; None without a target.
        groups: (N,) group numbers, or None.
        times: (N,) sortable times, or None.
        notes: Sentences on what was inferred.
    """

    target: object = None
    groups: Index | None = None
    times: NDArray[np.generic] | None = None
    notes: tuple[str, ...] = ()


# Frames


def open_frame(given: Given) -> Source:
    """Open a frame as a table.

    Raises:
        BadData: If two columns share a name.
    """
    table = given.values
    check_columns(FRAME_PATH, table.column_names)
    nested = {
        field.name: f"values of the type {safe_text(field.type, 60)}" for field in table.schema if is_nested(field.type)
    }

    def batches(wanted: Sequence[str], _bad: BadRows) -> Iterator[TableBatch]:
        size, first = SAMPLED, 0  # a small first batch is enough to inspect the columns
        while first < table.num_rows:
            some = table.slice(first, size)
            rows = np.arange(first, first + some.num_rows, dtype=np.int64)
            yield TableBatch(rows, {name: _text(some[name]) for name in wanted})
            first, size = first + size, MOST

    return Source(FRAME_PATH, "row", tuple(table.column_names), batches, nested=nested)


def reading(options: Options) -> dict[str, Any]:  # Any: values of options
    """Return the options with which a domain reads the inputs of a frame: every row, without a target."""
    known = {option.name: option.default for option in OPTIONS if option.name in (*OF_ROWS, "target_as", "bad_rows")}
    return {**options, **known}


def split_frame(given: Given, options: Options, *, labelled: bool) -> tuple[Given, KnownRows]:
    """Split a frame into inputs, and target, groups and times.

    Args:
        given: The frame.
        options: Values of `dl.tables.options.OPTIONS`.
        labelled: Whether a target column is needed.

    Raises:
        BadOption: If a named column does not exist, or no target is named and none can be inferred.
        BadData: If a target equals an input column, or a time is invalid.
    """
    table, notes = given.values, []
    targets, because = _target_columns(given, options) if labelled else ((), "")
    group, time = (_one_column(given, options, name) for name in ("group_on", "time_on"))
    rows = np.arange(len(given))
    groups = times = None
    if group:
        groups = group_numbers(_filled(table[group]))
        notes.append(f"groups: column {quote(group)}, {len(np.unique(groups)):,} of them")
    if time:
        times, _ = read_times(time, _filled(table[time]), rows, BadRows(FRAME_PATH, "row", skip=False))
    inputs = replace(
        given, values=table.drop_columns(list(dict.fromkeys(one for one in (*targets, group, time) if one)))
    )
    for name in targets:
        _refuse_copy(table, name, inputs.values)
    if because:
        notes.append(f"target: column {quote(targets[0])}, {because}")
    target = {name: table[name] for name in targets} if targets else None
    return inputs, KnownRows(target, groups, times, tuple(notes))


def _target_columns(given: Given, options: Options) -> tuple[tuple[str, ...], str]:
    """Return the target columns, and the reason for an inferred one."""
    columns, asked = given.values.column_names, str(options.get("target", ""))
    if asked:
        return named_columns(FRAME_PATH, columns, asked, "target"), ""
    by_name = [name for name in columns if name.lower() in TARGETS]
    if len(by_name) != 1:
        found = f"several columns fit: {list_names(by_name)}" if by_name else f"columns: {list_names(columns)}"
        raise BadOption(f"the frame needs a target: name its column, as target={(by_name or columns)[-1]!r}  {found}")
    return (by_name[0],), "by its name"


def _one_column(given: Given, options: Options, option: str) -> str:
    name = str(options.get(option, ""))
    if name and name not in given.values.column_names:
        named_columns(FRAME_PATH, given.values.column_names, name, option)
        raise BadOption(f"{option}={safe_text(name)} names several columns; it takes one")
    return name


def _refuse_copy(table: Cells, target: str, inputs: Cells) -> None:
    """Refuse a target that equals an input column.

    Raises:
        BadData: Naming both columns.
    """
    head = _text(table[target].slice(0, SAMPLED))
    for name in inputs.column_names:
        if is_nested(inputs.schema.field(name).type) or not _text(inputs[name].slice(0, SAMPLED)).equals(head):
            continue
        if _text(inputs[name]).equals(_text(table[target])):
            same = f"target column {quote(target)} is the same as input column {quote(name)} in every row"
            raise BadData(f"the frame: {same}; the input would give the answer away")


def _text(column: Cells) -> Cells:
    """Return a column as one array of text cells, as those of files are."""
    return as_text(column.combine_chunks())


def _filled(column: Cells) -> Cells:
    """Return a column as stripped text without nulls."""
    import pyarrow as pa
    import pyarrow.compute as pc

    return pa.chunked_array([pc.utf8_trim_whitespace(pc.fill_null(_text(column), ""))])


# Targets


def with_rows(dataset: Dataset, known: KnownRows, options: Options) -> Dataset:
    """Return a data set with inferred targets, groups and times.

    Raises:
        BadData: If the numbers of targets and inputs differ, or there is nothing to learn.
    """
    train, notes = dataset.train, (*dataset.notes, *known.notes)
    if known.target is not None:
        target = understand_target(known.target, len(train), options)
        train = replace(train, targets=target.values, names=target.names)
        notes = (*notes, f"target: {target.note}")
    groups = train.groups if known.groups is None else known.groups
    return replace(dataset, train=replace(train, groups=groups, times=known.times), notes=notes)


def understand_target(target: object, n: int, options: Options) -> Target:
    """Turn a target into class numbers, labels or values, by its dtype and ``target_as``.

    Args:
        target: One array or column, or several columns by name.
        n: Number of inputs.
        options: ``target_as`` and ``separator`` are read.

    Raises:
        BadData: If a target is missing, or there is nothing to learn.
    """
    asked = str(options.get("target_as", "auto"))
    if isinstance(target, Mapping) and len(target) > 1 and asked == "auto":
        columns = {name: _column(column, name) for name, column in target.items()}
        if any(one.words is not None for one in columns.values()):
            alone = [understand_target({name: column}, n, options) for name, column in target.items()]
            return join_alone(tuple(target), alone)
    found = _Found.of(target, n)
    if found.words is not None:
        return _of_words(found, asked, options)
    numbers = found.numbers
    if asked == "text":
        raise BadData(f"{found.where} is numbers, and the task reads text; give it as strings")
    if numbers.ndim == 2:
        return _of_columns(found, asked)
    whole = numbers.dtype.kind in "bi" or bool((numbers == np.round(numbers)).all())
    if asked == "classes" and not whole:
        raise BadData(
            f"{found.where} holds {numbers[numbers != np.round(numbers)][0]:g}; classes are whole numbers or words"
        )
    if asked in ("numbers", "labels") or (asked == "auto" and numbers.dtype.kind == "f"):
        return _values(found)
    return _of_whole_numbers(found, asked)


@dataclass(frozen=True)
class _Found:
    """A target as one array: numbers (N,) or (N, D), or words.

    Args:
        where: Its name in messages.
        names: Of its columns.
        numbers: Floats, integers or booleans; undefined for words.
        words: Text cells, or None.
        order: Of the words, if their type defines one.
    """

    where: str
    names: tuple[str, ...]
    numbers: NDArray[Any]
    words: Cells = None
    order: tuple[str, ...] = ()

    @classmethod
    def of(cls, target: object, n: int) -> _Found:
        """Convert a given target.

        Raises:
            BadData: If it has another length, missing values, or another type.
        """
        if isinstance(target, Mapping):
            columns = [_column(column, name) for name, column in target.items()]
            found = columns[0] if len(columns) == 1 else _side_by_side(columns)
        else:
            found = _beside(target)
        count = len(found.numbers) if found.words is None else len(found.words)
        if count != n:
            raise BadData(f"{n:,} inputs and {many(count, 'target')} do not match; give one target for each input")
        return found


def _beside(target: object) -> _Found:
    """Convert a target given separately from its inputs."""
    import pyarrow as pa

    where = "the target"
    order = getattr(getattr(target, "dtype", None), "categories", None)
    if order is not None:  # a categorical series, of pandas or polars
        cells = target.to_numpy().tolist()  # type: ignore[attr-defined]  # a series, as asked before
        words = pa.array([None if word is None or word != word else str(word) for word in cells], pa.string())
        return _column(words, where, tuple(map(str, order)))
    given = take(target)
    if given.form == FRAME:
        return _Found.of({name: given.values[name] for name in given.values.column_names}, len(given))
    if given.form == TEXTS:
        return _column(pa.array(given.values, pa.string()), where)
    if given.form != ARRAY:
        raise BadData(f"a target is numbers or words; {given.words} was given")
    numbers = given.values
    if numbers.ndim > 2:
        raise BadData(f"a target has one or two axes; {given.words} was given")
    if numbers.ndim == 2 and numbers.shape[1] == 1:
        numbers = numbers[:, 0]
    names = tuple(f"target {k}" for k in range(numbers.shape[1])) if numbers.ndim == 2 else ("target",)
    return _Found(where, names, _finite(numbers, where))


def _column(column: Cells, name: str, order: tuple[str, ...] = ()) -> _Found:
    """Convert one column of a frame, or a list of words, to a target."""
    import pyarrow as pa
    from pyarrow import types

    where = name if name == "the target" else f"target column {quote(name)}"
    column = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    kind = column.type
    if is_nested(kind):
        raise BadData(f"{where} holds {safe_text(kind, 40)}; a target is numbers or words")
    if types.is_boolean(kind) or types.is_integer(kind) or types.is_floating(kind):
        _refuse_gaps(column.is_null().to_numpy(zero_copy_only=False), where)
        return _Found(where, (name,), _finite(column.to_numpy(zero_copy_only=False), where))
    if types.is_dictionary(kind) and not order:
        order = tuple(map(str, column.dictionary.to_pylist()))
    words = _filled(pa.chunked_array([column]))
    _refuse_gaps(is_blank(words.combine_chunks()), where)
    return _Found(where, (name,), np.empty(0), words, order)


def _side_by_side(columns: Sequence[_Found]) -> _Found:
    for column in columns:
        if column.words is not None:
            raise BadData(f"{column.where} holds words; several target columns are numbers, or yes and no")
    names = tuple(column.names[0] for column in columns)
    return _Found("the target", names, np.stack([column.numbers for column in columns], axis=1))


def _refuse_gaps(missing: NDArray[np.bool_], where: str) -> None:
    if missing.any():
        count = f"in {int(missing.sum()):,} of {len(missing):,} rows" if missing.sum() > 1 else "in one row"
        raise BadData(f"{where} has no value {count}, first in row {int(np.argmax(missing))}; leave such rows out")


def _finite(numbers: NDArray[Any], where: str) -> NDArray[Any]:
    """Return numbers as bool, int64 or float64.

    Raises:
        BadData: If one is NaN or infinite.
    """
    if numbers.dtype.kind == "f":
        values = numbers.astype(np.float64)
        rows = values.reshape(len(values), -1)
        _refuse_gaps(np.asarray(np.isnan(rows).any(axis=1)), where)
        infinite = ~np.isfinite(rows).all(axis=1)
        if infinite.any():
            raise BadData(f"{where} is infinite in row {int(np.argmax(infinite))}; leave such rows out")
        return values
    return numbers if numbers.dtype.kind == "b" else numbers.astype(np.int64)


def _of_words(found: _Found, asked: str, options: Options) -> Target:
    """Infer the target of words as in a file; a categorical column is classes in its own order."""
    n = len(found.words)
    as_ = "classes" if found.order and asked == "auto" else asked
    chosen = {option.name: option.default for option in OPTIONS} | dict(options) | {"target_as": as_}
    path = TARGET_PATH if found.where == "the target" else FRAME_PATH
    target = infer(found.names, [found.words], chosen, np.arange(n), BadRows(path, "row", skip=False))
    if not found.order or set(target.names) - set(found.order):
        return target
    names = tuple(name for name in found.order if name in target.names)
    renumbered = np.array([names.index(name) for name in target.names])[target.values]
    return replace(target, values=renumbered, names=names, note=f"{len(names):,} classes: {list_names(names)}")


def _of_whole_numbers(found: _Found, asked: str) -> Target:
    """Take integers as classes if they are few or consecutive from 0, otherwise as values."""
    yes_no = found.numbers.dtype.kind == "b"
    numbers = found.numbers.astype(np.int64)
    distinct, codes, counts = np.unique(numbers, return_inverse=True, return_counts=True)
    counted = distinct[0] == 0 and distinct[-1] == len(distinct) - 1 and 2 * len(distinct) <= len(numbers)
    few = len(distinct) <= 2 or (len(distinct) <= FEW and 2 * len(distinct) <= len(numbers))
    if asked == "auto" and not (yes_no or counted or few):
        return _values(found, "; task='multiclass' takes them as classes")
    words = [str(bool(value)) if yes_no else str(value) for value in distinct]
    if len(words) < 2:
        raise BadData(f"{found.where} holds only one class, {words[0]}; a classifier needs two")
    if counts.min() == 1:
        word = words[int(np.argmin(counts))]
        raise BadData(
            f"{found.where}: class {word} has one example only; a class needs two, one of them for validation"
        )
    hint = "" if yes_no or asked == "classes" else "; task='regression' takes them as values"
    return Target(codes, tuple(words), np.ones(len(codes), bool), f"{len(words):,} classes: {list_names(words)}{hint}")


def _values(found: _Found, hint: str = "") -> Target:
    values = found.numbers.astype(np.float64)
    low, high = values.min(), values.max()
    if low == high:
        raise BadData(f"{found.where} is {low:g} in every row; there is nothing to learn")
    note = f"{len(np.unique(values)):,} different numbers from {low:.6g} to {high:.6g}, taken as values{hint}"
    return Target(values, found.names, np.ones(len(values), bool), note)


def _of_columns(found: _Found, asked: str) -> Target:
    """Take several columns as labels if all are integers 0 and 1 or booleans, otherwise as values."""
    numbers, kept = found.numbers, np.ones(len(found.numbers), bool)
    binary = bool(np.isin(numbers, (0, 1)).all())
    if asked == "classes":
        raise BadData(
            f"classes need one target column; {found.where} has {numbers.shape[1]}, as {list_names(found.names)}"
        )
    if asked == "labels" and not binary:
        raise BadData(f"{found.where}: labels are 0 or 1; these go from {numbers.min():g} to {numbers.max():g}")
    if asked == "labels" or (asked == "auto" and binary and numbers.dtype.kind in "bi"):
        note = f"{numbers.shape[1]} labels, a column each: {list_names(found.names)}"
        return Target(numbers.astype(np.uint8), found.names, kept, note)
    note = f"{many(numbers.shape[1], 'value')}, a column each: {list_names(found.names)}"
    return Target(numbers.astype(np.float64), found.names, kept, note)


def encode_target(target: object, n: int, names: Sequence[str], options: Options, *, classes: bool) -> NDArray[Any]:
    """Encode the targets of examples to score as in a run.

    Args:
        target: As `understand_target` takes it.
        n: Number of inputs.
        names: The run's classes, labels or columns.
        options: ``separator`` is read.
        classes: Whether the run predicts classes.

    Raises:
        BadData: If a class is unknown, or the columns differ.
    """
    found = _Found.of(target, n)
    if classes:
        return _numbered(found, names)
    if found.words is not None:
        return _labelled(found, names, str(options.get("separator", "")))
    width = found.numbers.shape[1] if found.numbers.ndim == 2 else 1
    if width != len(names):
        raise BadData(f"{found.where} has {many(width, 'column')}; the run predicts {len(names)}: {list_names(names)}")
    return found.numbers


def _numbered(found: _Found, names: Sequence[str]) -> NDArray[np.int64]:
    numbers = found.numbers
    if found.words is not None:
        words = found.words.to_pylist()
    elif numbers.dtype.kind == "f" and (numbers != np.round(numbers)).any():
        raise BadData(f"{found.where} holds {numbers[numbers != np.round(numbers)][0]:g}; the run predicts classes")
    else:
        words = [str(value if numbers.dtype.kind == "b" else int(value)) for value in numbers]
    known = {name: number for number, name in enumerate(names)}
    for row, word in enumerate(words):
        if word not in known:
            raise BadData(f"{found.where} is {quote(word)} in row {row}, not a class of the run: {list_names(names)}")
    return np.array([known[word] for word in words], np.int64)


def _labelled(found: _Found, names: Sequence[str], separator: str) -> NDArray[np.uint8]:
    """Encode cells of joined labels as 0 and 1, (N, L)."""
    known = {name: number for number, name in enumerate(names)}
    values = np.zeros((len(found.words), len(names)), np.uint8)
    for row, cell in enumerate(found.words.to_pylist()):
        between = separator or ("|" if "|" in cell else ";")
        for label in filter(None, map(str.strip, cell.split(between))):
            if label not in known:
                raise BadData(f"{found.where} names {quote(label)} in row {row}, not a label of the run")
            values[row, known[label]] = 1
    return values
