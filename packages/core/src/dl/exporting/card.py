"""The card of a model in Markdown: what it was trained on, how well it answers, what was not checked, how to refit."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from dl import sealed
from dl.errors import BadRun, PluginFailed
from dl.exporting.recall import Recall
from dl.intervals import Estimate, wilson
from dl.plugins.registry import Plugins
from dl.recipes.recipe import Recipe
from dl.runs.identity import read_identity
from dl.runs.ledger import LEDGER, read_ledger
from dl.runs.manifest import Manifest
from dl.runs.run import Run, list_with_inner
from dl.runs.wording import show_estimate, show_share, show_thresholds
from dl.terminal import safe_text
from dl.words import many

IMBALANCED = 3  # times that the most common class is more common than the rarest
MOST_ROWS = 100  # of a table
NOT_STATED = "not stated"
UNKNOWN = Estimate(math.nan, 0, 1)  # a share of nothing
Line = dict[str, Any]  # Any: JSON
SETS = {"val": "validation", "probe": "training", "gap": "gap between the two"}


@dataclass(frozen=True)
class Licences:
    """The licences of a model.

    Args:
        weights: Of the weights, as an SPDX name; empty for none stated.
        data: Of the data, likewise.
    """

    weights: str = ""
    data: str = ""


def write_card(
    run: Run,
    recipe: Recipe,
    plugins: Plugins,
    *,
    licences: Licences = Licences(),
    recalls: Sequence[Recall] = (),
    export: Sequence[str] = (),
    header: bool = False,
) -> str:
    """Write the card of a run.

    Args:
        run: The run.
        recipe: Its choices, checked.
        plugins: The registered plugins.
        licences: As the user states them.
        recalls: Of each class and label, on the validation part.
        export: Lines on how the exported files are used, and how far they agree.
        header: Whether the card begins with YAML, as the hub reads it.
    """
    manifest, tests = run.manifest, _tests(run)
    sections = {
        "": [_opening(manifest)],
        "Use": list(export),
        "Trained on": list(_trained_on(run, recipe)),
        "Scores": list(_scores(run, plugins, tests)),
        "Recall of each class": list(_recall(recalls)),
        "Known gaps": list(_gaps(run, recipe, tests)),
        "Remedies": list(_remedies(run, recipe)),
        "Licences": [f"- Weights: {licences.weights or NOT_STATED}", f"- Data: {licences.data or NOT_STATED}"],
        "Fit it again": list(_again(run, recipe)),
    }
    parts = [_yaml(manifest, licences)] if header else []
    parts.append(f"# {safe_text(manifest.name)}")
    for title, lines in sections.items():
        if lines:
            parts.append("\n".join([f"## {title}\n"] * bool(title) + lines))
    return "\n\n".join(parts) + "\n"


def _yaml(manifest: Manifest, licences: Licences) -> str:
    lines = {
        "library_name": "pytorch",
        "tags": ["dl", manifest.domain, manifest.task.name],
        **({"license": licences.weights.lower()} if licences.weights else {}),  # as the hub spells them
    }
    return "\n".join(["---", *(f"{name}: {json.dumps(value)}" for name, value in lines.items()), "---"])


def _opening(manifest: Manifest) -> str:
    task = manifest.task
    names = [safe_text(name, 40) for name in task.answers or task.names]
    shown = ", ".join(names[:20]) + (f" and {len(names) - 20:,} more" if len(names) > 20 else "")
    what = f"A network for {manifest.domain}: {manifest.model}, {manifest.parameters:,} parameters, task {task.name}."
    return f"{what} It answers: {shown}." if names else what


def _trained_on(run: Run, recipe: Recipe) -> Iterator[str]:
    manifest, parts = run.manifest, run.manifest.parts
    yield f"- Data: {safe_text(parts.name)}; training {parts.train:,} examples, validation {parts.val:,} ({parts.rule})"
    identity = read_identity(run.path)
    if identity is not None:
        yield f"- Hash of the content: {identity.data}"
    yield f"- Hash of the validation part: {parts.val_fingerprint}"
    epochs = f"{many(manifest.epochs, 'epoch')}, the best is {manifest.best_epoch}"
    yield f"- Fitted: {manifest.created[:19]} UTC, {epochs}; dl {manifest.dl_version}"
    counts = dict(zip(manifest.task.names, manifest.task.counts, strict=False))
    if counts:
        shown = [f"{safe_text(name, 40)} {count:,}" for name, count in [*counts.items()][:MOST_ROWS]]
        yield f"- Examples of each class: {', '.join(shown)}"
    if recipe.from_run:
        yield f"- Went on from the weights of {safe_text(recipe.from_run)}"


def _scores(run: Run, plugins: Plugins, tests: Sequence[Line]) -> Iterator[str]:
    info = run.manifest.task.headline
    try:
        report = run.report(plugins=plugins)
    except (BadRun, PluginFailed) as error:
        yield f"There is no report: {safe_text(error, 200)}"
        return
    yield f"Verdict: {safe_text(report.verdict, 1000)}"
    yield ""
    for name, estimate in report.scores.items():
        if name in SETS:
            yield f"- {info.name}, {SETS[name]}: {show_estimate(info, estimate, signed=name == 'gap')}"
    for one in run.manifest.baselines:
        yield f"- To be beaten, {safe_text(one.name)}: {info.name} {one.score:.4g}"
    for line in tests:
        estimate = Estimate(*(float(line["score"][key]) for key in ("value", "low", "high")))
        when = f"{line['examples']:,} examples on {str(line['time'])[:10]}"
        yield f"- {info.name}, test, {when}: {show_estimate(info, estimate)}"
    if decided := show_thresholds(run.manifest.task):
        yield f"- Answers are decided by thresholds: {decided}"
    yield ""
    yield "Brackets are 95 % intervals."
    findings = [one for one in report.findings if one.severity in ("issue", "tip")]
    if findings:
        yield ""
        yield "What the report found:"
        yield ""
        yield from (f"- {one.code}: {safe_text(one.message, 400)}" for one in findings)


def _tests(run: Run) -> list[Line]:
    """Return the evaluations of a run on its test set."""
    return [line for line in read_ledger(run.root / LEDGER) if line.get("run") == run.name]


def _recall(recalls: Sequence[Recall]) -> Iterator[str]:
    """Yield a table with the recall of each class on the validation part, with its interval."""
    if not recalls:
        return
    yield "| class | validation examples | recall |"
    yield "|---|---|---|"
    for one in recalls[:MOST_ROWS]:
        share = Estimate(one.right / one.examples, *wilson(one.right, one.examples)) if one.examples else UNKNOWN
        yield f"| {safe_text(one.name, 60).replace('|', '/')} | {one.examples:,} | {show_share(share)} |"
    if len(recalls) > MOST_ROWS:
        yield ""
        yield f"and {len(recalls) - MOST_ROWS:,} classes more"


def _gaps(run: Run, recipe: Recipe, tests: Sequence[Line]) -> Iterator[str]:
    """Yield what is not known of the model."""
    manifest = run.manifest
    if not tests:
        kept = "has one that nobody looked at" if manifest.parts.test else "has none"
        yield f"- No test set was looked at; the data {kept}."
        yield "- The validation part chose the epoch, so its score is a little too good."
    if not recipe.data_options.get("group_on"):
        yield "- No groups were named: with rows of one person, place or source in both parts, its score is too good."
    if not recipe.data_options.get("time_on"):
        yield "- Nothing is known of the future: the validation part is of the same time as the training part."
    counts = [count for count in manifest.task.counts if count]
    if manifest.task.has_classes and counts and max(counts) > IMBALANCED * min(counts):
        yield f"- The classes are imbalanced: the rarest has {min(counts):,} examples, the most common {max(counts):,}."
    found = [one for one in run.guard_findings if one.severity in ("issue", "tip")]
    yield from (f"- Found in the data: {safe_text(one.message, 400)}" for one in found)
    yield "- Nothing was checked for groups of people, for rare conditions, or for inputs of another source."


def _remedies(run: Run, recipe: Recipe) -> Iterator[str]:
    """Yield the remedies against overfitting that this run and others on the same data used."""
    own = [f"{name}" for name in recipe.regularizers]
    yield f"- In this run: {', '.join(own) or 'none'}"
    print_ = run.manifest.parts.val_fingerprint
    others = dict[str, str]()
    for other in list_with_inner(run.root):
        try:
            same = other.path != run.path and other.manifest.parts.val_fingerprint == print_ and other.best
            tried = [*other.recipe.regularizers] if same else []
        except BadRun:
            continue
        info = other.manifest.task.headline
        if tried:
            others[other.name] = f"{', '.join(tried)}: {info.name} {other.best[f'val_{info.name}']:.4g}"
    yield from (f"- Tried on the same data in {safe_text(name)}: {line}" for name, line in [*others.items()][-10:])


def _again(run: Run, recipe: Recipe) -> Iterator[str]:
    yield "With the recipe below as recipe.toml and the data at its place: `dl fit --recipe recipe.toml`"
    yield ""
    yield "```toml"
    yield recipe.to_toml().strip()
    yield "```"
    environment = sealed.read(run.path / "environment.json") if sealed.exists(run.path / "environment.json") else b"{}"
    packages = json.loads(environment).get("packages", {})
    if packages:
        yield ""
        yield f"Versions: {', '.join(f'{name} {version}' for name, version in packages.items())}."
