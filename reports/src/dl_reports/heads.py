"""The heads of several targets: each has a run of its own below the run, and is judged by the same statistics."""

from __future__ import annotations

import math

from dl.errors import BadRun
from dl.runs.run import HEADS, Run
from dl_reports.facts import Facts
from dl_reports.read import read
from dl_reports.report import HeadRow
from dl_reports.verdict import verdict


def head_rows(facts: Facts) -> tuple[HeadRow, ...]:
    """Return a row for each head that the run keeps; none before the first epoch, and for a single target."""
    given = facts.manifest.task.heads
    found = {}
    for number, one in enumerate(given):
        try:
            own = Facts(read(Run(facts.kept.run.path / HEADS / f"{number:02d}")), facts.plugins)
        except BadRun:  # of a short fit among several, which keeps none
            continue
        if own.best is not None:
            found[number] = (one, own)
    losses = {number: own.best_row.get("val_loss", math.nan) for number, (_, own) in found.items()}
    weights = {number: facts.best_row.get(f"weight_{one.name}", math.nan) for number, (one, _) in found.items()}
    whole = sum(weights[number] * losses[number] for number in found)
    rows = []
    for number, (one, own) in found.items():
        judged = verdict(own, ())
        share = weights[number] * losses[number] / whole if whole > 0 else math.nan
        rows.append(
            HeadRow(
                one.name,
                one.task.name,
                own.metric,
                _known(losses[number]),
                _known(share),
                _known(weights[number]),
                own.score("val"),
                judged.sentence,
                judged.severity,
            )
        )
    return tuple(rows)


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None
