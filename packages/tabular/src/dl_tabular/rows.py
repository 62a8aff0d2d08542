"""Parse the input columns of a table as numbers, dates or categories, into one structured array.

Its fields are the columns: float64 for numbers (NaN where missing), text for categories (empty where missing).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from dl.data.larger import empty, spilled
from dl.errors import BadData
from dl.options import Options
from dl.tables.columns import list_names, quote
from dl.tables.dates import Dates, column_of, read_dates, take_apart
from dl.tables.features import Features
from dl.tables.gather import one_spelling
from dl.tables.numbers import LARGEST, NUMBER, is_missing, matches, read_plain
from dl.tables.stream import file_name
from dl.tables.units import plain_numbers
from dl.terminal import safe_text
from dl_tabular.derive import Derivation, derive_columns, derive_notes, named_sources
from dl_tabular.sentinels import find_sentinel, parse_missing, spell_missing, without_marks

MOSTLY = 0.5  # share of numbers from which other words in a column are errors
MOST_WORDS, MOST_SHARE = 100, 0.5  # distinct words, and share of the rows, above which a column identifies rows
BLOCK = 4096  # rows that are combined at once
LONGEST = 100  # characters of a category
EVERY = "nearly every row has another value there"
MANY = f"they have more than {10 * MOST_WORDS:,} different values"
LONG = f"a value there has more than {LONGEST} characters"
COMPACT = "20240201"  # a date that is recognized beside others alone
ZERO_FIRST = r"^[+-]?0[0-9]+$"  # a code, as 02134
HINT = " (categories={} reads all cells as categories)"
OTHERWISE = ", or use categories={0} or leave_out={0}"

Rows = NDArray[Any]  # Any: a structured type, whose fields numpy cannot type
Column = Any  # a pyarrow ChunkedArray of text


@dataclass
class ParsedColumns:
    """The parsed columns of a table.

    Args:
        kept: (N,) rows whose cells can all be used.
        arrays: (N,) float64 numbers or text, by column name.
        notes: Sentences on what was inferred and left out.
        options: What was decided for later inputs: the numbers that are missing values, and how dates are spelled.
    """

    kept: NDArray[np.bool_]
    arrays: dict[str, NDArray[Any]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    options: dict[str, str] = field(default_factory=dict)

    def derived(self, derivations: Sequence[Derivation], left_out: Iterable[str], taken: Iterable[str] = ()) -> Self:
        """Return these columns and those derived from them, without columns that were read for an expression alone.

        Args:
            derivations: Of the option ``derive``.
            left_out: Columns that are no inputs.
            taken: Names of other columns of the table, as the target.

        Raises:
            BadOption: If an expression does not fit the columns.
        """
        made = derive_columns(self.arrays, derivations, tuple(taken))
        gone = set(left_out)
        kept = {name: array for name, array in self.arrays.items() if not {name, column_of(name)} & gone}
        return replace(self, arrays={**kept, **made}, notes=[*self.notes, *derive_notes(derivations, made)])

    def rows(self) -> Rows:
        """Return the kept rows as a structured array."""
        return rows_of(self.arrays, None if self.kept.all() else self.kept)


def rows_of(columns: Mapping[str, NDArray[Any]], kept: NDArray[np.bool_] | None = None) -> Rows:
    """Combine columns to one structured array (n,).

    Args:
        columns: (N,) numbers or text, by name.
        kept: (N,) rows to combine; None for all.

    Raises:
        BadData: If there is no column.
    """
    if not columns:
        raise BadData("no input column is left")
    kinds = [(name, "f8" if array.dtype.kind in "fiub" else array.dtype) for name, array in columns.items()]
    size = len(next(iter(columns.values()))) if kept is None else int(kept.sum())
    at = None if kept is None else np.flatnonzero(kept)
    rows = empty((size,), np.dtype(kinds))
    for start in range(0, size, BLOCK):  # a few rows at a time stay in the processor's cache
        block, chosen = (
            rows[start : start + BLOCK],
            slice(start, start + BLOCK) if at is None else at[start : start + BLOCK],
        )
        for name, array in columns.items():
            block[name] = array[chosen]
    return rows


def infer_columns(features: Features, categories: Iterable[str], options: Options | None = None) -> ParsedColumns:
    """Infer whether each column holds numbers, dates or categories, and parse it; useless columns are dropped.

    Args:
        features: The table.
        categories: Columns to read as categories though they hold numbers.
        options: ``missing`` and ``dates``, as the user gave them.

    Raises:
        BadData: If cells cannot be parsed and bad rows are not skipped, or no column is left.
        BadOption: If ``missing`` cannot be read.
    """
    named, parsed = set(categories), ParsedColumns(np.ones(len(features), bool))
    missing, first = (str((options or {}).get(name, "auto")) for name in ("missing", "dates"))
    everywhere, by_column = parse_missing(missing)
    empty, codes, naming = [], [], {why: list[str]() for why in (EVERY, MANY, LONG)}
    marked: dict[str, float] = {}
    dates: dict[str, Dates] = {}
    for name, column in features.columns.items():
        values = None if name in named else read_plain(column)
        if is_missing(column).all() if values is None else np.isnan(values).all():
            empty.append(name)
            continue
        if name not in named and (found := read_dates(name, column, first)) is not None:
            dates[name] = found
            parsed.arrays |= take_apart(name, found)
            continue
        coded = name not in named and _has_codes(column)
        if name not in named and not coded:
            if values is None:
                column, values = _with_units(features, name, column, parsed)
            if values is not None:
                found_mark = find_sentinel(values) if missing == "auto" else None
                marked |= {} if found_mark is None else {name: found_mark}
                marks = everywhere | by_column.get(name, frozenset()) | {marked.get(name, float("nan"))}
                parsed.arrays[name] = spilled(without_marks(values, marks))
                continue
        if why := _names_rows(column):
            naming[why].append(quote(name))
            continue
        parsed.arrays[name] = spilled(_as_words(name, column, parsed.notes))
        codes += [name] if coded else []
    parsed.options = {"missing": spell_missing(marked)} if marked else {}
    decided = [one.first for one in dates.values() if one.first]
    parsed.options |= {"dates": decided[0]} if decided and first == "auto" else {}
    parsed.notes += _date_notes(dates) + [
        f"{why}: {list_names(names)}"
        for why, names in (
            ("read as categories, for a number with a leading zero is a code", [quote(name) for name in codes]),
            ("taken as missing", [f"{value:g} in {quote(name)}" for name, value in marked.items()]),
            ("left out, as they are empty", [quote(name) for name in empty]),
            *((f"left out, as {why}", named) for why, named in naming.items()),
        )
        if names
    ]
    if not parsed.arrays:
        raise BadData(f"{file_name(features.path)}: no input column holds numbers or repeated words")
    features.bad.finish(len(features))
    return parsed


def _date_notes(dates: Mapping[str, Dates]) -> list[str]:
    """Return the note on columns of dates."""
    if not dates:
        return []
    shown = [f"{quote(name)}{f' ({one.note})' if one.note else ''}" for name, one in dates.items()]
    first = safe_text(next(iter(dates)))
    return [f"dates, taken apart: {list_names(shown)}; to validate on the newest rows: --time-on {first}"]


def parse_learnt_columns(features: Features, dtype: np.dtype[np.void], options: Options | None = None) -> ParsedColumns:
    """Parse columns for a prediction, with the kinds of the training columns.

    Args:
        features: The table, with the columns of `learnt_columns`.
        dtype: Of the rows that were learnt.
        options: ``missing`` and ``dates``, as the run has them.

    Raises:
        BadData: If a cell of a column of numbers is not a number, or one of a column of dates no date, and bad rows are
            not skipped.
    """
    parsed = ParsedColumns(np.ones(len(features), bool))
    missing, first = (str((options or {}).get(name, "auto")) for name in ("missing", "dates"))
    everywhere, by_column = parse_missing(missing)
    for name, column in features.columns.items():
        if name not in (dtype.names or ()):
            parsed.arrays |= _learnt_parts(features, name, column, dtype, first, parsed)
        elif dtype[name].kind != "f":
            parsed.arrays[name] = _as_words(name, column, parsed.notes)
        else:
            values = read_plain(column)
            if values is None:
                column = _plain_numbers(features, name, column, parsed.notes, "")
                values = _as_numbers(features, name, column, matches(column, NUMBER), parsed, "")
            parsed.arrays[name] = without_marks(values, everywhere | by_column.get(name, frozenset()))
    features.bad.finish(len(features))
    return parsed


def read_dtype(learnt: np.dtype[np.void], derivations: Sequence[Derivation]) -> np.dtype[np.void]:
    """Return the fields to read for a prediction: those that were learnt, with the sources of derived ones instead.

    Args:
        learnt: Of the rows that were learnt.
        derivations: Of the option ``derive``.
    """
    made = {one.name for one in derivations}
    sources = dict.fromkeys(named_sources(derivations), "f8")  # numbers, though a constant one is no input
    kinds = {name: learnt[name].str for name in learnt.names or () if name not in made} | sources
    return np.dtype(list(kinds.items()))


def learnt_columns(dtype: np.dtype[np.void], columns: Iterable[str]) -> list[str]:
    """Return the columns of a table from which learnt rows are made: of the parts of a date, the date.

    Args:
        dtype: Of the rows that were learnt.
        columns: Of the table.
    """
    there = set(columns)
    return list(dict.fromkeys(name if name in there else column_of(name) for name in dtype.names or ()))


def _learnt_parts(
    features: Features, name: str, column: Column, dtype: np.dtype[np.void], first: str, parsed: ParsedColumns
) -> dict[str, NDArray[np.float64]]:
    """Return the parts of dates that were learnt, NaN where there is no date; report cells that are none."""
    dates = None if (gone := is_missing(column)).all() else read_dates(name, column, first)
    if dates is None and not gone.all():
        wrong = _no_dates(name, column, first) & ~gone
        cell = safe_text(column[int(np.argmax(wrong))].as_py(), 40)
        why = f"column {quote(name)} holds dates, but {cell!r} is none; write 2024-02-01"
        features.bad.report(features.rows[wrong & parsed.kept], why)
        parsed.kept &= ~wrong
        dates, gone = read_dates(name, _without(column, wrong), first), gone | wrong
    dates = dates or Dates(np.zeros(len(column), np.int64), gone, times=False)
    parts = take_apart(name, replace(dates, times=True))
    return {part: values for part, values in parts.items() if part in (dtype.names or ())}


def _no_dates(name: str, column: Column, first: str) -> NDArray[np.bool_]:
    """Return which cells (N,) are no dates, each read by itself and beside one that is; all, if that tells none."""
    cells = column.to_pylist()
    different = dict.fromkeys(cells)
    beside = {cell: [_column_of(cell), _column_of(cell, COMPACT)] for cell in different}
    good = {cell for cell, ways in beside.items() if any(read_dates(name, way, first) is not None for way in ways)}
    wrong = np.array([cell not in good for cell in cells])
    return wrong if wrong.any() else np.ones(len(cells), bool)


def _without(column: Column, gone: NDArray[np.bool_]) -> Column:
    """Return a column with some cells empty."""
    import pyarrow as pa
    import pyarrow.compute as pc

    return pa.chunked_array([pc.if_else(pa.array(gone), "", column.combine_chunks())])


def _column_of(*cells: str) -> Column:
    import pyarrow as pa

    return pa.chunked_array([pa.array(cells, pa.string())])


def _with_units(
    features: Features, name: str, column: Column, parsed: ParsedColumns
) -> tuple[Column, NDArray[np.float64] | None]:
    """Return a column without units and commas, and its numbers; None where most of its cells are words."""
    present = ~is_missing(column)
    column = _plain_numbers(features, name, column, parsed.notes, OTHERWISE.format(safe_text(name)))
    numbers = matches(column, NUMBER)
    if numbers.sum() <= MOSTLY * present.sum():
        return column, None
    return column, _as_numbers(features, name, column, numbers, parsed, HINT.format(safe_text(name)))


def _plain_numbers(features: Features, name: str, column: Column, notes: list[str], otherwise: str) -> Column:
    """Take units and commas out of numbers, and note it."""
    column, how = plain_numbers(features.path, name, column, otherwise)
    notes += [how] if how else []
    return column


def _as_numbers(
    features: Features, name: str, column: Column, numbers: NDArray[np.bool_], parsed: ParsedColumns, hint: str
) -> NDArray[np.float64]:
    """Parse numbers, NaN where missing; report cells that are not numbers.

    Args:
        features: The table.
        name: Of the column.
        column: (N,) its cells.
        numbers: (N,) which of them are numbers.
        parsed: Where rows with other cells are left out.
        hint: The end of the message on them.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    words = ~numbers if numbers.all() else ~(numbers | is_missing(column))
    read = pc.cast(pc.if_else(pa.array(numbers.copy()), column.combine_chunks(), None), "f8")
    values = np.array(read.to_numpy(zero_copy_only=False), np.float64)
    beyond = numbers & ~(np.abs(values) <= LARGEST)
    for gone, why in ((words, "is not a finite number" + hint), (beyond, "is too large a number")):
        if gone.any():
            cell = safe_text(column[int(np.argmax(gone))].as_py(), 40)
            features.bad.report(
                features.rows[gone & parsed.kept], f"column {quote(name)} holds numbers, but {cell!r} {why}"
            )
            parsed.kept &= ~gone
    values[~numbers | beyond] = np.nan
    return values


def _has_codes(column: Column) -> bool:
    """Return whether a cell is a number with a leading zero, as 02134, which no amount has."""
    import pyarrow.compute as pc

    begins = column.filter(pc.starts_with(column, "0"))
    return bool(len(begins)) and bool(matches(begins, ZERO_FIRST).any())


def _names_rows(column: Column) -> str:
    """Return why a column is none of categories; empty if it is one."""
    import pyarrow.compute as pc

    present = column.filter(pc.not_equal(column, ""))
    different = int(pc.count_distinct(present).as_py())
    if different > max(MOST_SHARE * len(present), 2):
        return EVERY
    if different > 10 * MOST_WORDS:
        return MANY
    return LONG if int(pc.max(pc.utf8_length(present)).as_py()) > LONGEST else ""


def _as_words(name: str, column: Column, notes: list[str]) -> NDArray[np.str_]:
    """Return the cells as text, empty where missing; marks of missing numbers, as "na", are words here."""
    column, how = one_spelling(column)
    notes += [f"column {quote(name)}: {how}"] if how else []
    encoded = column.combine_chunks().dictionary_encode()
    words = np.asarray(encoded.dictionary.to_pylist(), dtype=f"U{LONGEST}")
    narrow = words.astype(f"U{max(int(np.char.str_len(words).max(initial=1)), 1)}")
    return np.asarray(narrow[encoded.indices.to_numpy(zero_copy_only=False)])
