"""Recognize numbers, missing values and the meaning of commas in text cells; one rule for inputs and targets.

In a column in which every cell is a number or missing, commas separate thousands if one cell proves it
(``1,234,567``, ``1,234.5``, or a decimal point anywhere), and are decimal points if one proves that (``1,5``,
``0,125``). ``1,234`` alone may be either: such a column is refused, as is one with cells that prove both. Where a cell
has points before a comma (``1.234,5``), points separate thousands and the comma is the decimal point.
"""

from __future__ import annotations

from contextlib import suppress
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dl.errors import BadData
from dl.tables.columns import quote
from dl.tables.stream import file_name
from dl.terminal import safe_text

Column = Any  # a pyarrow ChunkedArray of text without nulls, spaces around it taken away

GLANCED = 1000  # cells that are looked at first, where they may rule a form out
NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"
MISSING = ("", "na", "n/a", "nan", "null", "none", "?", "-", ".")  # missing values among numbers, in lower case
ONE_COMMA = r"^[+-]?[0-9]+,[0-9]+([eE][+-]?[0-9]+)?$"
GROUPED = r"^[+-]?[1-9][0-9]{0,2}(,[0-9]{3})+(\.[0-9]*)?$"
POINTS = r"^[+-]?[1-9][0-9]{0,2}(\.[0-9]{3})+,[0-9]+$"
WITH_POINTS = r"^[+-]?([0-9]+|[1-9][0-9]{0,2}(\.[0-9]{3})+)(,[0-9]*)?$"
EITHER = r"^[+-]?[1-9][0-9]{0,2},[0-9]{3}$"
LARGEST = 1e100  # largest number whose square is finite, with a margin


def matches(column: Column, pattern: str) -> NDArray[np.bool_]:
    """Return which cells a regular expression matches, (N,)."""
    import pyarrow.compute as pc

    return np.asarray(pc.match_substring_regex(column, pattern).to_numpy())


def matches_all(cells: Column, pattern: str) -> bool:
    """Return whether a regular expression matches every cell."""
    import pyarrow.compute as pc

    return bool(pc.all(pc.match_substring_regex(cells, pattern)).as_py())


def is_missing(column: Column) -> NDArray[np.bool_]:
    """Return which cells are missing values, (N,)."""
    import pyarrow as pa
    import pyarrow.compute as pc

    found = pc.is_in(column, value_set=pa.array(_spelled()))
    return np.asarray(found.to_numpy(zero_copy_only=False) if isinstance(found, pa.Array) else found.to_numpy())


@cache
def _spelled() -> list[str]:
    """Return `MISSING` in every mixture of capitals."""
    return [
        "".join(letters)
        for word in MISSING
        for letters in product(*(dict.fromkeys((letter, letter.upper())) for letter in word))
    ]


def read_plain(column: Column) -> NDArray[np.float64] | None:
    """Return the numbers of a column (N,) all of whose cells are `NUMBER` or empty, NaN where empty; None for others.

    What arrow parses as a finite number is a `NUMBER`. So the columns of most tables are read in one pass, without a
    regular expression.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    cells = column.combine_chunks()
    empty = pc.equal(cells, "")
    with suppress(pa.ArrowInvalid):
        read = pc.cast(pc.if_else(empty, None, cells) if pc.any(empty).as_py() else cells, "f8")
        values = np.array(read.to_numpy(zero_copy_only=False), np.float64)
        finite = np.abs(values) <= LARGEST
        return values if int(finite.sum()) == len(values) - read.null_count else None
    return None


def without_commas(path: Path, name: str, column: Column, otherwise: str = "") -> tuple[Column, str]:
    """Remove or replace the commas in a column of numbers.

    Args:
        path: Of the table.
        name: Of the column.
        column: (N,) its cells.
        otherwise: Another remedy for an ambiguous column, as the end of the error message.

    Returns:
        The column, and the meaning of its commas; unchanged and empty if it has no comma or a cell is not a number.

    Raises:
        BadData: If the meaning of the commas is ambiguous or contradictory.
    """
    import pyarrow.compute as pc

    if not pc.any(pc.match_substring(column, ",")).as_py():
        return column, ""
    if matches(column, POINTS).any() and (matches(column, WITH_POINTS) | is_missing(column)).all():
        return pc.replace_substring(pc.replace_substring(column, ".", ""), ",", "."), "decimal points"
    one, grouped, either, plain = (matches(column, form) for form in (ONE_COMMA, GROUPED, EITHER, NUMBER))
    if not (one | grouped | plain | is_missing(column)).all():
        return column, ""
    decimals = one & ~either
    thousands = (grouped & ~either) | (plain & np.asarray(pc.match_substring(column, ".").to_numpy()))
    if decimals.any() and thousands.any():
        both = f"{_first(column, decimals)} and {_first(column, thousands)}, so the meaning of its commas is unclear"
        raise BadData(f"{file_name(path)}: column {quote(name)} holds {both}; write all numbers in one way{otherwise}")
    if thousands.any():
        return pc.replace_substring(column, ",", ""), "thousands separators"
    if decimals.any():
        return pc.replace_substring(column, ",", "."), "decimal points"
    like = f"numbers like {_first(column, either)}, whose commas may separate thousands or decimals"
    raise BadData(f"{file_name(path)}: column {quote(name)} holds {like}; write them without{otherwise}")


def _first(column: Column, which: NDArray[np.bool_]) -> str:
    return repr(safe_text(column[int(np.argmax(which))].as_py(), 40))
