"""Read JSON lines, one object a line with the columns as keys, or a file that is one array of objects.

Numbers keep their digits as written, so that none is rounded; a column holds one type of value.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from dl.errors import BadData, BadFile
from dl.options import Options
from dl.tables.source import BadRows, Source, TableBatch, check_columns
from dl.tables.stream import CHUNK, TextStream, file_name
from dl.terminal import safe_text

LONGEST = 1 << 28  # bytes of one line, or of one array
BATCH = 1 << 22  # bytes of lines in a batch
PEEKED = 1000  # lines whose keys become the columns


class _Number(str):
    """The digits of a number, as written in the file."""


class _Truth(str):
    """``true`` or ``false``, as written in the file."""


_KINDS: dict[type, str] = {str: "text", _Number: "a number", _Truth: "true or false"}
Row = dict[str, Any]  # Any: JSON


def open_json(path: Path, options: Options) -> Source:
    """Find the columns of a JSON lines file from its first lines.

    Raises:
        BadFile: If it is empty or not text.
        BadData: If it holds no objects, or an object has a duplicate key.
    """
    encoding = str(options["encoding"])
    sample_bad = BadRows(path, "line", skip=True)
    columns: dict[str, None] = {}
    first: dict[str, Any] = {}  # Any: JSON; the first value of each column
    seen = 0
    for _, row in _objects(path, encoding, sample_bad):
        seen += 1
        columns.update(dict.fromkeys(row))
        first = {name: value for name, value in row.items() if value is not None} | first
        if seen == PEEKED:
            break
    if not seen:
        why = sample_bad.lines[0] if sample_bad.lines else f"{file_name(path)!r} is empty"
        raise BadFile(why)
    check_columns(path, tuple(columns))

    nested = {name: _nested(value) for name, value in first.items() if isinstance(value, (dict, list))}

    def batches(wanted: Sequence[str], bad: BadRows) -> Iterator[TableBatch]:
        return _batches(path, encoding, wanted, bad)

    return Source(path, "line", tuple(columns), batches, nested=nested)


def _batches(path: Path, encoding: str, wanted: Sequence[str], bad: BadRows) -> Iterator[TableBatch]:
    import pyarrow as pa

    kinds: dict[str, tuple[type, int]] = {}  # type of each column, and the first line with it
    numbers: list[int] = []
    kept: list[list[str | None]] = []
    size = 0

    def batch() -> TableBatch:
        columns = zip(*kept, strict=True)
        cells = {name: pa.array(column, pa.string()) for name, column in zip(wanted, columns, strict=True)}
        return TableBatch(np.array(numbers, np.int64), cells)

    for number, row in _objects(path, encoding, bad):
        values = [row.get(name) for name in wanted]
        if why := _unfit(wanted, values, kinds, number):
            bad.report_row(number, why)
            continue
        numbers.append(number)
        kept.append(values)
        size += sum(len(value) for value in values if value is not None)
        if size > BATCH or len(kept) == 1 << 16:
            yield batch()
            numbers, kept, size = [], [], 0
    if kept:
        yield batch()


def _unfit(wanted: Sequence[str], values: Sequence[Any], kinds: dict[str, tuple[type, int]], number: int) -> str:
    """Return why a row's values cannot be used as cells; empty if they can."""
    for name, value in zip(wanted, values, strict=True):
        if value is None:
            continue
        shown = repr(safe_text(name))
        if isinstance(value, (dict, list)):
            return f"column {shown} holds {_nested(value)}, not one value"
        text = str(value)
        kind, first = kinds.setdefault(name, (type(value), number))
        if kind is not type(value):
            return f"column {shown} is {_KINDS[type(value)]} here and {_KINDS[kind]} in line {first}"
        if not text.isascii():
            try:
                text.encode()
            except UnicodeEncodeError:
                return f"column {shown} holds half a character (a lone surrogate)"
    return ""


def _nested(value: object) -> str:
    return "a list" if isinstance(value, list) else "an object"


def _objects(path: Path, encoding: str, bad: BadRows) -> Iterator[tuple[int, Row]]:
    """Yield the number and the object of each line; blank lines are skipped."""
    with TextStream(path, encoding) as stream:
        lines = _lines(stream)
        first = next(((number, line) for number, line in lines if line.strip()), None)
        if first is None:
            return
        if first[1].lstrip()[:1] == b"[":
            yield from _array(path, b"\n".join([first[1], *(line for _, line in lines)]), bad)
            return
        for number, line in chain([first], lines):
            yield from _object(number, line, bad)


def _lines(stream: TextStream) -> Iterator[tuple[int, bytes]]:
    """Yield each line with its number.

    Raises:
        BadFile: If a line is longer than `LONGEST`.
    """
    number, begun = 1, [b""]  # the pieces of a line whose end is not read yet
    while text := stream.read(CHUNK):
        first, *others = text.split(b"\n")
        begun.append(first)
        if not others:
            if sum(map(len, begun)) > LONGEST:
                raise BadFile(f"{file_name(stream.path)} line {number} has more than {LONGEST >> 20} MB")
            continue
        for line in (b"".join(begun), *others[:-1]):
            yield number, line
            number += 1
        begun = [others[-1]]
    if left := b"".join(begun):
        yield number, left


def _object(number: int, line: bytes, bad: BadRows) -> Iterator[tuple[int, Row]]:
    if not line.strip():
        return
    value, why = _parsed(line)
    if not why and not isinstance(value, dict):
        why = f"holds {_nested(value) if isinstance(value, list) else 'one value'}, not an object with a key a column"
    if why:
        bad.report_row(number, why)
    else:
        yield number, value


def _array(path: Path, text: bytes, bad: BadRows) -> Iterator[tuple[int, Row]]:
    """Yield the objects of a file that is one array, numbered from 1.

    Raises:
        BadFile: If the text is too long or not JSON.
    """
    if len(text) > LONGEST:
        raise BadFile(
            f"{file_name(path)} is one array of more than {LONGEST >> 20} MB; write it as JSON lines (.jsonl)"
        )
    values, why = _parsed(text)
    if why or not isinstance(values, list):
        raise BadFile(f"{file_name(path)} begins as an array: {why}")
    for number, value in enumerate(values, 1):
        if isinstance(value, dict):
            yield number, value
        else:
            bad.report_row(number, "is not an object with a key a column")


def _parsed(text: bytes) -> tuple[Any, str]:
    """Parse JSON with its scalars kept as text; return the value and the reason of a failure."""
    try:
        return json.loads(
            text.decode(), parse_int=_Number, parse_float=_Number, parse_constant=_Number, object_pairs_hook=_row
        ), ""
    except json.JSONDecodeError as error:
        line = f" of line {error.lineno}" if error.lineno > 1 else ""
        return None, f"not JSON: {error.msg.lower()} at character {error.colno}{line}"
    except BadData as error:
        return None, str(error)
    except RecursionError:
        return None, "nested too deeply"


def _row(pairs: list[tuple[str, Any]]) -> Row:
    row = {name: _Truth(str(value).lower()) if isinstance(value, bool) else value for name, value in pairs}
    if len(row) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise BadData(f"the key {safe_text(twice)!r} occurs twice")
    return row
