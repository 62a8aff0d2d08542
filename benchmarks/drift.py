"""How often ``dl check --against`` calls data drifted: random halves of shipped sets, and halves that were changed.

A small network is fitted on one half, and the other half is compared with what it saw. Drawn alike, at most one half in
twenty may be called drifted; the same halves are then moved, and given other targets.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

import dl
from benchmarks.measuring import publish
from dl.data.examples import Examples
from dl.intervals import wilson
from dl.plugins.loading import load_plugins
from dl.runs.drift import Drift

HALVES = 200  # of each set
SETS = {"wine": ("tabular", "linear"), "diabetes": ("tabular", "linear"), "digits": ("vision", "dense")}
CHANGES = ("alike", "moved", "other targets")


def halves(examples: Examples, seed: int) -> tuple[Examples, Examples]:
    """Cut the examples of a set into two random halves."""
    order = np.random.default_rng(seed).permutation(len(examples))
    middle = len(order) // 2
    return examples.take(order[:middle]), examples.take(order[middle:])


def given(examples: Examples, change: str, seed: int) -> tuple[Any, Any]:
    """Return inputs and targets in memory, some of them changed. Any: as `dl.fit` takes them."""
    import pyarrow as pa

    inputs, targets = examples.array.copy(), examples.targets.copy()
    if change == "other targets":
        targets = np.random.default_rng(seed).permutation(targets)
    names = inputs.dtype.names
    if names is None:
        return (inputs // 2 if change == "moved" else inputs), targets
    rows: Any = inputs  # Any: a structured type, whose fields numpy cannot type
    columns = {name: rows[name] for name in names}
    if change == "moved":
        moved = next(name for name in names if columns[name].dtype.kind == "f")
        columns[moved] = columns[moved] + columns[moved].std()
    return pa.table(columns), targets


def compare(examples: Examples, domain: str, model: str, seed: int, folder: Path) -> dict[str, Drift]:
    """Fit on one half, and compare the other one, as it is and changed."""
    first, second = halves(examples, seed)
    inputs, targets = given(first, "alike", seed)
    run = dl.fit(domain, inputs, target=targets, runs=folder, model=model, epochs=3, seed=seed)
    found = {}
    for change in CHANGES:
        inputs, targets = given(second, change, seed)
        found[change] = dl.check(data=inputs, target=targets, against=run)
    return found  # type: ignore[return-value]  # against a run, the answer is a Drift


def main() -> None:
    """Print how often each set was called drifted."""
    plugins = load_plugins()
    rows: list[dict[str, object]] = []
    for name, (domain, model) in SETS.items():
        spec = plugins.dataset(domain, name)
        examples = spec.load({option.name: option.default for option in spec.options}).train
        states: Counter[tuple[str, str]] = Counter()
        for seed in range(HALVES):
            with tempfile.TemporaryDirectory() as folder:
                for change, one in compare(examples, domain, model, seed, Path(folder)).items():
                    states[change, one.state] += 1
        for change in CHANGES:
            drifted = {state: states[change, state] for state in ("inputs", "scores", "both")}
            low, high = wilson(sum(drifted.values()), HALVES)
            share = f"{100 * sum(drifted.values()) / HALVES:.1f} [{100 * low:.1f}, {100 * high:.1f}]"
            rows.append({"set": name, "other half": change, "% called drifted": share, **drifted})
    publish("drift", "How often another half is called drifted", rows, f"{HALVES} halves of each set")
