"""Check data without a fit: the checks of a report that need inputs and targets alone, on a split nobody trained on.

The guards have spoken already; here their findings get the command to type, the share of the validation set that is
leaked and what that does to a score, and the tests on inputs are made beside them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from dl.finding import SEVERITIES, Finding
from dl.intervals import wilson
from dl.limits import TIME_UP
from dl.plugins.registry import Plugins
from dl.recipes.recipe import PartialRecipe
from dl.runs.prospect import DataCheck, Prospect
from dl.runs.run import Run
from dl_reports import formatting, remedy
from dl_reports.facts import Facts
from dl_reports.read import Kept
from dl_reports.run_checks import run_checks
from dl_reports.statistics import NotComputable

NOTHING = NotComputable("nothing was fitted")
OF_INPUTS = {  # the checks that need no fit, and what each looks for
    "data-target-in-disguise": "columns that are the target",
    "data-row-counter": "row counters",
    "data-groups-in-sight": "groups in names",
    "data-duplicates-across-split": "exact duplicates",
    "data-duplicates": "exact duplicates",
    "data-conflicting-targets": "conflicting targets",
    "data-near-duplicates": "near duplicates",
    "data-time-overlap": "the order of time",
    "data-dates-mixed": "dates that the split mixes",
    "data-code-as-number": "codes read as numbers",
    "data-skipped-files": "",
    "data-missing-class": "missing classes",
    "data-target-shift": "shift of the target",
    "data-input-shift": "shift of the inputs",
}
OF_EXAMPLES = ("data-missing-class", "data-target-shift", "data-input-shift")  # found by no guard
GUARDS = (  # silent as well where there is nothing to look at
    "data-target-in-disguise",
    "data-row-counter",
    "data-groups-in-sight",
    "data-conflicting-targets",
    "data-time-overlap",
    "data-dates-mixed",
    "data-code-as-number",
)
NEAR = "data-near-duplicates"  # of files, kept apart by their groups
UNCERTAIN = 0.1  # half the interval of a share right, from which the validation set is called small


def check_prospect(prospect: Prospect, plugins: Plugins, ignore: Sequence[str]) -> DataCheck:
    """Run the checks that need no fit.

    Raises:
        UnknownName: If a code to ignore belongs to no check.
    """
    facts = Facts(_kept(prospect), plugins)
    checked = run_checks(facts, ignore, tuple(OF_INPUTS))
    small = [one for one in _small(facts) if one.code not in ignore]
    found = [_with_effect(facts, one) for one in [*checked.findings, *small]]
    grouping = next((one.next for one in found if one.code == "data-groups-in-sight"), "")
    near = {"data-near-duplicates", "data-groups-in-sight"}  # of files, both are kept apart by groups
    findings = sorted(
        (replace(one, next=one.next or grouping) if one.code in near else one for one in found), key=_weight
    )
    unchecked = [one for one in checked.unchecked if not (one.why == TIME_UP and _was_guarded(one.what, prospect))]
    spoken = {one.code for one in findings} | set(checked.ignored) | {one.what for one in unchecked}
    silent = [code for code in OF_INPUTS if code not in spoken]
    looked = [code for code in silent if code not in GUARDS or code in prospect.guarded]
    spoken_words = {OF_INPUTS[code] for code in spoken if code in OF_INPUTS}
    clean = dict.fromkeys(OF_INPUTS[code] for code in looked if OF_INPUTS[code] not in spoken_words)
    parts = prospect.manifest.parts
    return DataCheck(
        parts.name,
        f"{prospect.manifest.task.name} - {prospect.manifest.task.reason}",
        parts.train,
        parts.val,
        parts.rule,
        tuple(findings),
        tuple(filter(None, clean)),
        tuple(dict.fromkeys((OF_INPUTS.get(one.what) or one.what, one.why) for one in unchecked)),
        checked.ignored,
    )


def _was_guarded(code: str, prospect: Prospect) -> bool:
    """Return whether the guards alone find what a code stands for, and had the time for it, or nothing to look at."""
    return code not in (*OF_EXAMPLES, *prospect.unfinished)


def _kept(prospect: Prospect) -> Kept:
    """Return what a run of this fit would keep before its first epoch."""
    recipe = prospect.recipe
    chosen = PartialRecipe(
        recipe.domain,
        recipe.data,
        recipe.task,
        recipe.seed,
        recipe.model,
        recipe.model_options,
        recipe.regularizers,
        recipe.train,
        recipe.split,
        recipe.data_options,
    )
    return Kept(
        run=Run(Path("no-run")),
        manifest=prospect.manifest,
        rows=(),
        val=prospect.val,
        probe=prospect.train,
        leaked=prospect.leaked,
        best_logits=NOTHING,
        answers=NOTHING,
        features=prospect.inputs,
        sketches=NOTHING,
        recipe=chosen,
        guards=prospect.findings,
        asked=prospect.asked,
    )


def _small(facts: Facts) -> list[Finding]:
    """Find a validation set that leaves any score uncertain, where a protocol of several fits would use more."""
    units = facts.val_units
    low, high = wilson(units / 2, units)
    command = remedy.cross_validate(facts)
    if facts.manifest.task.from_inputs or not command or (high - low) / 2 < UNCERTAIN:
        return []
    message = (
        f"{facts.val_size} leave a share right of one half uncertain by {50 * (high - low):.0f} points either way; "
        "cross-validation scores every example"
    )
    return [Finding("data-small-validation", "tip", message, {"n": units, "uncertain": (high - low) / 2}, command)]


def _with_effect(facts: Facts, finding: Finding) -> Finding:
    """Add what a leak does to a score, where its share of the validation set is known."""
    share = finding.evidence.get("share")
    if not isinstance(share, float) or "effect" in finding.evidence:
        return finding
    name = formatting.metric_word(facts.metric.name)
    if facts.metric.kind == "proportion":
        effect = f"{name} is too high by up to {100 * share:.3g} points if they are known by heart"
    else:
        effect = f"{100 * share:.3g} % of what {name} rests on may be known by heart"
    return replace(finding, evidence={**finding.evidence, "effect": effect})


def _weight(finding: Finding) -> tuple[int, float]:
    """Order findings by severity, then by the leaked share."""
    share = finding.evidence.get("share")
    return SEVERITIES.index(finding.severity), -share if isinstance(share, float) else 0.0
