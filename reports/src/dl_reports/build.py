"""Build the `Report` of a run: read it, run the checks, word the verdict, collect figures, examples and commands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from dl.errors import BadRun
from dl.finding import SEVERITIES, Finding
from dl.plugins.loading import load_plugins
from dl.plugins.registry import Plugins
from dl.runs.identity import can_go_on
from dl.runs.notes import Notes, read_notes
from dl.runs.run import Run
from dl_reports import figures
from dl_reports.confusion import confusion
from dl_reports.examples import examples
from dl_reports.facts import Facts, known
from dl_reports.figures import calibration_card
from dl_reports.follow import why_gone
from dl_reports.heads import head_rows
from dl_reports.read import Kept, read
from dl_reports.remedy import against_overfitting, option
from dl_reports.report import Command, Header, Report, Reuse, Unchecked
from dl_reports.residuals import residuals
from dl_reports.reuse import as_typed, count_test_reuse, count_validation_reuse, evaluation_command
from dl_reports.run_checks import run_checks, run_sections
from dl_reports.statistics import NotComputable
from dl_reports.verdict import verdict

COMMANDS = 3


def build_report(run: Run, ignore: Iterable[str] = (), plugins: Plugins | None = None) -> Report:
    """Compute the report of a run.

    Args:
        run: The run.
        ignore: Finding codes to leave out.
        plugins: The registered plugins; None loads the installed ones.

    Raises:
        BadRun: If the folder is not a run of dl.
        UnknownName: If a code to ignore does not exist.
    """
    facts = Facts(read(run), plugins or load_plugins())
    checked = run_checks(facts, ignore)
    matrix, card = confusion(facts), calibration_card(facts)
    extra, failed = run_sections(facts)
    reuse = _reuse(facts)
    computed: dict[str, object] = {"confused classes": matrix, "calibration": card}
    computed |= {"test-set reuse": reuse[-1], "selection bias of the best epoch's score": facts.luck}
    computed |= {"suspect examples": facts.suspects}
    missing = [Unchecked(what, one.reason) for what, one in computed.items() if isinstance(one, NotComputable)]
    judged = verdict(facts, checked.findings)
    findings = _named_first(checked.findings, judged.code)
    return Report(
        header=header(facts),
        ladder=figures.ladder(facts),
        scores=figures.best_epoch_scores(facts),
        curves=figures.curves(facts),
        verdict=judged,
        findings=findings,
        ignored=checked.ignored,
        examples=examples(facts, mislabelled=any(f.code == "data-mislabelled" for f in checked.findings)),
        confusion=known(matrix),
        classes=figures.class_rows(facts),
        residuals=residuals(facts),
        heads=head_rows(facts),
        thresholds=figures.thresholds(facts),
        calibration=known(card),
        unchecked=_grouped([*_damaged(facts.kept), *checked.unchecked, *missing, *failed]),
        next=commands(facts, findings),
        sections=extra,
        reuse=tuple(one for one in reuse if isinstance(one, Reuse)),
        network=known(facts.kept.network),
    )


def header(facts: Facts) -> Header:
    """Collect the task, the data and the network of the run, and how the fit ended."""
    manifest, parts = facts.manifest, facts.manifest.parts
    return Header(
        run=manifest.name,
        path=str(facts.kept.run.path),
        status=manifest.status,
        message=manifest.message,
        created=manifest.created,
        task=manifest.task.name,
        reason=manifest.task.reason,
        domain=manifest.domain,
        data=parts.name,
        model=manifest.model,
        parameters=manifest.parameters,
        train=parts.train,
        val=facts.val_examples,
        probe=parts.probe,
        rule=parts.rule,
        test=parts.test,
        metric=facts.metric,
        loss=manifest.task.loss,
        epochs=len(facts.epochs),
        planned=int(option(facts, "epochs") or 0),
        best_epoch=None if facts.best is None else facts.epochs[facts.best],
        seconds=manifest.seconds,
        val_groups=0 if facts.val_unit == "example" else facts.val_units,
        linear_share=facts.best_row.get("linear_share"),
        learner=manifest.learner,
        goes_on_from=_origin(facts),
        tags=(notes := _notes(facts)).tags,
        note=notes.note,
    )


def _notes(facts: Facts) -> Notes:
    """Return the tags and the note of the run; none where they cannot be read."""
    try:
        return read_notes(facts.kept.run.path)
    except BadRun:
        return Notes()


def _origin(facts: Facts) -> str:
    recipe = known(facts.kept.recipe)
    return Path(recipe.from_run).name if recipe is not None and recipe.from_run else ""


def _reuse(facts: Facts) -> list[Reuse | NotComputable]:
    run, manifest = facts.kept.run, facts.manifest
    groups = facts.groups("val")
    of_validation = count_validation_reuse(
        run, manifest, len(facts.epochs), 1.0 if groups is None else groups.inflation
    )
    return [of_validation, count_test_reuse(run, manifest)] if manifest.parts.test else [of_validation]


def _named_first(findings: Sequence[Finding], code: str) -> tuple[Finding, ...]:
    """Put the finding of the verdict before the others of its severity."""
    return tuple(sorted(findings, key=lambda one: (SEVERITIES.index(one.severity), one.code != code)))


def commands(facts: Facts, findings: Sequence[Finding]) -> tuple[Command, ...]:
    """List the next commands: remedies of the most severe findings, each once, then the evaluation on the test set."""
    if facts.manifest.protocol and facts.manifest.status != "finished":
        return (Command(f"dl cv --resume {as_typed(facts.kept.run, facts.manifest)}", "fit the missing folds"),)
    found: dict[str, str] = {}
    run = facts.kept.run
    for finding in findings:
        if finding.next:
            found.setdefault(finding.next, finding.code)
    fits = [line for line in found if line.startswith(("dl fit ", "dl cv "))]
    remedies = against_overfitting(facts) if fits else []
    others = {one.command: tuple(other.typed for other in remedies if other != one) for one in remedies[:1]}
    chosen = [Command(line, f"against {code}", others.get(line, ())) for line, code in found.items()][:COMMANDS]
    has_issue = any(finding.severity == "issue" for finding in findings)
    tested = any(line.startswith("dl test ") for line in found)
    if facts.best is not None and not has_issue and not tested and (line := evaluation_command(run, facts.manifest)):
        chosen.append(Command(line, "evaluate on the test set, once, when you are done"))
    if can_go_on(run) and (facts.manifest.status != "running" or why_gone(run)):
        chosen.insert(0, Command(f"dl fit --resume {as_typed(run, facts.manifest)}", "continue where it stopped"))
    if findings:
        chosen.append(Command(f"dl explain {findings[0].code}", "how this was found, and what to do"))
    return tuple(chosen)


def _damaged(kept: Kept) -> list[Unchecked]:
    """List the files of the run that could not be read."""
    files = {"the recipe": kept.recipe, "what the guards found": kept.guards}
    return [Unchecked(what, read.reason) for what, read in files.items() if isinstance(read, NotComputable)]


def _grouped(unchecked: Sequence[Unchecked]) -> tuple[Unchecked, ...]:
    """Join entries with the same reason."""
    by_reason: dict[str, list[str]] = {}
    for one in unchecked:
        whats = by_reason.setdefault(one.why, [])
        if one.what not in whats:
            whats.append(one.what)
    return tuple(Unchecked("; ".join(whats), why) for why, whats in by_reason.items())
