"""Read dates and times, in one or several spellings, and take them apart into numbers that a network can use.

Known: 2024-02-01 with or without a time, 2024/02/01, 20240201, 01.02.2024 (the day first), 1 Feb 2024, Feb 1, 2024, and
01/02/2024 or 01-02-2024, where one cell of the column with a number above 12 proves whether the day or the month comes
first. Letters: ``N`` cells.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dl.errors import BadData
from dl.tables.counters import words_of
from dl.tables.numbers import MISSING, is_missing
from dl.terminal import safe_text

Column = Any  # a pyarrow ChunkedArray of text

PARTS = ("days", "year", "month", "day", "weekday", "hour")
DAY = 86_400_000_000  # microseconds
GLANCED = 50  # different cells that are looked at first
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_TIME = r"(?:[T ,]+(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?\s*([AaPp][Mm])?)?$"
_EITHER = re.compile(r"^(\d{1,2})([/-])(\d{1,2})\2(\d{4})" + _TIME)
_DOTS = re.compile(r"^(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4})" + _TIME)
_SLASHES = re.compile(r"^(\d{4})([/.])(\d{1,2})\2(\d{1,2})" + _TIME)
_WORDS = re.compile(r"^(?:[A-Za-z]{3,9},?\s+)?(\d{1,2})(?:st|nd|rd|th)?[ -]([A-Za-z]{3,9})\.?,?[ -](\d{4})" + _TIME)
_AMERICAN = re.compile(r"^(?:[A-Za-z]{3,9},?\s+)?([A-Za-z]{3,9})\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})" + _TIME)
_COMPACT = re.compile(r"^(19|20)(\d{2})(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])$")
PLAIN = r"^[12][0-9]{3}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?)?$"
SPELLINGS = {
    "iso": "2024-02-01",
    "slashes": "2024/02/01",
    "compact": "20240201",
    "dots": "01.02.2024",
    "words": "1 Feb 2024",
    "day": "the day first",
    "month": "the month first",
    "either": "01/02/2024",
}
EPOCHS = ((3e8, 4.2e9, 1_000_000), (3e11, 4.2e12, 1_000))  # least, most, microseconds: seconds, milliseconds since 1970
EPOCH_WORDS = {"time", "timestamp", "ts", "epoch", "date", "datetime", "unix", "created", "updated", "when"}


@dataclass(frozen=True)
class Dates:
    """Dates of a column.

    Args:
        moments: (N,) microseconds since 1970; 0 where missing.
        missing: (N,) cells without a date.
        times: Whether some have a time of the day.
        note: How they are spelled, where that is not plain.
        first: What comes first in 01/02/2024, where that was decided: ``day`` or ``month``.
    """

    moments: NDArray[np.int64]
    missing: NDArray[np.bool_]
    times: bool
    note: str = ""
    first: str = ""


def microseconds(cell: str) -> int | None:
    """Parse an ISO 8601 date or time to microseconds since 1970, UTC if it has no time zone; None if it is not one."""
    try:
        moment = datetime.fromisoformat(cell)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        whole = moment - datetime(1970, 1, 1, tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
    return (whole.days * 86_400 + whole.seconds) * 1_000_000 + whole.microseconds


def read_dates(name: str, column: Column, first: str = "auto") -> Dates | None:
    """Read a column of dates; None if a cell is none.

    Args:
        name: Of the column; whole numbers are seconds since 1970 only where it speaks of time.
        column: (N,) cells.
        first: What comes first in 01/02/2024: ``day``, ``month``, or ``auto``, which asks the cells.

    Raises:
        BadData: If some cells have the day first and others the month, so that no cell can be trusted.
    """
    head = [cell for cell in column.slice(0, GLANCED).to_pylist() if cell.lower() not in MISSING]
    if any(_spelling(cell) is None for cell in head) and _epochs(name, head) is None:
        return None
    if (plain := _read_plain(column)) is not None:
        return plain
    encoded = column.combine_chunks().dictionary_encode()
    cells, codes = encoded.dictionary.to_pylist(), np.asarray(encoded.indices.to_numpy(zero_copy_only=False))
    gone = np.array([cell.lower() in MISSING for cell in cells], bool)
    kept = [cell for cell, lacking in zip(cells, gone, strict=True) if not lacking]
    if not kept:
        return None
    read = _epochs(name, kept)
    note, decided = "as seconds since 1970" if read is not None else "", ""
    if read is None:
        spelled = [_spelling(cell) for cell in kept]
        if None in spelled or (set(spelled) == {"compact"} and len(kept) < 2):
            return None
        decided, note = _order(name, kept, [str(how) for how in spelled], first)
        day_first = decided != "month"
        moments = [_moment(cell, str(how), day_first) for cell, how in zip(kept, spelled, strict=True)]
        if None in moments:
            return None
        read = np.array(moments, np.int64)
    values = np.zeros(len(cells), np.int64)
    values[~gone] = read
    return Dates(values[codes], gone[codes], bool((read % DAY != 0).any()), note, decided)


def _read_plain(column: Column) -> Dates | None:
    """Read a column all of whose cells are plain ISO dates, missing ones aside, in one pass; None for another one."""
    import pyarrow as pa
    import pyarrow.compute as pc

    cells = column.combine_chunks()
    plain = pc.match_substring_regex(cells, PLAIN)
    gone = ~np.asarray(plain.to_numpy(zero_copy_only=False))
    if gone.all() or not is_missing(cells.filter(pa.array(gone))).all():
        return None
    with suppress(pa.ArrowInvalid):  # there is no such day or time
        read = pc.cast(pc.if_else(plain, cells, None), pa.timestamp("us"))
        moments = np.asarray(pc.fill_null(pc.cast(read, "i8"), 0).to_numpy(), np.int64)
        return Dates(moments, gone, bool((moments % DAY != 0).any()))
    return None


def _spelling(cell: str) -> str | None:
    """Return how a date is spelled; None if a cell is none."""
    if _COMPACT.match(cell):
        return "compact"
    if len(cell) >= 8 and cell[:4].isdecimal() and cell[4] == "-" and microseconds(cell) is not None:
        return "iso"
    if found := _EITHER.match(cell):
        first, second = int(found[1]), int(found[3])
        return "day" if first > 12 >= second else "month" if second > 12 >= first else "either" if first <= 12 else None
    if _DOTS.match(cell):
        return "dots"
    if _SLASHES.match(cell):
        return "slashes"
    for form, at in ((_WORDS, 2), (_AMERICAN, 1)):
        if (found := form.match(cell)) and found[at][:3].lower() in MONTHS:
            return "words"
    return None


def _order(name: str, cells: list[str], spelled: list[str], first: str) -> tuple[str, str]:
    """Return whether the day or the month comes first in 01/02/2024, empty without such dates; and a note on them.

    Raises:
        BadData: If cells prove both.
    """
    if "day" in spelled and "month" in spelled:
        both = [repr(safe_text(cells[spelled.index(how)], 40)) for how in ("day", "month")]
        raise BadData(
            f"column {safe_text(name, 60)!r} holds {both[0]} and {both[1]}, so 01/02/2024 may be in January or in "
            f"February; write 2024-02-01, or leave_out={safe_text(name)}"
        )
    kinds = sorted({"either" if how in ("day", "month") else how for how in spelled})
    mixed = f"in {len(kinds)} spellings, as {', '.join(SPELLINGS[kind] for kind in kinds)}" if len(kinds) > 1 else ""
    if "either" not in kinds:
        return "", mixed
    proven = next((how for how in ("day", "month") if how in spelled), "")
    decided = proven or ("day" if first == "auto" else first)
    doubt = "" if proven or first != "auto" else ", which no cell proves; dates=month otherwise"
    return decided, "; ".join(filter(None, [f"the {decided} first{doubt}", mixed]))


def _moment(cell: str, spelled: str, day_first: bool) -> int | None:
    """Return a date in microseconds since 1970; None if there is no such day."""
    if spelled == "iso":
        return microseconds(cell)
    if spelled == "compact":
        return microseconds(f"{cell[:4]}-{cell[4:6]}-{cell[6:]}")
    if spelled in ("day", "month", "either"):
        found = _EITHER.match(cell)
        assert found is not None
        day, month, year = (found[1], found[3], found[4]) if day_first else (found[3], found[1], found[4])
        return _of(year, month, day, found.groups()[4:])
    if spelled == "dots":
        found = _DOTS.match(cell)
        assert found is not None
        return _of(found[3], found[2], found[1], found.groups()[3:])
    if spelled == "slashes":
        found = _SLASHES.match(cell)
        assert found is not None
        return _of(found[1], found[3], found[4], found.groups()[4:])
    found = _WORDS.match(cell)
    if found:
        return _of(found[3], str(1 + MONTHS.index(found[2][:3].lower())), found[1], found.groups()[3:])
    found = _AMERICAN.match(cell)
    assert found is not None
    return _of(found[3], str(1 + MONTHS.index(found[1][:3].lower())), found[2], found.groups()[3:])


def _of(year: str, month: str, day: str, clock: tuple[str | None, ...]) -> int | None:
    """Return a moment of these parts; ``clock`` has hour, minute, second and am or pm."""
    hour, minute, second, half = clock
    at = int(hour or 0)
    if half:
        at = at % 12 + 12 * (half.lower() == "pm")
    return microseconds(
        f"{int(year):04}-{int(month):02}-{int(day):02}T{at:02}:{int(minute or 0):02}:{int(second or 0):02}"
    )


def _epochs(name: str, cells: list[str]) -> NDArray[np.int64] | None:
    """Return whole numbers as microseconds since 1970, where the name speaks of time and all may be seconds."""
    if not EPOCH_WORDS & set(words_of(name)) or not all(cell.isdecimal() and len(cell) < 15 for cell in cells):
        return None
    values = np.array([int(cell) for cell in cells], np.int64)
    for least, most, factor in EPOCHS:
        if (values >= least).all() and (values <= most).all():
            return values * factor
    return None


def take_apart(name: str, dates: Dates) -> dict[str, NDArray[np.float64]]:
    """Return the parts of dates as numbers by column name, NaN where missing; the hour where there are times."""
    moments = dates.moments.view("M8[us]")
    days, years = moments.astype("M8[D]"), moments.astype("M8[Y]").astype(np.int64)
    parts = {
        "days": dates.moments / DAY,
        "year": years + 1970,
        "month": moments.astype("M8[M]").astype(np.int64) - 12 * years + 1,
        "day": (days - moments.astype("M8[M]").astype("M8[D]")).astype(np.int64) + 1,
        "weekday": (days.astype(np.int64) + 3) % 7,
    }
    if dates.times:
        parts["hour"] = (dates.moments % DAY) / (DAY / 24)
    return {
        part_name(name, part): np.where(dates.missing, np.nan, values.astype(np.float64))
        for part, values in parts.items()
    }


def part_name(name: str, part: str) -> str:
    """Return the name of a part of a column of dates."""
    return f"{name} ({part})"


def column_of(name: str) -> str:
    """Return the column that a part belongs to; the name itself if it is no part."""
    before, bracket, part = name.rpartition(" (")
    return before if bracket and part[:-1] in PARTS and part.endswith(")") else name
