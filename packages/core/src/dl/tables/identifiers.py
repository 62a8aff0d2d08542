"""Find columns of identifiers that come again: a patient, a customer, a film, with many rows each.

Rows of one patient are alike, so that a random split asks of patients that were trained on. A column is one of
identifiers by its name, by the form of its cells, or because its rows agree in the target as only those of one thing
do. Letters: ``N`` rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dl.data.examples import Index
from dl.data.groups import ONE_TARGET, agreement
from dl.finding import Finding
from dl.tables.columns import quote
from dl.tables.counters import named_like_id, whole_numbers
from dl.tables.numbers import GLANCED, matches, matches_all
from dl.terminal import safe_text

Column = Any  # a pyarrow ChunkedArray of stripped text without nulls

FEWEST = 5  # groups
BY_FORM = 20  # groups, where only the form of the cells speaks for identifiers
BY_TARGET = 20  # groups, where only the target does
SIZE = 2.0  # rows of a group in the mean
ALONE = 0.95  # agreement from which a column is one of identifiers, whatever its name
SORTED = 0.5  # of the changes by chance along the order of the values; fewer are those of an amount
LOOKED = 100_000  # rows up to which columns are looked at that no name speaks for
WORD_AND_NUMBER = r"^[A-Za-z][A-Za-z_\-#. ]*[0-9]+$"
HEXADECIMAL = r"^[0-9a-fA-F]{8}[0-9a-fA-F-]*$"


@dataclass(frozen=True)
class Identifiers:
    """A column of identifiers that come again.

    Args:
        name: Of the column.
        groups: (N,) group numbers.
        count: Number of groups.
        agreement: How far the rows of a group have one target.
    """

    name: str
    groups: Index
    count: int
    agreement: float

    @property
    def of_one_target(self) -> bool:
        """Whether a group has one target, or nearly."""
        return self.agreement >= ONE_TARGET


def find_identifiers(columns: Mapping[str, Column], targets: NDArray[np.generic]) -> list[Identifiers]:
    """Find the columns of identifiers that come again, those first whose groups agree most in the target.

    Args:
        columns: (N,) cells of each, empty where missing.
        targets: (N, ...) as in `Examples`; (N, 0) and targets of predictions agree in nothing.
    """
    found = [one for name, column in columns.items() if (one := _identifiers(name, column, targets)) is not None]
    return sorted(found, key=lambda one: -one.agreement)


def _identifiers(name: str, column: Column, targets: NDArray[np.generic]) -> Identifiers | None:
    named = named_like_id(name)
    if not named and (len(column) > LOOKED or _has_fractions(column)):
        return None
    encoded = column.combine_chunks().dictionary_encode()
    groups = np.asarray(encoded.indices.to_numpy(zero_copy_only=False), np.int64)
    sizes = np.bincount(groups)
    words = encoded.dictionary
    count = int((sizes > 1).sum())
    if count < FEWEST or len(column) < SIZE * len(sizes):
        return None
    formed = named or _formed_like_id(words)
    agreed = agreement(groups, targets) if targets.size and (formed or count >= BY_TARGET) else 0.0
    by_form = named or (formed and (count >= BY_FORM or agreed >= ONE_TARGET))
    if not by_form and not (count >= BY_TARGET and agreed >= ALONE and _names(words, groups, targets)):
        return None
    return Identifiers(name, groups, len(sizes), agreed)


def _has_fractions(column: Column) -> bool:
    some = column.slice(0, GLANCED)
    return bool(matches(some, r"^[+-]?[0-9]*\.[0-9]*[1-9]").any())


def _formed_like_id(words: Any) -> bool:  # Any: a pyarrow array
    """Return whether different cells are a word with a number, as P017, or hexadecimal."""
    some = words.slice(0, GLANCED)
    numbered = matches_all(some, WORD_AND_NUMBER) and whole_numbers(some) is not None
    return numbered or (matches_all(some, HEXADECIMAL) and not matches_all(some, "^[0-9]+$"))


def _names(words: Any, groups: Index, targets: NDArray[np.generic]) -> bool:  # Any: a pyarrow array
    """Return whether values are names: the target of numbers that are amounts hardly changes along their order."""
    numbers = whole_numbers(words)
    if numbers is None:
        return True
    if targets.ndim > 1:
        targets = targets[:, 0]
    first = np.unique(groups, return_index=True)[1]
    along = targets[first][np.argsort(numbers)]
    if targets.dtype.kind == "f":
        ranks = np.argsort(np.argsort(along)).astype(np.float64)
        by_chance = np.square(ranks - ranks.mean()).mean() * 2
        return bool(np.square(np.diff(ranks)).mean() > SORTED * by_chance)
    shares = np.unique(along, return_counts=True)[1] / len(along)
    return bool((along[1:] != along[:-1]).mean() > SORTED * (1 - np.square(shares).sum()))


def groups_in_sight(found: list[Identifiers], option: str = "--group-on ") -> list[Finding]:
    """Return the finding on identifiers that come again: one finding, for the column whose groups agree most.

    Args:
        found: Those that agree most first.
        option: That names the groups, before the name.
    """
    if not found:
        return []
    one, others = found[0], found[1:]
    name = safe_text(one.name)
    rows = len(one.groups) / one.count
    what = f"column {quote(one.name)} names {one.count:,} groups of {rows:.3g} rows in the mean"
    more = f" (or {', '.join(quote(other.name) for other in others[:3])})" if others else ""
    split = "rows of one group are on both sides of the split"
    if one.of_one_target:
        message = f"{what}, each with one target, and {split}: the score is that of groups seen before"
    else:
        message = f"{what}, and {split}; if new rows will be of new groups, the score is too good"
    message += f"; keep them together: {option}{name}{more}"
    evidence = {"column": one.name, "groups": one.count, "rows": len(one.groups), "agreement": one.agreement}
    return [Finding("data-groups-in-sight", "issue" if one.of_one_target else "tip", message, evidence)]
