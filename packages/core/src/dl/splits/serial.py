"""Find dated rows that a random split mixes, where the target depends on time.

The score is then that of moments between those trained on. Letters: ``N`` rows in the order of time, ``K`` outputs,
``r`` serial correlation: the share of the target's variance that neighbours in time have in common.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dl.data.examples import Dataset, Examples, Index
from dl.data.queries import without_query
from dl.finding import Finding
from dl.tables.columns import quote
from dl.tables.counters import words_of
from dl.tables.dates import column_of, part_name
from dl.terminal import safe_text

LEVEL = 0.01  # of the test, shared by all columns of dates
MATTERS = 0.05  # of the target's variance, from which neighbours in time give it away
LEAST = 30  # rows with a date
MOMENTS = 10  # different ones; fewer put rows into periods rather than into an order
OUTPUTS = 8  # of several classes, labels or values, those that are looked at
PER_PLACE = 5  # rows for each place of a cycle, from which its mean is known
PERMUTED = 5_000  # rows up to which the chance is that among permutations
DRAWS = 499  # permutations
PROPERTIES = {"birth", "birthday", "birthdate", "dob", "born"}  # dates of what a row is about, not of the row


@dataclass(frozen=True)
class Serial:
    """How far the target depends on the time of a row.

    Args:
        share: r, corrected for its mean without any dependence.
        chance: Of such a share, or a larger one, without any dependence.
        rows: N, of a group one.
    """

    share: float
    chance: float
    rows: int


def check_dates(dataset: Dataset) -> list[Finding]:
    """Find a column of dates whose rows are split at random: an issue where the target certainly depends on it."""
    examples = dataset.train
    if dataset.val is not None or examples.times is not None or examples.targets.shape[1:] == (0,):
        return []
    columns = dated_columns(examples)
    found = {name: told for name in columns if (told := serial_dependence(examples, name)) is not None}
    if not found:
        return []
    certain = [name for name, told in found.items() if told.chance * len(found) < LEVEL and told.share >= MATTERS]
    if certain:
        name = max(certain, key=lambda one: found[one].share)
        message = (
            f"rows of a later {quote(name)} stand among the training rows, so the score does not tell about the "
            f"future; rows next to each other in time share {100 * found[name].share:.0f} % of the target's variance; "
            f"hold out the newest: --time-on {safe_text(name)}"
        )
    else:
        name = next(iter(found))
        message = (
            f"rows are split at random, not by {quote(name)}; the target does not certainly depend on it, but whether "
            f"the score holds for the future is not checked: --time-on {safe_text(name)}"
        )
    evidence = {"column": name, "share": found[name].share, "chance": found[name].chance, "rows": found[name].rows}
    return [Finding("data-dates-mixed", "issue" if certain else "note", message, evidence)]


def dated_columns(examples: Examples) -> list[str]:
    """Return the columns of a table that hold dates which may order its rows."""
    names = examples.inputs.dtype.names if isinstance(examples.inputs, np.ndarray) else None
    parts = [name for name in names or () if name == part_name(column_of(name), "days")]
    return [column_of(name) for name in parts if not PROPERTIES & set(words_of(column_of(name)))]


def serial_dependence(examples: Examples, column: str) -> Serial | None:
    """Measure how much of the target neighbours in time share beyond weekday and hour; None for too few moments.

    Source: Wald and Wolfowitz 1943, An exact test for randomness based on serial correlation.
    """
    array: Any = examples.array  # Any: a structured type
    days = array[part_name(column, "days")]
    rows = one_of_each_group(examples.groups, np.flatnonzero(np.isfinite(days)))
    if len(rows) < LEAST or len(np.unique(days[rows])) < MOMENTS:
        return None
    rows = np.random.default_rng(0).permutation(rows)  # rows of one moment have no order
    rows = rows[np.argsort(days[rows], kind="stable")]
    values = centred(without_query(examples)[rows])
    places = [(days[rows] % period * steps).astype(np.int64) for period, steps in ((7, 1), (1, 24))]
    share, deviation = correlation_of_neighbours(without_cycles(values, places))
    if not deviation:
        return None
    chance = NormalDist().cdf(-share / deviation)
    if chance < LEVEL and len(rows) <= PERMUTED:
        chance = max(chance, chance_by_permutation(values, places, share))  # of rare classes the normal law is too sure
    return Serial(share, chance, len(rows))


def one_of_each_group(groups: Index | None, rows: Index) -> Index:
    """Return one of these rows of each group, drawn at random; all of them without groups."""
    if groups is None:
        return rows
    drawn = np.random.default_rng(0).permutation(rows)
    return np.sort(drawn[np.unique(groups[drawn], return_index=True)[1]])


def centred(targets: NDArray[np.generic]) -> NDArray[np.float64]:
    """Return targets (N,) or (N, K) as numbers (N, K) with mean 0: ranks of values, flags of the commonest classes."""
    if targets.ndim == 1 and np.issubdtype(targets.dtype, np.integer):
        classes, counts = np.unique(targets, return_counts=True)
        columns = (targets[:, None] == classes[np.argsort(-counts)][:OUTPUTS]).astype(np.float64)
    else:
        values = targets.reshape(len(targets), -1)[:, :OUTPUTS].astype(np.float64)
        columns = np.stack([ranks_of(column) for column in values.T], axis=1) / len(values)
    found: NDArray[np.float64] = columns - columns.mean(axis=0)
    return found


def ranks_of(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the ranks of values (N,), those of equal ones being their mean."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks: NDArray[np.float64] = (np.cumsum(counts) - (counts - 1) / 2)[place]
    return ranks


def without_cycles(values: NDArray[np.float64], places: Sequence[Index]) -> NDArray[np.float64]:
    """Subtract from values (N, K) their mean at each place of a short cycle (N,), which the future has as well."""
    for place in places:
        counts = np.bincount(place)
        if counts.max() < len(place) and len(place) >= PER_PLACE * np.count_nonzero(counts):
            sums = np.stack([np.bincount(place, column) for column in values.T], axis=1)
            values = values - (sums / np.maximum(counts, 1)[:, None])[place]
    return values


def correlation_of_neighbours(values: NDArray[np.float64]) -> tuple[float, float]:
    """Return the serial correlation of centred values (N, K), less its mean by chance, and its deviation by chance."""
    covariance = values.T @ values
    size = float(np.trace(covariance))
    if size < 1e-9:
        return 0.0, 0.0
    share = float((values[1:] * values[:-1]).sum()) / size + 1 / len(values)
    return share, math.sqrt(float(np.square(covariance).sum()) / len(values)) / size


def chance_by_permutation(values: NDArray[np.float64], places: Sequence[Index], share: float) -> float:
    """Return how often a random order of values (N, K) has such a serial correlation, or a larger one."""
    rng, larger = np.random.default_rng(0), 0
    for _ in range(DRAWS):
        drawn = without_cycles(values[rng.permutation(len(values))], places)
        larger += correlation_of_neighbours(drawn)[0] >= share - 1e-9
    return larger / DRAWS
