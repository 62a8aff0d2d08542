"""Checks for distribution shift between training and validation examples."""

from __future__ import annotations

from functools import partial

import numpy as np

from dl.data.known import known_or_made
from dl.finding import Finding
from dl.groups import Groups
from dl_reports import formatting
from dl_reports.facts import LEVEL, Facts
from dl_reports.statistics import NotComputable
from dl_reports.statistics.shift import MADE_WITH, TargetShift, input_shift, target_shift


def targets(facts: Facts) -> list[Finding] | NotComputable:
    """Find targets distributed differently on validation and the probe: G-test at 1 % over all columns."""
    val, probe = facts.kept.val, facts.kept.probe
    if isinstance(val, NotComputable):
        return val
    if isinstance(probe, NotComputable):
        return probe
    if facts.manifest.task.by_query:
        return NotComputable("relevance is ranked within its query alone")
    ours, theirs = (part.targets.reshape(len(part.targets), -1) for part in (probe, val))
    if not ours.shape[1]:
        return NotComputable("the target stands in the inputs")
    results = [
        target_shift(ours[:, column], theirs[:, column], (probe.groups, val.groups)) for column in range(ours.shape[1])
    ]
    tested = [result for result in results if isinstance(result, TargetShift)]
    if not tested:
        return next(result for result in results if isinstance(result, NotComputable))
    worst = min(tested, key=lambda result: result.p)
    if worst.p * len(tested) >= LEVEL:
        return []
    message = (
        f"targets are distributed differently in the training and validation set: Cramer's V {worst.cramers_v:.2f}, "
        f"p {worst.p:.1g}; the score is for another mix than the one trained on"
    )
    found = {"g": worst.g, "df": worst.df, "p": worst.p, "cramers_v": worst.cramers_v, "columns": len(tested)}
    return [Finding("data-target-shift", "tip", message, found)]


def inputs(facts: Facts) -> list[Finding] | NotComputable:
    """Find inputs by which a linear scorer tells validation from training: permutation test at 1 %."""
    features = facts.kept.features
    if isinstance(features, NotComputable):
        return features
    if not {"val_inputs", "train_inputs"} <= set(features):
        return NotComputable(
            "the run keeps no projected inputs; what was learnt on one side would tell it from the other"
        )
    val_groups = facts.groups("val")
    groups = (
        Groups.of(features.get("train_groups")),
        None if val_groups is None else val_groups.take(features["val_rows"].astype(np.int64)),
    )
    sides = np.asarray(features["train_inputs"]), np.asarray(features["val_inputs"])
    numbers = [one.numbers for one in groups if one is not None]
    made_with = (MADE_WITH, *(one is not None for one in groups))
    found = input_shift(*sides, groups=groups, keep=partial(known_or_made, "shift", made_with, (*sides, *numbers)))
    if isinstance(found, NotComputable):
        return found
    if found.p > LEVEL:
        return []
    message = (
        f"validation inputs look different from training inputs: a linear scorer tells them apart with an area of "
        f"{found.auc:.2f} under its curve where 0.5 is chance, p {found.p:.2g} on "
        f"{formatting.many(found.examined, 'example')} each"
    )
    return [Finding("data-input-shift", "tip", message, {"auc": found.auc, "p": found.p, "examined": found.examined})]
