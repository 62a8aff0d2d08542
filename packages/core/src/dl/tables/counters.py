"""Recognize columns that count the rows, by their values: in any order, from any start, in any step, as text too.

Such a column tells where a row stood in the file. In a sorted file that is the target; of a new row it
tells nothing. Letters: ``N`` rows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dl.data.examples import Index
from dl.data.groups import agreement
from dl.finding import Finding
from dl.tables.columns import NUMBERING, list_names, quote
from dl.tables.numbers import GLANCED, NUMBER, matches, matches_all
from dl.terminal import safe_text

Column = Any  # a pyarrow ChunkedArray of stripped text without nulls

LEAST = 30  # rows from which a counter can be told from measured values
DENSE = 0.5  # share of the range that is filled; so many different values of so many are no chance
LONG = 50  # rows of a run, where a counter begins anew in the middle of a file
BY_DESIGN = 12  # levels of a factor that every group may have
PRESENT = 0.9  # share of the rows that have a number
WHOLE = r"^[+-]?[0-9]{1,15}(\.0+)?$"
AFTER_WORD = r"^(?P<before>[^0-9]*)(?P<number>[0-9]{1,15})(?P<after>[^0-9]*)$"
YEARS = (1500, 2200)
BLOCK = 10  # rows that follow each other in the order of a counter
TOLD = 0.2  # agreement of such rows in the target, from which the file is sorted by it
RANKS = 3  # counters in different orders, from which they are ranks
FEW_RISING = 0.1  # share of the steps down or up, up to which a column is in the order of the file
CALENDAR = {4, 7, 12, 24, 28, 29, 30, 31, 48, 52, 53, 60, 96, 365, 366}  # periods of clocks and calendars
TIME_WORDS = {
    *("time", "times", "timestamp", "date", "datetime", "day", "days", "week", "weeks", "month", "months"),
    *("year", "years", "yr", "quarter", "season", "hour", "hours", "minute", "minutes", "second", "seconds", "epoch"),
    *("age", "visit", "wave", "period", "created", "updated", "ts"),
}
NAMES = {"id", "ids", "identifier", "uuid", "guid"}
THINGS = {
    *("patient", "subject", "participant", "person", "customer", "client", "user", "member", "player", "student"),
    *("author", "speaker", "writer", "reader", "donor", "animal", "mouse", "household", "family", "employee", "driver"),
    *("film", "movie", "video", "clip", "session", "device", "machine", "sensor", "engine", "vehicle", "specimen"),
    *("respondent", "account", "tenant", "visitor", "rater", "annotator", "slide", "scan", "recording", "trip"),
}
NUMBERS = {"no", "nr", "num", "number", "key", "code", "name", "idx", "index"}


def words_of(name: str) -> list[str]:
    """Split the name of a column into lower-case words: patientId and patient_id have two."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return [word.lower() for word in re.split(r"[\W_]+", apart) if word]


def named_like_id(name: str) -> bool:
    """Return whether the name of a column is that of an identifier: patient, customer_id, userId."""
    words = words_of(name)
    if not words:
        return False
    last = words[-1]
    thing = last in THINGS or last.removesuffix("s") in THINGS
    return last in NAMES or thing or (len(words) > 1 and last in NUMBERS and words[-2] in THINGS)


def whole_numbers(column: Column) -> Index | None:
    """Return the whole number of each cell, (N,), plain or within words that all share, as in row_007; None without."""
    import pyarrow.compute as pc

    cells = column.combine_chunks() if hasattr(column, "combine_chunks") else column
    if not len(cells):
        return None
    if matches_all(cells, WHOLE):
        return np.asarray(pc.cast(pc.utf8_ltrim(cells, "+"), "f8").to_numpy(zero_copy_only=False)).astype(np.int64)
    parts = pc.extract_regex(cells, AFTER_WORD)
    if parts.null_count or any(pc.count_distinct(parts.field(at)).as_py() > 1 for at in (0, 2)):
        return None
    return np.asarray(pc.cast(parts.field(1), "i8").to_numpy(zero_copy_only=False), np.int64)


def _present(column: Column) -> Column:
    """Return the cells that are not empty."""
    return column.filter(matches(column, ".").copy())


def find_counters(columns: Mapping[str, Column], groups: Mapping[str, Column]) -> dict[str, bool]:
    """Find the columns that count or number the rows, or the rows of a group.

    Args:
        columns: (N,) cells of each, empty where missing.
        groups: (N,) cells of columns that may hold the groups.

    Returns:
        For each, whether its name says so as well.
    """
    found = {}
    for name, column in columns.items():
        by_name = name.lower() in NUMBERING
        if counts_rows(name, column) or (by_name and _numbers_something(column)):
            found[name] = by_name
    found = {name: by_name for name, by_name in found.items() if by_name or name not in _ranks(columns, found)}
    rest = {name: column for name, column in columns.items() if name not in found}
    return found | dict.fromkeys(_counting_within(rest, groups), False)


def _ranks(columns: Mapping[str, Column], found: Mapping[str, bool]) -> set[str]:
    """Return the columns that are ranks: several that are 1..N, none in the order of the file."""
    apart = set()
    for name in found:
        values = whole_numbers(_present(columns[name]))
        if values is not None and len(values) > 2:
            rising = float((np.diff(values) > 0).mean())
            apart |= {name} if FEW_RISING < rising < 1 - FEW_RISING else set()
    return apart if len(apart) >= RANKS else set()


def _numbers_something(column: Column) -> bool:
    """Return whether cells are whole numbers, plain or after a word, or all different words."""
    import pyarrow.compute as pc

    present = _present(column)
    if not len(present) or whole_numbers(present) is not None:
        return True
    return not matches(present, NUMBER).all() and pc.count_distinct(present).as_py() == len(present)


def _counting_within(columns: Mapping[str, Column], groups: Mapping[str, Column]) -> list[str]:
    """Return the columns that count the rows of each group of some other column."""
    columns = {name: column for name, column in columns.items() if not named_like_id(name)}
    candidates = {name: values for name, column in columns.items() if (values := _small_numbers(column)) is not None}
    if not candidates:
        return []
    found = []
    for name, values in candidates.items():
        most = int(np.bincount(values).max())  # groups, for each has the first number
        for other, column in groups.items():
            if other == name or TIME_WORDS & set(words_of(other)) or not _may_be_groups(column, most):
                continue
            numbers = column.combine_chunks().dictionary_encode().indices.to_numpy(zero_copy_only=False)
            if count_within(name, values, np.asarray(numbers, np.int64)):
                found.append(name)
                break
    return found


def _small_numbers(column: Column) -> Index | None:
    """Return whole numbers from 0 or 1, (N,), the first of which is the most common; None for another column."""
    values = whole_numbers(column.slice(0, GLANCED))
    if values is None or len(values) < LEAST or values.min() < 0 or len(np.unique(values)) < 5:
        return None
    values = whole_numbers(column)
    if values is None or values.min() not in (0, 1) or values.max() >= len(values):
        return None
    counts = np.bincount(values)[int(values.min()) :]
    return values if (np.diff(counts) <= 0).all() and counts.min() > 0 else None


def _may_be_groups(column: Column, count: int) -> bool:
    """Return whether a column has exactly this number of different cells."""
    import pyarrow.compute as pc

    head = int(pc.count_distinct(column.slice(0, GLANCED)).as_py())
    return head <= count and int(pc.count_distinct(column).as_py()) == count


def counter_notes(names: Sequence[str]) -> list[str]:
    """Return the note on columns that were left out, as they count the rows."""
    if not names:
        return []
    times = [name for name in names if TIME_WORDS & set(words_of(name))]
    as_time = f"; if it is a time: --time-on {safe_text(times[0])}" if times else ""
    return [f"left out, as they only count or number the rows: {list_names(map(quote, names))}{as_time}"]


def used_counters(columns: Mapping[str, Column], targets: NDArray[np.generic]) -> list[Finding]:
    """Return a finding on each input that counts the rows: an issue where the file is sorted by the target."""
    found = []
    for name, column in columns.items():
        if not counts_rows(name, column):
            continue
        values = whole_numbers(_present(column))
        assert values is not None
        blocks = np.argsort(np.argsort(values)) // BLOCK
        told = agreement(blocks, targets[matches(column, ".")]) if targets.size else 0.0
        message = f"input column {quote(name)} only counts the rows"
        if told >= TOLD:
            message += ", and rows that follow each other have nearly the same target: it tells nothing of new rows"
        message += f"; without it: leave_out={safe_text(name)}"
        severity = "issue" if told >= TOLD else "tip"
        found.append(Finding("data-row-counter", severity, message, {"column": name, "agreement": told}))
    return found


def counts_rows(name: str, column: Column) -> bool:
    """Return whether a column counts the rows: all numbers are different and fill their range, or begin anew in runs.

    Args:
        name: Of the column; a word for time lets values be years.
        column: (N,) its cells, empty where missing.
    """
    if not may_count(column):
        return False
    present = _present(column)
    values = whole_numbers(present) if len(present) >= PRESENT * len(column) else None
    if values is None or len(values) < LEAST or _are_years(name, values):
        return False
    return fill_their_range(values) or begin_anew(values)


def may_count(column: Column) -> bool:
    """Return whether the first cells may be those of a counter: whole numbers, hardly one of them repeated."""
    values = whole_numbers(_present(column.slice(0, GLANCED)))
    return values is not None and len(np.unique(values)) > min(len(values) / 2, LONG - 1)


def _are_years(name: str, values: Index) -> bool:
    """Return whether numbers may be years, one a row."""
    return bool(values.min() >= YEARS[0] and values.max() <= YEARS[1]) and (
        bool(TIME_WORDS & set(words_of(name))) or (len(values) <= YEARS[1] - YEARS[0] - 100 and values.min() >= 1700)
    )


def fill_their_range(values: Index) -> bool:
    """Return whether numbers (N,) are all different and fill their range, up to a common step and some holes."""
    ranked = np.sort(values)
    gaps = np.diff(ranked)
    if not len(gaps) or not (gaps > 0).all():
        return False
    places = (int(ranked[-1]) - int(ranked[0])) // int(np.gcd.reduce(gaps)) + 1
    return places <= len(values) / DENSE


def begin_anew(values: Index) -> bool:
    """Return whether numbers (N,) rise by one step and begin anew in few places, as where files were joined."""
    gaps = np.diff(values)
    step = int(np.median(gaps))
    breaks = np.flatnonzero(gaps != step)
    lengths = np.diff(np.concatenate([[-1], breaks, [len(values) - 1]]))
    if step == 0 or not len(breaks) or lengths[:-1].min() < LONG or (values[breaks + 1] != values[0]).any():
        return False
    return not CALENDAR.issuperset(lengths[:-1].tolist())


def count_within(name: str, values: NDArray[np.generic], groups: Index) -> bool:
    """Return whether numbers count the rows of each group, in any order: from one start, by one step, in all groups.

    Args:
        name: Of the column; words for time are the times of measurements, which such numbers often are.
        values: (N,) whole numbers.
        groups: (N,) group numbers.
    """
    if TIME_WORDS & set(words_of(name)):
        return False
    order = np.lexsort((values, groups))
    ranked, within = values[order], groups[order][1:] == groups[order][:-1]
    starts, gaps = ranked[np.concatenate([[True], ~within])], np.diff(ranked)[within]
    if len(starts) < 2 or not len(gaps) or (starts != starts[0]).any() or gaps[0] <= 0 or (gaps != gaps[0]).any():
        return False
    sizes = np.bincount(np.unique(groups, return_inverse=True)[1])
    if len(np.unique(sizes)) == 1 and np.mean(np.diff(values) == gaps[0]) < PRESENT * within.mean():
        return False  # a full design; which of its factors counts shows in the order of the file alone
    return bool((len(np.unique(sizes)) > 1 and sizes.mean() >= 5) or sizes.min() > BY_DESIGN) and not (
        CALENDAR.issuperset(np.unique(sizes).tolist())
    )
