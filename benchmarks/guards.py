"""Do the guards of tables speak where something is planted, and only there? Generated tables, a seed each.

An ordinary table has 60 to 1,500 rows and 2 to 6 columns of measurements, amounts, years, counts, ratings and
categories, of which some follow the target; a third of the tables are sorted by it. Into others one thing is planted: a
counter, the target in disguise, or identifiers with and without one target each.
"""

from __future__ import annotations

import csv
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.measuring import publish
from dl.data.examples import Dataset
from dl.errors import BadData
from dl.finding import Finding
from dl.plugins.loading import load_plugins
from dl.plugins.registry import Plugins
from dl.recipes.resolve import resolve
from dl.splits.partition import guarded, load_dataset, split_data

TABLES = 200  # of each kind
GUARDS = ("data-row-counter", "data-target-in-disguise", "data-groups-in-sight", "data-conflicting-targets")
NOTE = "% of the tables"
Column = NDArray[Any]  # Any: numbers or text
Columns = dict[str, Column]


def ordinary(rng: np.random.Generator) -> Columns:
    """Return a table without a fault; its target is the column ``y``."""
    n = int(rng.choice([60, 150, 400, 1500]))
    signal = rng.normal(0, 1, n)
    columns = dict(_feature(rng, signal, k) for k in range(int(rng.integers(2, 7))))
    score = signal * rng.uniform(0.3, 1) + rng.normal(0, 0.5, n)
    columns["y"] = _target(rng, score)
    order = np.argsort(score) if rng.random() < 1 / 3 else np.arange(n)
    return {name: values[order] for name, values in columns.items()}


def _feature(rng: np.random.Generator, signal: NDArray[np.float64], number: int) -> tuple[str, Column]:
    share, n = rng.uniform(0, 1), len(signal)
    mixed = share * signal + (1 - share) * rng.normal(0, 1, n)
    kinds: dict[str, Callable[[], Column]] = {
        "measured": lambda: mixed.round(int(rng.integers(1, 6))),
        "whole": lambda: (mixed * rng.choice([10, 100, 1000])).round().astype(int),
        "city": lambda: _words(np.clip(3 * mixed + 10 + rng.integers(-1, 2, n), 0, 20).astype(int)),
        "age": lambda: np.clip(40 + 15 * mixed, 18, 90).astype(int),
        "price": lambda: np.exp(8 + mixed).round().astype(int),
        "count": lambda: rng.poisson(np.exp(np.clip(mixed, -2, 2))),
        "year": lambda: rng.integers(1950, 2020, n),
        "rating": lambda: rng.integers(1, 6, n),
    }
    kind = str(rng.choice(list(kinds)))
    return f"{kind}{number}", kinds[kind]()


def _words(numbers: Column) -> Column:
    return np.array([f"{chr(97 + k % 26)}{chr(97 + k // 26)}" for k in numbers.tolist()])


def _target(rng: np.random.Generator, score: NDArray[np.float64]) -> Column:
    kind = rng.integers(0, 4)
    if kind == 0:
        return np.where(score > np.quantile(score, rng.uniform(0.3, 0.7)), "yes", "no")
    if kind == 1:
        return np.array(list("abc"))[np.digitize(score, np.quantile(score, [0.3, 0.7]))]
    return score.round(3) if kind == 2 else np.exp(3 + score).round().astype(int)


def with_counter(rng: np.random.Generator) -> Columns:
    """Return an ordinary table with a column that counts its rows, first."""
    columns = ordinary(rng)
    n = len(columns["y"])
    rows = np.arange(n)
    ways = [
        rows,
        rng.permutation(n) + 1,
        rows + int(rng.integers(3000, 10**6)),
        rows * int(rng.integers(2, 50)),
        np.array([f"row_{k:05}" for k in rows]),
        np.array([f"{k}.0" for k in rows]),
        rows[::-1],
        np.sort(rng.choice(int(1.5 * n), n, replace=False)),
    ]
    return {str(rng.choice(["n", "rownames", "zz", "Unnamed: 0"])): ways[int(rng.integers(0, len(ways)))], **columns}


def with_disguise(rng: np.random.Generator) -> Columns:
    """Return an ordinary table with its target again as the first column."""
    columns = ordinary(rng)
    y = columns["y"]
    gone = rng.random(len(y)) < 0.4
    if y.dtype.kind in "if":
        ranks = np.argsort(np.argsort(y, kind="stable"), kind="stable")
        ways = [
            2.54 * y + 7,
            ((y - y.min()) / np.ptp(y) * 30).round(),
            np.digitize(y, np.quantile(y, [0.2, 0.4, 0.6, 0.8])),
            np.log(y - y.min() + 1.0).round(5),
            np.where(gone, "", (3 * y).astype(str)),
            1.5 * ranks,
            y + rng.normal(0, 0.02 * y.std(), len(y)),
        ]
    else:
        code = np.unique(y, return_inverse=True)[1]
        finer = np.char.add(np.array(list("QRS"))[code], rng.choice(list("lmno"), len(y)))
        ways = [np.array(list("QRS"))[code], np.array([7, 3, 9])[code], np.where(gone, "", finer), finer]
    return {"hidden": ways[int(rng.integers(0, len(ways)))], **columns}


def with_groups(rng: np.random.Generator) -> Columns:
    """Return an ordinary table with identifiers that come again as the first column."""
    columns = ordinary(rng)
    n = len(columns["y"])
    count = max(20, n // int(rng.integers(4, 15)))
    group = rng.integers(0, count, n)
    if rng.random() < 0.5:
        columns["y"] = rng.permutation(columns["y"])[:count][group] if count <= n else columns["y"]
    ways = {
        "patient": group + 1000,
        "customer_id": group * 7919 % 100_003,
        "code": np.array([f"P{k:04}" for k in group]),
        "hash": np.array([f"{k * 2654435761 % 2**32:08x}" for k in group.tolist()]),
    }
    name = str(rng.choice(list(ways)))
    return {name: ways[name], **columns}


def looked_at(columns: Columns, plugins: Plugins, folder: Path) -> tuple[Dataset, list[Finding]]:
    """Write, read and split a table; return what was read, and what the guards found."""
    path = folder / "table.csv"
    with path.open("w", newline="") as stream:
        csv.writer(stream).writerows([list(columns), *zip(*columns.values(), strict=True)])
    recipe = resolve(plugins, "tabular", str(path), options={"target": "y", "bad_rows": "skip"})
    dataset = load_dataset(recipe, plugins, plugins.domain("tabular").load())
    return dataset, guarded(dataset, split_data(dataset, recipe, plugins)).findings


def measure(make: Callable[[np.random.Generator], Columns], tables: int, first: int = 0) -> dict[str, float]:
    """Return the share of tables whose first column a guard names, by code; of ordinary tables that any guard speaks.

    Args:
        make: Makes a table of a seed.
        tables: Number of them.
        first: The first seed.
    """
    plugins, said, made = load_plugins(), Counter[str](), 0
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(first, first + tables):
            columns = make(np.random.default_rng(seed))
            try:
                dataset, findings = looked_at(columns, plugins, Path(folder))
            except BadData:  # a target without two classes, say
                continue
            made += 1
            name = next(iter(columns))
            names = {one.code for one in findings if make is ordinary or one.evidence.get("column") == name}
            left_out = name not in (dataset.train.array.dtype.names or ()) and make is not ordinary
            said.update(names | ({"left out"} if left_out else set()))
    return {code: said[code] / made for code in (*GUARDS, "left out")}


def _short(code: str) -> str:
    return code.removeprefix("data-").replace("-", " ")


def main() -> None:
    """Print and keep the table."""
    kept = []
    for make in (ordinary, with_counter, with_disguise, with_groups):
        shares = measure(make, TABLES)
        kept.append(
            {
                "tables": make.__name__.replace("_", " "),
                **{_short(name): round(100 * s, 1) for name, s in shares.items()},
            }
        )
    publish("guards", f"What {TABLES} generated tables of each kind make the guards say: {NOTE}", kept)


if __name__ == "__main__":
    main()
