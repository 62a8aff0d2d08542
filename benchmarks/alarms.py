"""False alarms of the checks that compare both sides of a split, on 200 random splits of every shipped data set.

A random split has no shift and no family, so each check may report one at most at its level: input shift and target
shift in 1 % of the splits, families of near copies in none where the data has none.
"""

from __future__ import annotations

import numpy as np

from benchmarks.measuring import publish
from dl.data.examples import Examples
from dl.data.projection import project_inputs
from dl.options import check
from dl.plugins.loading import load_plugins
from dl_reports.checks.duplicates import FEW
from dl_reports.facts import LEVEL
from dl_reports.statistics.families import Families, families
from dl_reports.statistics.shift import InputShift, TargetShift, input_shift, target_shift

SPLITS, MOST, SHARE = 200, 3000, 0.2


def main() -> None:
    """Print and keep the table."""
    rows: list[dict[str, object]] = []
    for (domain, name), spec in sorted(load_plugins().datasets.items()):
        examples = spec.load(check(spec.options, {}, name)).train
        rows.append({"data set": f"{domain} {name}", "examples": f"{len(examples):,}", **alarms(examples)})
    publish("alarms", f"False alarms on {SPLITS} random splits", rows, f"asked for: shifts at most {LEVEL:.0%} each")


def alarms(examples: Examples, splits: int = SPLITS) -> dict[str, object]:
    """Split at random many times, and return how often each check reports something."""
    rows = np.sort(np.random.default_rng(0).permutation(len(examples))[:MOST])
    inputs, targets = project_inputs(examples.inputs, rows), examples.targets[rows]
    classes = targets.ndim == 1 and np.issubdtype(targets.dtype, np.integer)
    spoken = np.zeros(3, int)
    for seed in range(splits):
        order = np.random.default_rng(seed).permutation(len(rows))
        val, train = np.split(order, [int(SHARE * len(rows))])
        of_class = np.bincount(targets[train], minlength=targets.max() + 1)[targets[val]] if classes else None
        moved = input_shift(inputs[train], inputs[val], seed=seed + splits)
        other = target_shift(targets[train], targets[val]) if targets.ndim == 1 else None
        found = families(inputs[train], inputs[val], of_class)
        spoken += (
            isinstance(moved, InputShift) and moved.p <= LEVEL,
            isinstance(other, TargetShift) and other.p < LEVEL,
            isinstance(found, Families) and found.interval.low > FEW,
        )
    named = zip(("input shift", "target shift", "families"), spoken.tolist(), strict=True)
    return {name: f"{count} of {splits}" for name, count in named}
