"""Infer from text cells whether the target is classes, labels or numbers, and turn it into arrays.

Words are classes. Whole numbers are classes if few distinct ones cover many rows; other numbers are values. Several
columns are labels if all cells are yes or no, and values if all are numbers.
Letters: ``N`` rows, ``L`` labels, ``D`` values.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dl.data.examples import Index
from dl.data.heads import CLASSES, LABELS, NUMBERS, Head, HeadNames, join
from dl.errors import BadData, BadOption
from dl.options import Options
from dl.tables import target_errors
from dl.tables.columns import list_names, quote
from dl.tables.gather import one_spelling
from dl.tables.numbers import NUMBER, matches
from dl.tables.source import BadRows
from dl.tables.stream import file_name
from dl.tables.units import plain_numbers
from dl.terminal import safe_text
from dl.words import many

Column = Any  # a pyarrow ChunkedArray of stripped text without nulls
Kept = NDArray[np.bool_]

FEW = 20  # most distinct whole numbers that are taken as classes
NEARLY = 0.5  # share of numbers from which other words in a column are errors
MOST_LABELS = 10_000
JOINED_IN = 0.02  # share of cells with a separator from which a column holds labels
NO_NUMBER = r"(?i)^[+-]?(nan|inf|infinity)$"
EXACT = 2.0**53  # whole numbers up to here are exact as values
ZERO_FIRST = r"^[+-]?0[0-9]"
WHOLE = r"^[+-]?(0|[1-9][0-9]*)(\.0*)?$"  # a class that a program wrote as 1.0
DIGITS = r"^[+-]?[0-9]+$"  # a number as an id is written: 1e20 and 100000000000000000000.5 are values
YES_NO = {"1": 1, "0": 0, "true": 1, "false": 0, "yes": 1, "no": 0, "1.0": 1, "0.0": 0}


@dataclass(frozen=True)
class Target:
    """The parsed target.

    Args:
        values: (N,) class numbers or values, (N, L) zeros and ones, or (N, D) values; of text (N, L) numbers of
            characters, ended by -1; of the kept rows.
        names: Of the classes, labels, columns or characters.
        kept: (rows read,) which rows have a valid target.
        note: The inferred kind and the reason.
    """

    values: NDArray[np.generic]
    names: tuple[str, ...]
    kept: Kept
    note: str


@dataclass(frozen=True)
class _TargetRequest:
    """The user's options for the target, the row numbers, and the collector of bad rows."""

    options: Options
    rows: Index
    bad: BadRows

    @property
    def as_(self) -> str:
        return str(self.options["target_as"])

    def leave_out(self, gone: Kept, why: str) -> Kept:
        """Report rows without a valid target; return the others."""
        self.bad.report(self.rows[gone], why)
        self.bad.finish(len(self.rows))
        return ~gone

    def plain(self, name: str, column: Column) -> tuple[Column, str]:
        """Take units and commas out where numbers are possible; return the column and a note on it."""
        import pyarrow.compute as pc

        if self.as_ not in ("auto", "numbers"):
            return column, ""
        otherwise = "" if self.as_ == "numbers" else ", or take them as names: --task multiclass"
        plain, how = plain_numbers(self.bad.path, name, column, otherwise)
        if self.as_ == "auto" and "read without" in how and pc.count_distinct(column).as_py() <= FEW:
            return column, ""  # few amounts, as "36 months" and "60 months", are classes
        return plain, how


def infer(names: Sequence[str], columns: Sequence[Column], options: Options, rows: Index, bad: BadRows) -> Target:
    """Infer the kind of the target and turn its columns into arrays.

    Args:
        names: Of the columns.
        columns: (N,) cells of each.
        options: Checked `OPTIONS`; ``target_as`` and ``separator`` are read.
        rows: (N,) row numbers for messages.
        bad: Collects rows without a valid target.

    Raises:
        BadData: If a row has no valid target and bad rows are not skipped, or there is nothing to learn.
        BadOption: If the options do not fit the columns.
    """
    request = _TargetRequest(options, rows, bad)
    if len(columns) > 1 and request.as_ == "auto" and not options["separator"]:
        alone = _each_alone(names, columns, request)
        if len({_kind_of(one) for one in alone}) > 1 or _are_words(alone):
            return join_alone(names, alone)
    if len(columns) > 1:
        return _several(names, columns, request)
    return _one(names[0], columns[0], request)


def _one(name: str, column: Column, request: _TargetRequest) -> Target:
    options = request.options
    if request.as_ == "text":
        return _strings(name, column, str(options["separator"]), request)
    if options["separator"] or request.as_ == "labels":
        return _labels(name, column, str(options["separator"]) or _separator(column), request)
    column, commas = request.plain(name, column)
    numbers, nonfinite = matches(column, NUMBER), matches(column, NO_NUMBER)
    share = float((numbers | nonfinite).mean())
    if request.as_ == "numbers" or (request.as_ == "auto" and share >= NEARLY):
        target = _numbers_or_classes(name, column, numbers, nonfinite, request)
        return replace(target, note=target.note + (f"; {commas}" if commas else ""))
    separator = _separator(column) if request.as_ == "auto" else ""
    if separator:
        return _labels(name, column, separator, request)
    whole = request.as_ == "classes" and matches(column, WHOLE).all() and matches(column, r"[.eE]").any()
    return _classes(name, _whole_text(column) if whole else column, np.ones(len(column), bool), request, "")


def _numbers_or_classes(name: str, column: Column, numbers: Kept, nonfinite: Kept, request: _TargetRequest) -> Target:
    """Take a column of numbers as values or, if they are few and whole, as classes."""
    import pyarrow.compute as pc

    other = ~(numbers | nonfinite)
    if not numbers.any() and other.any():
        raise BadData(f"{file_name(request.bad.path)}: {target_errors.no_numbers(name, column)}")
    advice = "" if request.as_ == "numbers" else " (if all are class names, pass --task multiclass)"
    if other.any():
        word = safe_text(column[int(np.argmax(other))].as_py(), 40)
        share = f"{numbers.sum():,} of {len(column):,} cells of column {quote(name)} are numbers"
        request.leave_out(other, f"{share}, but not {word!r}{advice}")
    if nonfinite.any():
        word = safe_text(column[int(np.argmax(nonfinite))].as_py(), 40)
        request.leave_out(nonfinite, f"column {quote(name)} is {word!r}, not a finite number")
    values, finite = _values(column, numbers)
    if not finite.all():
        word = safe_text(column[int(np.argmin(finite))].as_py(), 40)
        request.leave_out(~finite, f"column {quote(name)} is {word!r}, too large for a number")
    kept = numbers & finite
    if not kept.any():
        raise BadData(f"{file_name(request.bad.path)}: column {quote(name)} holds no number")
    if request.as_ == "auto" and ((np.abs(values) > EXACT) & kept & matches(column, DIGITS)).any():
        return _classes(name, column, kept, request, "; numbers beyond 2^53 are names, for they would be rounded")
    whole = values[kept] == np.round(values[kept])
    distinct = len(np.unique(values[kept]))
    if request.as_ == "auto" and matches(column, ZERO_FIRST).any():
        return _classes(name, column, kept, request, "; numbers with a leading zero are names")
    few = distinct <= 2 or (distinct <= FEW and 2 * distinct <= int(kept.sum()))
    if request.as_ == "auto" and whole.all() and few:
        plain = pc.if_else(pc.match_substring_regex(column, r"\.|[eE]"), _whole_text(column), column)
        note = "; few different whole numbers: --task regression takes them as values"
        return _classes(name, plain, kept, request, note, by_value=True)
    low, high = values[kept].min(), values[kept].max()
    why = (
        f"{distinct:,} different {'whole ' if whole.all() else ''}numbers from {low:.6g} to {high:.6g}, taken as values"
    )
    if whole.all() and request.as_ == "auto":
        why += "; --task multiclass takes them as classes"
    if distinct == 1:
        raise BadData(
            f"{file_name(request.bad.path)}: column {quote(name)} is {low:.6g} in every row; there is nothing to learn"
        )
    return Target(values[kept], (name,), kept, why)


def _whole_text(column: Column) -> Column:
    """Rewrite 1.0 and 1e0 as 1."""
    import pyarrow as pa

    encoded = column.combine_chunks().dictionary_encode()
    words = []
    for word in encoded.dictionary.to_pylist():
        try:
            words.append(str(int(float(word))))
        except (ValueError, OverflowError):  # such a row is dropped
            words.append(word)
    return pa.chunked_array([pa.array(words, pa.string()).take(encoded.indices)])


def _classes(
    name: str, column: Column, kept: Kept, request: _TargetRequest, note: str, *, by_value: bool = False
) -> Target:
    """Number the distinct words in alphabetical order, or by value."""
    column, joined = one_spelling(column)
    note += f"; {joined}" if joined else ""
    encoded = column.combine_chunks().dictionary_encode()
    words, codes = encoded.dictionary.to_pylist(), encoded.indices.to_numpy(zero_copy_only=False)
    counts = np.bincount(codes[kept], minlength=len(words))
    single = counts == 1
    if single.any():
        _refuse_one_row_values(name, column.filter(kept.copy()), single.sum(), (counts > 1).sum(), request)
        where = single[codes] & kept
        row = int(request.rows[np.argmax(where)])
        word = quote(words[codes[np.argmax(where)]])
        many = f"{single.sum():,} of {np.count_nonzero(counts):,} classes have" if single.sum() > 1 else "a class has"
        why = (
            f"{many} only one example, as {word} in column {quote(name)}; a class needs two, one of them for validation"
        )
        if not request.bad.skip:
            raise BadData(f"{request.bad.at(row)}: {why}; remove it, or continue without it: bad_rows=skip")
        kept = kept & request.leave_out(where, why)
    present = np.flatnonzero(np.bincount(codes[kept], minlength=len(words)))
    if len(present) < 2:
        only = quote(words[present[0]]) if len(present) else "none"
        raise BadData(
            f"{file_name(request.bad.path)}: column {quote(name)} holds only one class, {only}; a classifier needs two"
        )
    chosen = sorted(present.tolist(), key=lambda code: (int(words[code]) if by_value else 0, words[code]))
    numbers = np.zeros(len(words), np.int64)
    numbers[chosen] = np.arange(len(chosen))
    names = tuple(words[code] for code in chosen)
    return Target(
        numbers[codes[kept]], names, kept, f"{len(names):,} classes: {list_names(names)}{note}{_twins(names)}"
    )


def _refuse_one_row_values(name: str, column: Column, once: int, again: int, request: _TargetRequest) -> None:
    """Refuse a column as classes if dropping its unrepeated values would not leave two classes.

    Raises:
        BadData: With the number of distinct values, and the tasks that fit.
    """
    where = file_name(request.bad.path)
    if again < 2:
        raise BadData(f"{where}: {target_errors.no_classes(name, column)}")
    if request.as_ == "classes" and not request.bad.skip and once + again > FEW and matches(column, NUMBER).all():
        raise BadData(f"{where}: {target_errors.too_many_classes(name, column)}")


def _twins(names: Sequence[str]) -> str:
    """Return a note on classes that differ only in case."""
    seen: dict[str, str] = {}
    for name in names:
        twin = seen.setdefault(name.casefold(), name)
        if twin != name:
            return f"; {quote(twin)} and {quote(name)} differ only in case and are two classes"
    return ""


def _separator(column: Column) -> str:
    """Infer the separator of labels within cells, by labels that recur in other cells; empty if there is none."""
    import pyarrow.compute as pc

    distinct = pc.unique(column)
    for separator in ("|", ";"):
        joined = pc.match_substring(column, separator)
        if (pc.mean(joined).as_py() or 0.0) < JOINED_IN:
            continue
        labels = pc.unique(pc.list_flatten(pc.split_pattern(distinct, separator)))
        if len(labels) <= max(len(distinct), 2):
            return separator
    return ""


def _labels(name: str, column: Column, separator: str, request: _TargetRequest) -> Target:
    """Split each cell into labels (N, L); an empty cell has none."""
    import pyarrow as pa
    import pyarrow.compute as pc

    cells = column.combine_chunks()
    lists = pc.split_pattern(cells, separator) if separator else pa.array([[cell] for cell in cells.to_pylist()])
    parents = pc.list_parent_indices(lists).to_numpy()
    spelled, _ = one_spelling(pa.chunked_array([pc.utf8_trim_whitespace(pc.list_flatten(lists))]))
    flat = spelled.combine_chunks().dictionary_encode()
    words, codes = flat.dictionary.to_pylist(), flat.indices.to_numpy(zero_copy_only=False)
    chosen = sorted((code for code, word in enumerate(words) if word), key=lambda code: words[code])
    where = file_name(request.bad.path)
    if len(chosen) < 2:
        raise BadData(f"{where}: column {quote(name)} holds fewer than two labels; name their separator=")
    if len(chosen) > MOST_LABELS:
        raise BadData(f"{where}: column {quote(name)} holds {len(chosen):,} labels; at most {MOST_LABELS:,} fit")
    if not separator and 2 * (np.bincount(codes)[chosen] == 1).sum() > len(chosen):
        raise BadData(f"{where}: {target_errors.no_labels(name, column)}")
    places = np.full(len(words), -1, np.int64)
    places[chosen] = np.arange(len(chosen))
    values = np.zeros((len(cells), len(chosen)), np.uint8)
    named = places[codes] >= 0
    values[parents[named], places[codes][named]] = 1
    names = tuple(words[code] for code in chosen)
    how = f", separated by {separator!r}" if separator else ""
    note = "" if request.options["separator"] else "; --task multiclass takes each cell as one class"
    return Target(values, names, np.ones(len(cells), bool), f"{len(names):,} labels{how}: {list_names(names)}{note}")


def _strings(name: str, column: Column, separator: str, request: _TargetRequest) -> Target:
    """Number the characters of each cell (N, L), or its words if they have a separator."""
    import unicodedata

    cells = [unicodedata.normalize("NFC", cell) for cell in column.to_pylist()]
    rows = [[word for part in cell.split(separator) if (word := part.strip())] if separator else cell for cell in cells]
    lengths = np.array([len(row) for row in rows])
    kept = np.ones(len(rows), bool)
    if not lengths.all():
        kept = request.leave_out(lengths == 0, f"column {quote(name)} holds nothing to read but separators")
    if not kept.any():
        raise BadData(f"{file_name(request.bad.path)}: no row has text in column {quote(name)}")
    names = tuple(sorted({word for row in rows for word in row}))
    number = {word: at for at, word in enumerate(names)}
    values = np.full((len(rows), int(lengths.max()) + 1), -1, np.int32)
    for at, row in enumerate(rows):
        values[at, : len(row)] = [number[word] for word in row]
    what = "words" if separator else "characters"
    spread = f"{int(lengths[kept].min())} to {int(lengths.max())}"
    return Target(
        values[kept], names, kept, f"text of {spread} {what}, {len(names):,} different ones: {list_names(names)}"
    )


def _each_alone(names: Sequence[str], columns: Sequence[Column], request: _TargetRequest) -> list[Target]:
    """Infer each of several columns as if it were the only target; none where one cannot be."""
    silent = replace(request, bad=BadRows(request.bad.path, request.bad.unit, skip=True))
    try:
        found = [_one(name, column, silent) for name, column in zip(names, columns, strict=True)]
    except BadData:  # `_several` says what is wrong
        return []
    if silent.bad.lines and len({_kind_of(one) for one in found}) > 1:
        for name, column in zip(names, columns, strict=True):
            _one(name, column, request)
    return found


def _kind_of(target: Target) -> str:
    """Return how a target reads: as classes, labels or numbers; classes of yes and no as labels, as `_several` does."""
    if target.values.ndim == 2:
        return LABELS
    if target.values.dtype.kind == "f":
        return NUMBERS
    return LABELS if {name.lower() for name in target.names} <= YES_NO.keys() else CLASSES


def _are_words(alone: Sequence[Target]) -> bool:
    """Return whether several targets are classes by name, which are neither labels nor values."""
    return bool(alone) and all(_kind_of(one) == CLASSES for one in alone)


def join_alone(names: Sequence[str], alone: Sequence[Target]) -> Target:
    """Join targets of different kinds, a head each; a row is kept if all of its targets are."""
    kept = np.logical_and.reduce([one.kept for one in alone])
    heads, columns = [], []
    for name, one in zip(names, alone, strict=True):
        kind = NUMBERS if one.values.dtype.kind == "f" else LABELS if one.values.ndim == 2 else CLASSES
        heads.append(Head(name, kind, one.names, one.values.shape[1] if one.values.ndim == 2 else 1))
        columns.append(one.values[kept[one.kept]])
    notes = "; ".join(f"{quote(name)}: {one.note}" for name, one in zip(names, alone, strict=True))
    return Target(join(columns), HeadNames.of(heads), kept, f"{len(names)} targets, a head each: {notes}")


def _several(names: Sequence[str], columns: Sequence[Column], request: _TargetRequest) -> Target:
    """Take several columns as labels (N, L) if all cells are yes or no, otherwise as values (N, D)."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if request.as_ == "text":
        raise BadOption(f"text needs one target column; target names {len(names)}: {list_names(names)}")
    if request.as_ == "classes":
        raise BadOption(f"classes need one target column; target names {len(names)}: {list_names(names)}")
    if request.options["separator"]:
        raise BadOption(f"separator= is for one target column; target names {len(names)}: {list_names(names)}")
    answers = pa.array(list(YES_NO), pa.string())
    lowered = [pc.utf8_lower(column) for column in columns]
    is_answer = [pc.is_in(column, value_set=answers).to_numpy() for column in lowered]
    if request.as_ == "labels" or (request.as_ == "auto" and all(fits.all() for fits in is_answer)):
        kept = _all_fit(names, columns, is_answer, request, "yes or no (0 or 1)")
        of_answer = np.array(list(YES_NO.values()), np.uint8)
        places = [pc.index_in(column, value_set=answers).fill_null(0).to_numpy() for column in lowered]
        values = np.stack([of_answer[place] for place in places], axis=1)
        return Target(values[kept], tuple(names), kept, f"{len(names)} labels, a column each: {list_names(names)}")
    plain = [request.plain(name, column) for name, column in zip(names, columns, strict=True)]
    columns = [column for column, _ in plain]
    hows = [f"; {how}" for _, how in plain if how]
    is_number = [matches(column, NUMBER) for column in columns]
    read = [_values(column, fits) for column, fits in zip(columns, is_number, strict=True)]
    finite = [fits & good for fits, (_, good) in zip(is_number, read, strict=True)]
    kept = _all_fit(names, columns, finite, request, "a finite number, so the columns are neither labels nor values")
    values = np.stack([values for values, _ in read], axis=1)
    note = f"{many(len(names), 'value')}, a column each: {list_names(names)}{''.join(hows)}"
    return Target(values[kept], tuple(names), kept, note)


def _all_fit(
    names: Sequence[str], columns: Sequence[Column], fits: Sequence[Kept], request: _TargetRequest, what: str
) -> Kept:
    kept = np.ones(len(request.rows), bool)
    for name, column, good in zip(names, columns, fits, strict=True):
        if not good.all():
            word = safe_text(column[int(np.argmin(good))].as_py(), 40)
            kept &= request.leave_out(~good & kept, f"target column {quote(name)} is {word!r}, not {what}")
    if not kept.any():
        raise BadData(f"{file_name(request.bad.path)}: no row has all of the targets {list_names(names)}")
    return kept


def _values(column: Column, numbers: Kept) -> tuple[NDArray[np.float64], Kept]:
    """Parse the cells that are numbers, (N,); return the values and which of them are finite."""
    import pyarrow as pa
    import pyarrow.compute as pc

    plain = pc.utf8_ltrim(column, "+")
    values = pc.if_else(pa.array(numbers), plain, "0").cast(pa.float64()).to_numpy()
    return values, np.isfinite(values)
