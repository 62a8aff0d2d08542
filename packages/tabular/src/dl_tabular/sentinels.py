"""Recognize numbers that mark a missing value, as -999: at the edge, repeated, and far outside all others.

The option ``missing`` names them: ``-999``, by column ``rain:-999,age:999``, ``auto`` or ``none``.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from dl.errors import BadOption
from dl.terminal import safe_text

REPEATED = 3  # rows
FAR = 3.0  # of the range of nearly all other values
NEARLY = (0.01, 0.99)
MARKS = tuple(sign * mark for mark in (99, 999, 9999, 99999, 999999, 99.9, 999.9) for sign in (1, -1))


def find_sentinel(values: NDArray[np.float64]) -> float | None:
    """Return the number in a column (N,) that marks a missing value; None without one."""
    for edge, sign in ((float(np.fmin.reduce(values)), -1), (float(np.fmax.reduce(values)), 1)):
        if edge not in MARKS or sign * edge < 0:
            continue
        present = values[~np.isnan(values)]
        rest = present[present != edge]
        if len(present) - len(rest) < REPEATED or len(rest) < REPEATED:
            continue
        low, high = np.quantile(rest, NEARLY)
        gap = float(rest.min() - edge) if sign < 0 else float(edge - rest.max())
        alone = sign < 0 and rest.min() >= 0  # no other value is below zero
        if gap > FAR * (high - low) or (alone and edge <= -999):
            return edge
    return None


def parse_missing(asked: str) -> tuple[frozenset[float], Mapping[str, frozenset[float]]]:
    """Return the numbers that are missing values in every column, and those by column.

    Raises:
        BadOption: If a part is no number.
    """
    everywhere: set[float] = set()
    by_column: dict[str, frozenset[float]] = {}
    for part in asked.split(",") if asked not in ("auto", "none", "") else ():
        name, _, number = part.strip().rpartition(":")
        try:
            value = float(number)
        except ValueError as error:
            raise BadOption(f"missing={safe_text(asked)}: expected auto, none, -999 or rain:-999,age:999") from error
        if name:
            by_column[name] = by_column.get(name, frozenset()) | {value}
        else:
            everywhere.add(value)
    return frozenset(everywhere), by_column


def spell_missing(found: Mapping[str, float]) -> str:
    """Return the option for what was found by column: ``rain:-999,age:999``."""
    if any("," in name for name in found):
        return ",".join(f"{value:g}" for value in sorted(set(found.values())))
    return ",".join(f"{name}:{value:g}" for name, value in found.items())


def without_marks(values: NDArray[np.float64], marks: frozenset[float]) -> NDArray[np.float64]:
    """Return the values (N,) with NaN for those that mark a missing one."""
    return np.where(np.isin(values, sorted(marks)), np.nan, values) if marks else values
