"""Numbers as people write them: which cells are numbers, which stand for nothing, and what a comma in one means.

One rule for inputs and targets. In a column in which every cell is a number, apart from what stands for nothing, commas
part thousands if one cell says so surely (``1,234,567``, ``1,234.5``, or a decimal point anywhere), and are decimal
points if one says that (``1,5``, ``0,125``). ``1,234`` alone may be either: such a column is refused, as is one that
says both.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dl.errors import BadData
from dl.tables.columns import quote
from dl.tables.stream import called
from dl.terminal import safe_text

Column = Any  # a pyarrow ChunkedArray of text without nulls, spaces around it taken away

NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"
MISSING = ("", "na", "n/a", "nan", "null", "none", "?", "-", ".")  # in small letters: nothing is known, among numbers
ONE_COMMA = r"^[+-]?[0-9]+,[0-9]+([eE][+-]?[0-9]+)?$"
GROUPED = r"^[+-]?[1-9][0-9]{0,2}(,[0-9]{3})+(\.[0-9]*)?$"
EITHER = r"^[+-]?[1-9][0-9]{0,2},[0-9]{3}$"


def matches(column: Column, pattern: str) -> NDArray[np.bool_]:
    """Return which cells a regular expression matches, (N,)."""
    import pyarrow.compute as pc

    return np.asarray(pc.match_substring_regex(column, pattern).to_numpy())


def absent(column: Column) -> NDArray[np.bool_]:
    """Return which cells stand for nothing, (N,)."""
    import pyarrow as pa
    import pyarrow.compute as pc

    return np.asarray(pc.is_in(pc.utf8_lower(column), value_set=pa.array(MISSING)).to_numpy())


def without_commas(path: Path, name: str, column: Column, otherwise: str = "") -> tuple[Column, str]:
    """Write the numbers of a column without commas, where all its cells are numbers and some have one.

    Args:
        path: Of the table.
        name: Of the column.
        column: (N,) its cells.
        otherwise: What else could be done where it is uncertain what the commas mean.

    Returns:
        The column, and what its commas were taken as; empty if there is none, or a cell is no number at all.

    Raises:
        BadData: If the commas may part thousands as well as decimals, or do both.
    """
    import pyarrow.compute as pc

    if not pc.any(pc.match_substring(column, ",")).as_py():
        return column, ""
    one, grouped, either, plain = (matches(column, form) for form in (ONE_COMMA, GROUPED, EITHER, NUMBER))
    if not (one | grouped | plain | absent(column)).all():
        return column, ""
    decimals = one & ~either
    thousands = (grouped & ~either) | (plain & np.asarray(pc.match_substring(column, ".").to_numpy()))
    if decimals.any() and thousands.any():
        both = f"{_first(column, decimals)} and {_first(column, thousands)}, so its commas cannot be told"
        raise BadData(f"{called(path)}: column {quote(name)} holds {both}; write all numbers in one way{otherwise}")
    if thousands.any():
        return pc.replace_substring(column, ",", ""), "parting thousands"
    if decimals.any():
        return pc.replace_substring(column, ",", "."), "decimal points"
    like = f"numbers like {_first(column, either)}, whose commas may part thousands or decimals"
    raise BadData(f"{called(path)}: column {quote(name)} holds {like}; write them without{otherwise}")


def _first(column: Column, which: NDArray[np.bool_]) -> str:
    return repr(safe_text(column[int(np.argmax(which))].as_py(), 40))
