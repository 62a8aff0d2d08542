"""The section on a fit that went on from a run: whether going on helped, and what the network forgot."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dl.errors import BadRun
from dl_reports import formatting
from dl_reports.baseline import Lead, lead_over_origin
from dl_reports.facts import Facts, known

if TYPE_CHECKING:
    from dl.runs.forgotten import Forgotten


def show_going_on(facts: Facts) -> list[str]:
    """Return whether going on helped, and what was forgotten; nothing for a fit from the start."""
    recipe = known(facts.kept.recipe)
    if recipe is None or not recipe.from_run:
        return []
    from dl.runs.forgotten import read_forgotten

    run, lead = Path(recipe.from_run).name, lead_over_origin(facts)
    lines = [_helped(facts, run, lead)] if isinstance(lead, Lead) else [f"from {run}; not compared: {lead.reason}"]
    try:
        found = read_forgotten(facts.kept.run)
    except BadRun as error:
        return [*lines, f"what it forgot cannot be read: {error}"]
    if found is None:
        return [*lines, f"what it forgot is not known: the data of {run} could not be read again"]
    return [*lines, _forgot(found)]


def _helped(facts: Facts, run: str, lead: Lead) -> str:
    """Word the lead over the run as it was."""
    if not (lead.better or lead.worse):
        size = formatting.difference(facts.metric, lead.lead, lead.interval)
        return f"going on from {run} did not certainly change anything: a lead of {size} over the run as it was"
    sign = 1 if lead.better else -1
    ends = sorted((sign * lead.interval.low, sign * lead.interval.high))
    size = formatting.difference(facts.metric, sign * lead.lead, (ends[0], ends[1]))
    told = "helped: certainly better" if lead.better else "did harm: certainly worse"
    return f"going on from {run} {told} than the run as it was by {size}"


def _forgot(found: Forgotten) -> str:
    """Word the change on the validation set of the run."""
    metric = found.metric
    scores = " before, ".join(formatting.score(metric, value) for value in (found.before, found.after))
    line = f"on the {formatting.many(found.examples, 'validation example')} of {found.run}: {scores} after"
    if found.change is None:
        return line
    rose, size = found.change, formatting.difference(metric, found.change.value, found.change[1:])
    certain = rose.low > 0 or rose.high < 0
    worse = (rose.value < 0) == metric.higher
    ending = "; it has forgotten" if certain and worse else "" if certain else ", which is not certain"
    return f"{line}, a change of {size}{ending}"
