"""Examples to show: those with the largest validation loss, and those with a probably wrong label."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dl.data.heads import in_words
from dl.runs.outcomes import PartOutcomes
from dl.words import show_number, spell
from dl_reports.checks.labels import class_name
from dl_reports.facts import Facts, known
from dl_reports.report import Example, Sketch
from dl_reports.statistics import NotComputable

HARDEST, SUSPECT = 12, 12


def examples(facts: Facts, *, mislabelled: bool) -> tuple[Example, ...]:
    """Pick the validation examples with the largest loss above the mean, then the suspect training examples."""
    if facts.manifest.task.by_query:
        from dl_reports.hard_queries import hardest_queries

        sketches = known(facts.kept.sketches)
        return hardest_queries(facts, lambda row: _source(sketches, "val", row))
    return (*_hardest(facts), *(_suspects(facts) if mislabelled else ()))


def _hardest(facts: Facts) -> list[Example]:
    val, k = facts.kept.val, facts.best
    if isinstance(val, NotComputable) or k is None or k >= len(val.loss):
        return []
    losses = np.nan_to_num(val.loss[k].astype(np.float32), nan=0.0)
    count = min(HARDEST * _repeats(facts), len(losses))
    top = np.argpartition(-losses, count - 1)[:count]
    chosen = _once(val, top[np.argsort(-losses[top], kind="stable")])[:HARDEST]
    mean = losses.mean(dtype=np.float64)
    return [_example(facts, val, "val", "hardest", int(row), k) for row in chosen if losses[row] > mean]


def _suspects(facts: Facts) -> list[Example]:
    probe, k, found = facts.kept.probe, facts.best, known(facts.suspects)
    if isinstance(probe, NotComputable) or found is None or k is None or k >= len(probe.loss):
        return []
    chosen = _once(probe, found.order[: min(SUSPECT * _repeats(facts), found.negative)])[:SUSPECT]
    return [_example(facts, probe, "probe", "suspect", int(row), k) for row in chosen]


def _repeats(facts: Facts) -> int:
    """Return how often an example may stand in a set: once, or once in each round of a protocol."""
    return max((fold.round for fold in facts.manifest.folds), default=1)


def _once(kept: PartOutcomes, rows: NDArray[np.integer]) -> NDArray[np.integer]:
    """Return the rows in their order, of each example the first."""
    return rows[np.sort(np.unique(kept.ids[rows], return_index=True)[1])]


def _example(facts: Facts, kept: PartOutcomes, part: str, why: str, row: int, k: int) -> Example:
    return Example(
        id=int(kept.ids[row]),
        part=part,
        why=why,
        true=_target(facts, kept.targets[row]),
        predicted=_predicted(facts, row) if part == "val" and not facts.manifest.task.gives_inputs else None,
        loss=float(kept.loss[k, row]),
        sketch=_sketch(known(facts.kept.sketches), part, row),
        remade=_sketch(known(facts.kept.sketches), part, row, "remade"),
        source=_source(known(facts.kept.sketches), part, row),
    )


def _target(facts: Facts, target: NDArray[np.generic]) -> str:
    task = facts.manifest.task
    if task.has_classes:
        return class_name(facts, int(target))
    values = np.atleast_1d(target)
    if task.has_strings:
        return spell(values, task.names)
    if task.heads:
        return in_words([one.head for one in task.heads], values)
    if task.has_labels:
        on = [task.names[k] if k < len(task.names) else str(k) for k in np.flatnonzero(values)]
        return ", ".join(on[:8]) or "none"
    return ", ".join(show_number(float(value)) for value in values[:4])


def _predicted(facts: Facts, row: int) -> str | None:
    answers, names = known(facts.kept.answers), facts.manifest.task.answers
    if answers is None:
        return None
    answer = answers[row]
    if not facts.has_classes and len(names) == np.size(answer):
        return ", ".join(f"{name} {show_number(float(value))}" for name, value in zip(names[:4], answer, strict=False))
    return _target(facts, answer)


def _source(sketches: Mapping[str, NDArray[Any]] | None, part: str, row: int) -> str:
    """Return the file or row of an example, if the run keeps it."""
    if sketches is None or not {f"{part}_rows", f"{part}_sources"} <= set(sketches):
        return ""
    where = np.flatnonzero(sketches[f"{part}_rows"] == row)
    kept = sketches[f"{part}_sources"]
    return str(kept[where[0]]) if len(where) and where[0] < len(kept) else ""


def _sketch(sketches: Mapping[str, NDArray[Any]] | None, part: str, row: int, kind: str = "sketches") -> Sketch | None:
    """Return the sketch of an example, or of what the network made of it, if the run keeps one that can be shown."""
    if sketches is None or f"{part}_rows" not in sketches or f"{part}_{kind}" not in sketches:
        return None
    rows, kept = sketches[f"{part}_rows"], sketches[f"{part}_{kind}"]
    where = np.flatnonzero(rows == row)
    if len(where) == 0 or where[0] >= len(kept):
        return None
    sketch = kept[where[0]]
    if kept.dtype.kind == "U":
        return str(sketch)
    image = kept.dtype == np.uint8 and sketch.ndim == 3 and sketch.shape[2] in (1, 3) and 0 not in sketch.shape
    return sketch if image else None
