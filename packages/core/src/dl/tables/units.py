"""Read money, percent and amounts with one unit as numbers: ``$1,200.50``, ``1.200,50 €``, ``12 %``, ``3.5 kg``.

A column whose cells have several units stays as it is, and its note names them. Letters: ``N`` cells.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from dl.tables.columns import quote
from dl.tables.numbers import GLANCED, is_missing, matches, without_commas
from dl.terminal import safe_text

Column = Any  # a pyarrow ChunkedArray of stripped text without nulls

MOSTLY = 0.9  # share of the cells that have the form
FEW_UNITS = 4  # of a column, above which its cells are no amounts
MONEY = r"(?:[A-Z]{0,2}\$|[€£¥₹₩₽]|USD|EUR|GBP|CHF|JPY|CAD|AUD|SEK|NOK|DKK|PLN|INR|CNY)"
SPACE = r"[ \x{00a0}\x{202f}]"
DIGITS = r"[0-9][0-9.,]*(?:['’ \x{00a0}\x{202f}][0-9]{3}\b[0-9.,]*)*"
BLANKS = r"[0-9]['’ \x{00a0}\x{202f}][0-9]{3}\b"
UNIT = rf"%|‰|{MONEY}|[A-Za-zµ°Ω][A-Za-zµ°Ω²³/.]{{0,11}}[A-Za-z0-9²³]?|[A-Za-z°]"
AMOUNT = (
    rf"^(?P<sign>[+-]?){SPACE}*(?P<before>(?:{MONEY})?){SPACE}*(?P<number>[+-]?{DIGITS}){SPACE}*(?P<after>(?:{UNIT})?)$"
)
KNOWN = {
    *("%", "‰", "kg", "g", "mg", "lb", "lbs", "oz", "t", "km", "m", "cm", "mm", "mi", "ft", "in", "l", "ml", "cl"),
    *("s", "sec", "min", "h", "hr", "hrs", "hours", "ms", "d", "days", "months", "years", "yrs", "°c", "°f", "c", "f"),
    *("kb", "mb", "gb", "tb", "hz", "khz", "mhz", "ghz", "w", "kw", "kwh", "v", "a", "mph", "kmh", "km/h", "m²", "m2"),
}


def plain_numbers(path: Path, name: str, column: Column, otherwise: str = "") -> tuple[Column, str]:
    """Take units and separators out of a column of numbers.

    Args:
        path: Of the table.
        name: Of the column.
        column: (N,) its cells.
        otherwise: Another remedy for an ambiguous column, as the end of the error message.

    Returns:
        The column, and what was done, or could not be, as a note; unchanged and empty where nothing was.

    Raises:
        BadData: If the meaning of the commas is ambiguous or contradictory.
    """
    bare, unit = without_unit(column)
    if unit and bare is column:
        return column, f"column {quote(name)} has {unit}, so it is not read as numbers; write all in one unit"
    plain, commas = without_commas(path, name, bare, otherwise)
    hows = [f"numbers in column {quote(name)} read without {unit}"] if unit else []
    hows += [f"commas in column {quote(name)} taken as {commas}"] if commas else []
    return plain, "; ".join(hows)


def without_unit(column: Column) -> tuple[Column, str]:
    """Return a column of amounts without its unit, and the unit, quoted; unchanged with the units if it has several."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not _glance(column):
        return column, ""
    cells = column.combine_chunks()
    parts = pc.extract_regex(cells, AMOUNT)
    fits = np.asarray(pc.is_valid(parts).to_numpy(zero_copy_only=False))
    gone = is_missing(column)
    if fits.sum() < MOSTLY * (~gone).sum():
        return column, ""
    joined = pc.binary_join_element_wise(pc.struct_field(parts, "before"), pc.struct_field(parts, "after"), "")
    kinds = pc.unique(joined.filter(pa.array(fits)))
    units = sorted(unit for unit in kinds.to_pylist() if unit)
    if not units:
        if not matches(column, BLANKS).any():
            return column, ""
        units = [""]
    if len(units) > 1:
        known = [unit for unit in units if unit.lower() in KNOWN or re.fullmatch(MONEY, unit)]
        shown = " and ".join(repr(safe_text(unit, 20)) for unit in units)
        return column, f"the units {shown}" if len(units) <= FEW_UNITS and len(known) == len(units) else ""
    number = pc.replace_substring_regex(pc.struct_field(parts, "number"), r"['’ \x{00a0}\x{202f}]", "")
    bare = pc.binary_join_element_wise(pc.struct_field(parts, "sign"), number, "")
    bare = pc.if_else(pa.array(fits), bare, cells)
    return pa.chunked_array([bare]), repr(safe_text(units[0], 20)) if units[0] else "blanks between digits"


def _glance(column: Column) -> bool:
    """Return whether the first cells may be amounts with a unit, or with blanks between their digits."""
    some = column.slice(0, GLANCED)
    some = some.filter((~is_missing(some)).copy())
    if not len(some):
        return False
    amounts = matches(some, AMOUNT)
    bare = matches(some, r"^[+-]?[0-9.,eE+-]*$")
    return bool(amounts.mean() >= MOSTLY and not bare.all())
