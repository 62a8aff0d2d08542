"""Format counts and numbers in messages."""

import math

GROUPED, LARGEST = 1e3, 1e15  # from where on a number is whole and grouped, and from where on in powers of ten


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
    """Return a number in four digits, as a whole number where it has more: ``0.4823``, ``14,140``; ``-`` for none.

    Args:
        value: The number.
        signed: Show a plus as well.
    """
    if not math.isfinite(value):
        return "-"
    sign = "+" if signed else ""
    large = GROUPED <= float(f"{abs(value):.4g}") < LARGEST
    return f"{value:{sign},.0f}" if large else f"{value:{sign}.4g}"
