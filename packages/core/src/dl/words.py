"""Format counts and numbers in messages."""

import math
from collections.abc import Iterable, Sequence

GROUPED, ROUNDED, LARGEST = 1e3, 1e6, 1e15  # from where on: whole and grouped, in four digits again, in powers of ten


def many(count: int, one: str, more: str | None = None) -> str:
    """Return ``1 epoch`` or ``4 epochs``.

    Args:
        count: The number.
        one: Singular noun, perhaps with a verb: ``row was``.
        more: Plural; None appends an s.
    """
    return f"{count:,} {one if count == 1 else more or one + 's'}"


def were(count: int, one: str, done: str) -> str:
    """Return ``1 file was skipped`` or ``4 files were skipped``."""
    return f"{many(count, one)} {'was' if count == 1 else 'were'} {done}"


def hold(count: int) -> str:
    """Return the verb form for a count: ``1 input holds``, ``2 inputs hold``."""
    return "holds" if count == 1 else "hold"


def show_number(value: float, *, signed: bool = False) -> str:
    """Return a number in four digits, below a million as a whole number where it has more: ``0.4823``, ``14,146``.

    Larger ones are rounded to four digits, ``121,600,000,000``; what is not finite is ``-``.

    Args:
        value: The number.
        signed: Show a plus as well.
    """
    if not math.isfinite(value):
        return "-"
    sign = "+" if signed else ""
    size = float(f"{abs(value):.4g}")
    if not GROUPED <= size < LARGEST:
        return f"{value:{sign}.4g}"
    return f"{value:{sign},.0f}" if size < ROUNDED else f"{math.copysign(size, value):{sign},.0f}"


def show_bytes(size: float) -> str:
    """Format a number of bytes: ``812 bytes``, ``9.4 kB``, ``256 MB``, ``20.0 GB``."""
    for unit, of in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size >= of:
            return f"{size / of:.1f} {unit}" if size < 100 * of else f"{size / of:,.0f} {unit}"
    return many(int(size), "byte")


def show_percent(share: float) -> str:
    """Format a share in whole percent: ``46 %``."""
    return f"{share:.0%}".replace("%", " %")


def spell(numbers: Iterable[int], names: Sequence[str]) -> str:
    """Return the names of a string of numbers up to the first below 0; words of several characters are set apart."""
    found = []
    for number in numbers:
        if number < 0:
            break
        found.append(names[number] if number < len(names) else str(number))
    return (" " if any(len(name) > 1 for name in names) else "").join(found)


def show_seconds(seconds: float) -> str:
    """Format a time: ``8 s``, ``2 min``, ``1 h 20 min``."""
    if seconds < 100:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"
