"""Targets: what a column of text cells asks for - classes, labels or numbers - and the arrays that `decide` reads.

Words are classes. Whole numbers are classes where few different ones stand for many rows; other numbers are values.
Several columns are labels if all are yes or no, and values if all are numbers. Letters: ``N`` rows, ``L`` labels,
``D`` values.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dl.data.examples import Index
from dl.errors import BadData, BadOption
from dl.options import Options
from dl.tables import target_errors
from dl.tables.columns import listed, quote
from dl.tables.numbers import NUMBER, matches, without_commas
from dl.tables.source import BadRows
from dl.tables.stream import called
from dl.terminal import safe_text
from dl.words import many

Column = Any  # a pyarrow ChunkedArray of text without nulls, spaces around it taken away
Kept = NDArray[np.bool_]

FEW = 20  # different whole numbers that are still taken for classes
NEARLY = 0.5  # share of numbers in a column of words that makes it suspicious
MOST_LABELS = 10_000
JOINED_IN = 0.02  # share of cells with a separator that makes labels of a column
NO_NUMBER = r"(?i)^[+-]?(nan|inf|infinity)$"
EXACT = 2.0**53  # whole numbers up to here are exact as values
ZERO_FIRST = r"^[+-]?0[0-9]"
DIGITS = r"^[+-]?[0-9]+$"  # a number as an id is written: 1e20 and 100000000000000000000.5 are values
YES_NO = {"1": 1, "0": 0, "true": 1, "false": 0, "yes": 1, "no": 0, "1.0": 1, "0.0": 0}


@dataclass(frozen=True)
class Target:
    """What is predicted.

    Args:
        values: (N,) class numbers or values, (N, L) zeros and ones, or (N, D) values; of the rows that are kept.
        names: Of the classes, labels or columns.
        kept: (rows read,) which rows have a target.
        note: What it was taken for, and why.
    """

    values: NDArray[np.generic]
    names: tuple[str, ...]
    kept: Kept
    note: str


@dataclass(frozen=True)
class _Asked:
    """What the user said about the target, and whom to tell about rows."""

    options: Options
    rows: Index
    bad: BadRows

    @property
    def as_(self) -> str:
        return str(self.options["target_as"])

    def leave_out(self, gone: Kept, why: str) -> Kept:
        """Tell which rows have no target; return those that have one."""
        self.bad.these(self.rows[gone], why)
        self.bad.finish(len(self.rows))
        return ~gone

    def without_commas(self, name: str, column: Column) -> tuple[Column, str]:
        """Write numbers without commas where numbers may be meant; return what the commas were taken as, too."""
        if self.as_ not in ("auto", "numbers"):
            return column, ""
        otherwise = "" if self.as_ == "numbers" else ", or take them as names: --task multiclass"
        return without_commas(self.bad.path, name, column, otherwise)


def infer(names: Sequence[str], columns: Sequence[Column], options: Options, rows: Index, bad: BadRows) -> Target:
    """Turn the target columns into arrays.

    Args:
        names: Of the columns.
        columns: Of each, one cell a row.
        options: Checked `OPTIONS`; ``target_as`` and ``separator`` are read.
        rows: (N,) numbers of the rows, for people.
        bad: Told about rows without a usable target.

    Raises:
        BadData: If a row has none and is not to be left out, or nothing can be learnt from what there is.
        BadOption: If it is no such thing as was asked for.
    """
    asked = _Asked(options, rows, bad)
    if len(columns) > 1:
        return _several(names, columns, asked)
    name, column = names[0], columns[0]
    if options["separator"] or asked.as_ == "labels":
        return _labels(name, column, str(options["separator"]) or _separator(column), asked)
    column, commas = asked.without_commas(name, column)
    numbers, nonfinite = matches(column, NUMBER), matches(column, NO_NUMBER)
    share = float((numbers | nonfinite).mean())
    if asked.as_ == "numbers" or (asked.as_ == "auto" and share >= NEARLY):
        target = _numbers_or_classes(name, column, numbers, nonfinite, asked)
        return replace(target, note=target.note + (f"; commas in it taken as {commas}" if commas else ""))
    separator = _separator(column) if asked.as_ == "auto" else ""
    if separator:
        return _labels(name, column, separator, asked)
    return _classes(name, column, np.ones(len(column), bool), asked, "")


def _numbers_or_classes(name: str, column: Column, numbers: Kept, nonfinite: Kept, asked: _Asked) -> Target:
    """Take a column of numbers for values or, where they are whole and few, for classes."""
    import pyarrow.compute as pc

    other = ~(numbers | nonfinite)
    if not numbers.any() and other.any():
        raise BadData(f"{called(asked.bad.path)}: {target_errors.no_numbers(name, column)}")
    advice = "" if asked.as_ == "numbers" else " (if all are names of classes, say --task multiclass)"
    if other.any():
        word = safe_text(column[int(np.argmax(other))].as_py(), 40)
        share = f"{numbers.sum():,} of {len(column):,} cells of column {quote(name)} are numbers"
        asked.leave_out(other, f"{share}, but not {word!r}{advice}")
    if nonfinite.any():
        word = safe_text(column[int(np.argmax(nonfinite))].as_py(), 40)
        asked.leave_out(nonfinite, f"column {quote(name)} is {word!r}, no finite number")
    values, finite = _values(column, numbers)
    if not finite.all():
        word = safe_text(column[int(np.argmin(finite))].as_py(), 40)
        asked.leave_out(~finite, f"column {quote(name)} is {word!r}, too large for a number")
    kept = numbers & finite
    if not kept.any():
        raise BadData(f"{called(asked.bad.path)}: column {quote(name)} holds no number")
    if asked.as_ == "auto" and ((np.abs(values) > EXACT) & kept & matches(column, DIGITS)).any():
        return _classes(name, column, kept, asked, "; numbers beyond 2^53 are names, for they would be rounded")
    whole = values[kept] == np.round(values[kept])
    distinct = len(np.unique(values[kept]))
    if asked.as_ == "auto" and matches(column, ZERO_FIRST).any():
        return _classes(name, column, kept, asked, "; numbers with a leading zero are names")
    few = distinct <= 2 or (distinct <= FEW and 2 * distinct <= int(kept.sum()))
    if asked.as_ == "auto" and whole.all() and few:
        plain = pc.if_else(pc.match_substring_regex(column, r"\.|[eE]"), _whole_text(column), column)
        said = "; few different whole numbers: --task regression takes them as values"
        return _classes(name, plain, kept, asked, said, by_value=True)
    low, high = values[kept].min(), values[kept].max()
    why = (
        f"{distinct:,} different {'whole ' if whole.all() else ''}numbers from {low:.6g} to {high:.6g}, taken as values"
    )
    if whole.all() and asked.as_ == "auto":
        why += "; --task multiclass takes them as classes"
    if distinct == 1:
        raise BadData(
            f"{called(asked.bad.path)}: column {quote(name)} is {low:.6g} in every row; there is nothing to learn"
        )
    return Target(values[kept], (name,), kept, why)


def _whole_text(column: Column) -> Column:
    """Write 1.0 and 1e0 as 1, for every different cell once."""
    import pyarrow as pa

    encoded = column.combine_chunks().dictionary_encode()
    words = []
    for word in encoded.dictionary.to_pylist():
        try:
            words.append(str(int(float(word))))
        except (ValueError, OverflowError):  # such a row is left out
            words.append(word)
    return pa.chunked_array([pa.array(words, pa.string()).take(encoded.indices)])


def _classes(name: str, column: Column, kept: Kept, asked: _Asked, said: str, *, by_value: bool = False) -> Target:
    """Number the different words, in the order of the alphabet, or of their value."""
    encoded = column.combine_chunks().dictionary_encode()
    words, codes = encoded.dictionary.to_pylist(), encoded.indices.to_numpy(zero_copy_only=False)
    counts = np.bincount(codes[kept], minlength=len(words))
    single = counts == 1
    if single.any():
        _refuse_misfit(name, column.filter(kept.copy()), single.sum(), (counts > 1).sum(), asked)
        where = single[codes] & kept
        row = int(asked.rows[np.argmax(where)])
        word = quote(words[codes[np.argmax(where)]])
        many = f"{single.sum():,} of {np.count_nonzero(counts):,} classes have" if single.sum() > 1 else "a class has"
        why = f"{many} one example only, as {word} in column {quote(name)}; a class needs two, one of them to look at"
        if not asked.bad.skip:
            raise BadData(f"{asked.bad.at(row)}: {why}; remove it, or go on without: bad_rows=skip")
        kept = kept & asked.leave_out(where, why)
    present = np.flatnonzero(np.bincount(codes[kept], minlength=len(words)))
    if len(present) < 2:
        only = quote(words[present[0]]) if len(present) else "none"
        raise BadData(
            f"{called(asked.bad.path)}: column {quote(name)} holds one class only, {only}; a classifier needs two"
        )
    chosen = sorted(present.tolist(), key=lambda code: (int(words[code]) if by_value else 0, words[code]))
    numbers = np.zeros(len(words), np.int64)
    numbers[chosen] = np.arange(len(chosen))
    names = tuple(words[code] for code in chosen)
    return Target(numbers[codes[kept]], names, kept, f"{len(names):,} classes: {listed(names)}{said}{_twins(names)}")


def _refuse_misfit(name: str, column: Column, once: int, again: int, asked: _Asked) -> None:
    """Refuse a column as classes where leaving out the values that stand there once would not make classes of it.

    Raises:
        BadData: Saying how many different values there are, and which tasks fit.
    """
    where = called(asked.bad.path)
    if again < 2:
        raise BadData(f"{where}: {target_errors.no_classes(name, column)}")
    if asked.as_ == "classes" and not asked.bad.skip and once + again > FEW and matches(column, NUMBER).all():
        raise BadData(f"{where}: {target_errors.too_many_classes(name, column)}")


def _twins(names: Sequence[str]) -> str:
    """Warn of classes that a person would take for one."""
    seen: dict[str, str] = {}
    for name in names:
        twin = seen.setdefault(name.casefold(), name)
        if twin != name:
            return f"; {quote(twin)} and {quote(name)} differ only in case and are two classes"
    return ""


def _separator(column: Column) -> str:
    """Return what separates labels within the cells, if something does: labels then come back in other cells."""
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


def _labels(name: str, column: Column, separator: str, asked: _Asked) -> Target:
    """Split each cell into labels; an empty cell has none."""
    import pyarrow as pa
    import pyarrow.compute as pc

    cells = column.combine_chunks()
    lists = pc.split_pattern(cells, separator) if separator else pa.array([[cell] for cell in cells.to_pylist()])
    parents = pc.list_parent_indices(lists).to_numpy()
    flat = pc.utf8_trim_whitespace(pc.list_flatten(lists)).dictionary_encode()
    words, codes = flat.dictionary.to_pylist(), flat.indices.to_numpy(zero_copy_only=False)
    chosen = sorted((code for code, word in enumerate(words) if word), key=lambda code: words[code])
    if len(chosen) < 2:
        raise BadData(
            f"{called(asked.bad.path)}: column {quote(name)} holds fewer than two labels; say separator= between them"
        )
    if len(chosen) > MOST_LABELS:
        raise BadData(
            f"{called(asked.bad.path)}: column {quote(name)} holds {len(chosen):,} labels; at most {MOST_LABELS:,} fit"
        )
    if not separator and 2 * (np.bincount(codes)[chosen] == 1).sum() > len(chosen):
        raise BadData(f"{called(asked.bad.path)}: {target_errors.no_labels(name, column)}")
    places = np.full(len(words), -1, np.int64)
    places[chosen] = np.arange(len(chosen))
    values = np.zeros((len(cells), len(chosen)), np.uint8)
    named = places[codes] >= 0
    values[parents[named], places[codes][named]] = 1
    names = tuple(words[code] for code in chosen)
    how = f", separated by {separator!r}" if separator else ""
    said = "" if asked.options["separator"] else "; --task multiclass takes each cell as one class"
    return Target(values, names, np.ones(len(cells), bool), f"{len(names):,} labels{how}: {listed(names)}{said}")


def _several(names: Sequence[str], columns: Sequence[Column], asked: _Asked) -> Target:
    """Take several columns for labels if all are yes or no, else for values."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if asked.as_ == "classes":
        raise BadOption(f"classes stand in one column; target names {len(names)}: {listed(names)}")
    if asked.options["separator"]:
        raise BadOption(f"separator= is for one target column; target names {len(names)}: {listed(names)}")
    answers = pa.array(list(YES_NO), pa.string())
    lowered = [pc.utf8_lower(column) for column in columns]
    is_answer = [pc.is_in(column, value_set=answers).to_numpy() for column in lowered]
    if asked.as_ == "labels" or (asked.as_ == "auto" and all(fits.all() for fits in is_answer)):
        kept = _all_fit(names, columns, is_answer, asked, "yes or no (0 or 1)")
        of_answer = np.array(list(YES_NO.values()), np.uint8)
        places = [pc.index_in(column, value_set=answers).fill_null(0).to_numpy() for column in lowered]
        values = np.stack([of_answer[place] for place in places], axis=1)
        return Target(values[kept], tuple(names), kept, f"{len(names)} labels, a column each: {listed(names)}")
    plain = [asked.without_commas(name, column) for name, column in zip(names, columns, strict=True)]
    columns = [column for column, _ in plain]
    hows = [f"; commas in {quote(name)} taken as {how}" for name, (_, how) in zip(names, plain, strict=True) if how]
    is_number = [matches(column, NUMBER) for column in columns]
    read = [_values(column, fits) for column, fits in zip(columns, is_number, strict=True)]
    finite = [fits & good for fits, (_, good) in zip(is_number, read, strict=True)]
    kept = _all_fit(names, columns, finite, asked, "a finite number, so the columns are neither labels nor values")
    values = np.stack([values for values, _ in read], axis=1)
    note = f"{many(len(names), 'value')}, a column each: {listed(names)}{''.join(hows)}"
    return Target(values[kept], tuple(names), kept, note)


def _all_fit(names: Sequence[str], columns: Sequence[Column], fits: Sequence[Kept], asked: _Asked, what: str) -> Kept:
    kept = np.ones(len(asked.rows), bool)
    for name, column, good in zip(names, columns, fits, strict=True):
        if not good.all():
            word = safe_text(column[int(np.argmin(good))].as_py(), 40)
            kept &= asked.leave_out(~good & kept, f"target column {quote(name)} is {word!r}, not {what}")
    if not kept.any():
        raise BadData(f"{called(asked.bad.path)}: no row has all of the targets {listed(names)}")
    return kept


def _values(column: Column, numbers: Kept) -> tuple[NDArray[np.float64], Kept]:
    """Read the cells that are numbers; return the values, and which of them are finite."""
    import pyarrow as pa
    import pyarrow.compute as pc

    plain = pc.utf8_ltrim(column, "+")
    values = pc.if_else(pa.array(numbers), plain, "0").cast(pa.float64()).to_numpy()
    return values, np.isfinite(values)
