"""The check: from the facts of a run to findings of one code, or to the reason why it cannot be computed."""

from __future__ import annotations

from dl.finding import Finding
from dl_reports.facts import Facts
from dl_reports.statistics import NotComputable

from dl_newplugin import CODE

FEWEST = 3  # epochs


def best_is_first(facts: Facts) -> list[Finding] | NotComputable:
    """Find fits in which no epoch was better than the first one."""
    epochs = len(facts.epochs)
    if epochs < FEWEST:
        return NotComputable(f"it needs {FEWEST} epochs; found {epochs}")
    if facts.best is None:
        return NotComputable("no epoch has a score")
    if facts.best > 0:
        return []
    message = f"the first of {epochs} epochs was the best one: the steps are too large, or nothing can be learnt"
    return [Finding(CODE, "tip", message, {"epochs": epochs, "best": facts.epochs[facts.best]})]
