"""How often a random split of dated rows is called one that mixes times: targets with and without the time in them.

Each table has a date, 200 draws of each kind. Without effect, at most one in a hundred may be called so.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from benchmarks.measuring import publish
from dl.data.examples import Dataset, Examples
from dl.intervals import wilson
from dl.splits.serial import check_dates

DRAWS = 200
SIZES = (60, 400, 5_000)
Made = tuple[NDArray[np.generic], NDArray[np.float64]]  # targets, days


def _days(n: int) -> NDArray[np.float64]:
    return np.arange(n, dtype=np.float64)


def values(rng: np.random.Generator, n: int) -> Made:
    """Return values without any effect of time."""
    return rng.normal(0, 1, n), _days(n)


def heavy(rng: np.random.Generator, n: int) -> Made:
    """Return amounts with a heavy tail, several rows a day, without any effect of time."""
    return rng.lognormal(0, 2, n), rng.integers(0, max(n // 5, 20), n).astype(float)


def rare(rng: np.random.Generator, n: int) -> Made:
    """Return classes of which one has 5 %, without any effect of time."""
    return (rng.random(n) < 0.05).astype(np.int64), _days(n)


def labels(rng: np.random.Generator, n: int) -> Made:
    """Return labels that come together, without any effect of time."""
    one = rng.random(n) < 0.3
    return np.stack([one, one ^ (rng.random(n) < 0.1), rng.random(n) < 0.1], 1).astype(np.int64), _days(n)


def weekday(rng: np.random.Generator, n: int) -> Made:
    """Return values with an effect of the weekday alone, a quarter of the variance."""
    return np.sqrt(0.25) * np.sin(2 * np.pi * _days(n) / 7) * np.sqrt(2) + np.sqrt(0.75) * rng.normal(0, 1, n), _days(n)


def trend(rng: np.random.Generator, n: int) -> Made:
    """Return values of which a trend is a quarter of the variance."""
    return np.sqrt(0.25 * 12) * _days(n) / n + np.sqrt(0.75) * rng.normal(0, 1, n), _days(n)


def slight(rng: np.random.Generator, n: int) -> Made:
    """Return values of which a trend is 2 % of the variance, which does not matter."""
    return np.sqrt(0.02 * 12) * _days(n) / n + np.sqrt(0.98) * rng.normal(0, 1, n), _days(n)


def drift(rng: np.random.Generator, n: int) -> Made:
    """Return classes whose share falls from 75 to 25 %."""
    return (rng.random(n) < 0.75 - _days(n) / n / 2).astype(np.int64), _days(n)


def of_days(rng: np.random.Generator, n: int) -> Made:
    """Return values, some a day, of which the day is a quarter of the variance."""
    day = rng.integers(0, max(n // 8, 20), n)
    effect = rng.normal(0, 1, int(day.max()) + 1)
    return np.sqrt(0.25) * effect[day] + np.sqrt(0.75) * rng.normal(0, 1, n), day.astype(float)


KINDS: tuple[Callable[[np.random.Generator, int], Made], ...] = (
    values,
    heavy,
    rare,
    labels,
    slight,
    weekday,
    trend,
    drift,
    of_days,
)


def called(kind: Callable[[np.random.Generator, int], Made], n: int, draws: int) -> int:
    """Count the draws that are called mixed."""
    found = 0
    for seed in range(draws):
        targets, days = kind(np.random.default_rng(seed), n)
        rows = np.zeros(n, [("when (days)", np.float64)])
        rows["when (days)"] = days
        findings = check_dates(Dataset("drawn", Examples(rows, targets, np.arange(n))))
        found += any(one.severity == "issue" for one in findings)
    return found


def main(draws: int = DRAWS) -> None:
    """Print and publish the table."""
    rows = []
    for kind in KINDS:
        row: dict[str, object] = {"targets": (kind.__doc__ or "").removeprefix("Return ").strip(".")}
        for n in SIZES:
            count = called(kind, n, draws)
            low, high = wilson(count, draws)
            row[f"{n:,} rows"] = f"{100 * count / draws:.3g} % [{100 * low:.1f}, {100 * high:.1f}]"
        rows.append(row)
    publish("dates", f"Of {draws} drawn tables, those called mixed in time", rows)


if __name__ == "__main__":
    main()
