"""The first stage: look at data and split before anything is learnt, and choose the protocol of the final score."""

from __future__ import annotations

from dataclasses import replace

from dl.finding import DISTRUST, Finding
from dl.runs.workflow import StageRecord, Workflow
from dl.splits.on_leak import FIX, WARN
from dl.splits.remedies import OPTIONS, SETTINGS
from dl.stages.stage import Bench, Exit, Stage, always
from dl.words import many

REMEDIES = {*OPTIONS.values(), *(name for name, _ in SETTINGS.values())}  # options that mend a leak


def look(bench: Bench, state: Workflow, record: StageRecord, _seconds: float) -> StageRecord:
    """Record what the guards found in data and split."""
    findings = tuple(bench.first.splits.findings)
    several = f"{state.fits} fits of {state.protocol}" if state.fits > 1 else "this hold-out"
    notes = [one.in_words for one in bench.first.defaults if one.name in REMEDIES]
    notes += [f"{finding.severity}: {finding.message}" for finding in findings if finding.severity != "note"]
    notes.append(f"the final score is made by {several}: {state.reason}" if state.reason else f"by {several}")
    if state.fits > 1:
        notes.append("the stages before compare in pairs on one hold-out, at the cost of one fit each")
    sizes = f"{state.train:,} to train on, {state.val:,} for validation, {state.rule}"
    return replace(record, result=f"{state.task}; {sizes}", findings=findings, notes=tuple(notes))


def leak_of(findings: tuple[Finding, ...]) -> Finding | None:
    """Return the first finding with which no score is to be praised."""
    return next((one for one in findings if one.severity == "issue" and one.code in DISTRUST), None)


def leave(state: Workflow, record: StageRecord) -> Exit:
    """Require that no finding forbids to trust a score."""
    found = leak_of(record.findings)
    if found is None:
        others = sum(one.severity == "issue" for one in record.findings)
        besides = f", but {many(others, 'other issue')}" if others else ""
        return Exit(True, f"no leak found{besides}: a score can be trusted")
    if state.on_leak == WARN:
        return Exit(False, f"{found.code}: no score below is to be trusted; it goes on, as --on-leak warn asks")
    mend = "mend it" if state.on_leak == FIX else "mend it, let --on-leak fix try"
    words = f"{found.code}: no score would be worth its fits; {mend}, or go on all the same with --on-leak warn"
    return Exit(False, words, stops=True, next=f"dl explain {found.code}")


STAGE = Stage("look", always, look, leave)
