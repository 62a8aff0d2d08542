"""Checks of single classes and labels: which ones the network hardly finds, and which ones no score covers."""

from __future__ import annotations

import numpy as np

from dl.finding import Finding
from dl.options import Value
from dl_reports import formatting, remedy
from dl_reports.checks.labels import class_name
from dl_reports.facts import LEVEL, Facts
from dl_reports.statistics import NotComputable
from dl_reports.statistics.classes import ClassCounts

NAMED = 3  # classes in one message
AGAINST = ("resample", "1")  # the regularizer against it, and its strength (`benchmarks/rare.py`)


def missed(facts: Facts) -> list[Finding] | NotComputable:
    """Find classes and labels of which the network certainly finds few, at 1 % over all, and name those too rare."""
    counts = facts.class_counts
    if isinstance(counts, NotComputable):
        return counts if facts.manifest.task.has_probabilities else []
    certain = counts.missed(LEVEL)
    found = [_certain(facts, counts, certain)] if len(certain) else []
    never = np.flatnonzero((counts.examples > 0) & (counts.right == 0))
    untold = [int(k) for k in never if k not in certain]
    return found + ([_untold(facts, counts, untold)] if untold else [])


def _certain(facts: Facts, counts: ClassCounts, classes: np.ndarray) -> Finding:
    shown = "; ".join(_found_of(facts, counts, int(k)) for k in classes[:NAMED])
    more = f"; and {formatting.many(len(classes) - NAMED, 'other class', 'other classes')}" * (len(classes) > NAMED)
    every = formatting.percent(counts.pooled_recall)
    message = f"hardly found on validation: {shown}{more}; of all examples {every}"
    evidence: dict[str, object] = {
        "classes": [class_name(facts, int(k)) for k in classes],
        "examples": counts.examples[classes].tolist(),
        "found": counts.right[classes].tolist(),
        "of_all": counts.pooled_recall,
    }
    return Finding("fit-class-missed", "issue", message, evidence, _remedy(facts, counts, classes))


def _found_of(facts: Facts, counts: ClassCounts, k: int) -> str:
    right, n = int(counts.right[k]), int(counts.examples[k])
    name = formatting.named(class_name(facts, k))
    return f"{right:,} of {n:,} {name} ({formatting.percent(right / n)} {formatting.bracket(counts.recall(k), 100, 1)})"


def _untold(facts: Facts, counts: ClassCounts, classes: list[int]) -> Finding:
    shown = ", ".join(f"{formatting.named(class_name(facts, k))} ({counts.examples[k]:,})" for k in classes[:NAMED])
    more = f" and {len(classes) - NAMED:,} more" if len(classes) > NAMED else ""
    message = f"none is found of {shown}{more}, and so few validation examples do not tell how many would be"
    evidence: dict[str, object] = {
        "classes": [class_name(facts, k) for k in classes],
        "examples": [int(counts.examples[k]) for k in classes],
    }
    return Finding("fit-class-missed", "note", message, evidence)


def _remedy(facts: Facts, counts: ClassCounts, classes: np.ndarray) -> str:
    """Return the fit that draws rare classes more often, else one with a lower threshold, else a longer one.

    Without the linear path beside the network, if it has one: that is solved without the regularizer, and would answer.
    """
    name, strength = AGAINST
    recipe = facts.kept.recipe
    if isinstance(recipe, NotComputable):
        return ""
    spec, task = facts.plugins.regularizers.get(name), facts.manifest.task
    fits = spec is not None and name not in recipe.regularizers and (not spec.tasks or task.name in spec.tasks)
    off: dict[str, Value] = {"linear": False} if recipe.model_options.get("linear") else {}
    drawn = remedy.again(facts, reg={name: strength}, **off) if fits and task.counts else ""
    return drawn or (_lower(facts) if _may_be_lower(facts, counts, classes) else "") or remedy.longer(facts)


def _may_be_lower(facts: Facts, counts: ClassCounts, classes: np.ndarray) -> bool:
    """Return whether a class was missed from an untuned threshold on."""
    task, tuned = facts.manifest.task, counts.tuned
    if not task.has_thresholds or (tuned is not None and tuned[classes].all()):
        return False
    return task.has_labels or task.positive in [task.names[int(k)] for k in classes]


def _lower(facts: Facts) -> str:
    return remedy.again(facts, threshold="f1")
