"""What the results of a lesson say: read from the files of its run, or asked of the command as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from dl.errors import DLError
from dl.hookspecs import RunReport
from dl.intervals import Estimate
from dl.runs.ledger import LEDGER, read_ledger, stored_evaluation
from dl.runs.manifest import MetricInfo
from dl.runs.run import STUDY, TRIALS, Run, read_json
from dl.runs.wording import show_estimate, show_value
from dl.tutorial.command import ask
from dl.tutorial.course import DATA
from dl.tutorial.draw import DIGIT
from dl.tutorial.progress import RUNS, Standing
from dl.words import many, show_number, show_percent

FITS = ("fit", "overfit", "regularize")
OVER = "lr"  # the option that the short search tries
EXPORTED = "network"  # folder of the exported network
BY_HEART = 0.995  # of the training examples: learnt


@dataclass(frozen=True)
class Chosen:
    """The run that is best on validation, of those of the fits."""

    lesson: str
    number: str
    run: Run


def run_of(at: Standing, lesson: str) -> Run:
    """Return the run that a lesson made."""
    return at.run_named(at.progress.runs[lesson])


def chosen(at: Standing) -> Chosen:
    """Return the run with the best headline score on validation."""

    def score(lesson: str) -> float:
        run = run_of(at, lesson)
        value = run.best.get(f"val_{run.manifest.task.headline.name}", float("nan"))
        value = value if run.manifest.task.headline.higher else -value
        return value if value == value else -float("inf")

    best = max((lesson for lesson in FITS if lesson in at.progress.runs), key=score)
    return Chosen(best, at.progress.number(best), run_of(at, best))


@cache
def _asked(words: tuple[str, ...], folder: Path) -> dict[str, Any] | None:  # Any: JSON
    found: dict[str, Any] | None = ask(words, folder)
    return found


def facts(at: Standing) -> dict[str, Any]:  # Any: JSON
    """Return what is known about the data without a fit; nothing where it cannot be read."""
    return _asked(("show", at.course.data), at.folder) or {}


def has_test(at: Standing) -> bool:
    """Return whether there is a test set."""
    return str(facts(at).get("test", "")).startswith("closed")


def read_look(at: Standing) -> Sequence[str]:
    """Tell the sizes, and how often the most common class is right."""
    found = facts(at)
    if not found:
        return []
    said = [f"{many(found['train'], 'example')} to learn from, and the task: {found['task']}."]
    classes: dict[str, int] = found.get("classes") or {}
    if classes:
        common = max(classes, key=lambda name: classes[name])
        share = classes[common] / max(sum(classes.values()), 1)
        said.append(f"Answering always {common!r} would be right {show_percent(share)} of the time.")
    if findings := found.get("findings"):
        said.append(
            f"dl has {many(len(findings), 'finding')} about it, above: look at them before you believe a score."
        )
    return [" ".join(said)]


def read_baseline(at: Standing) -> Sequence[str]:
    """Tell both numbers to beat: of the best constant answer and of the best cheap learner."""
    found = ask(("baseline", at.course.data), at.folder)
    if found is None or not found["constants"]:
        return []
    metric = MetricInfo(found["metric"], found["higher_is_better"], 1.0, "mean")
    constants = [one for one in found["constants"] if one["score"] == one["score"]]
    best = (max if metric.higher else min)(constants, key=lambda one: one["score"])
    named = metric.name.replace("_", " ")
    said = f"The best constant answer, {best['answer']}, gets {show_value(metric, best['score'])} in {named}."
    if not found["rivals"]:
        return [said]
    rival = found["rivals"][0]
    shown = show_estimate(metric, Estimate(*rival["estimate"]))
    return [
        f"{said} The best cheap learner, {rival['answer']}, gets {shown}; the brackets hold the 95 % interval. These "
        "are the two numbers to beat."
    ]


def read_small(at: Standing) -> Sequence[str]:
    """Tell the score on both sides, and whether there is more to learn."""
    run, report = at.made, _report(at, at.run)
    if report is None:
        return [_ended(run)]
    if "fit-not-converged" in _codes(report):
        more = "Its loss was still falling when it ended: it underfits, and there is more to learn."
    elif _knows_training(run, report):
        more = "It knows its training examples already: what is lost is lost on new ones."
    else:
        more = "Much of the error is on training examples too: a larger network may hold more."
    return [f"{_both_sides(run, report)} {_skill(report)} {more}"]


def read_large(at: Standing) -> Sequence[str]:
    """Tell how much was learnt by heart, and whether validation has turned."""
    run, report = at.made, _report(at, at.run)
    if report is None:
        return [_ended(run)]
    losses = run.history.column("val_loss")
    best, last = min(losses), losses[-1]
    epoch = losses.index(best) + 1
    where = f"The validation loss was best at epoch {epoch} ({show_number(best)}) and ended at {show_number(last)}"
    if {"fit-overfit-loss", "fit-overfit-metric"} & _codes(report):
        end = "that is certainly worse: the border to overfitting is crossed, and there is something to regularize."
    elif _knows_training(run, report):
        end = "not certainly worse, though the training examples are learnt by heart: more units do no harm here."
    else:
        end = "not certainly worse: it does not overfit yet, and could be larger or trained for longer."
    return [f"{_both_sides(run, report)} The difference is what it knows by heart. {where}; {end}"]


def read_regularized(at: Standing) -> Sequence[str]:
    """Tell the gap before and after."""
    run, report, before = (
        at.made,
        _report(at, at.run),
        _report(at, at.progress.runs["overfit"]),
    )
    if report is None or before is None:
        return [_ended(run)]
    metric = run.manifest.task.headline
    gaps = [show_value(metric, one.scores["gap"].value) for one in (before, report)]
    scores = [show_value(metric, one.scores["val"].value) for one in (before, report)]
    smaller = report.scores["gap"].value < before.scores["gap"].value
    end = "It remembers less" if smaller else "It remembers no less: this remedy does not fit, or is too weak"
    return [
        f"The gap between training and validation was {gaps[0]} and is {gaps[1]}. Validation went from {scores[0]} to "
        f"{scores[1]}. {end}. Whether the change on validation is more than luck is the next question."
    ]


def read_compared(at: Standing) -> Sequence[str]:
    """Tell what the comparison decides, and which network is chosen."""
    from dl.runs.report import compare

    first, second = (run_of(at, lesson) for lesson in ("overfit", "regularize"))
    best = chosen(at)
    return [
        f"In one sentence: {compare(first, second).verdict}",
        f"An interval that holds zero means: not told from luck by these examples. Best on validation so far is run "
        f"{best.number}, of the step {best.lesson!r}; the tutorial goes on with it.",
    ]


def read_tuned(at: Standing) -> Sequence[str]:
    """Tell the range of the trials, and the score of the best with its luck taken off."""
    study = read_json(at.made.path / STUDY, dict[str, Any])
    best = int(study.get("best_number") or 0)
    if not best:
        return ["No trial was finished."]
    folder = at.made.path / TRIALS
    runs = [Run(path) for path in sorted(folder.glob("[0-9]*"))]
    metric = MetricInfo(**study["metric"])
    scores = [run.best[f"val_{metric.name}"] for run in runs if run.best]
    options = next(run for run in runs if int(run.name) == best).recipe.train
    least, most = (show_value(metric, end) for end in (min(scores), max(scores)))
    rate = options.get(OVER, "as the recipe has it")
    said = (
        f"{many(len(scores), 'trial')}, from {least} to {most} on validation; the best is number {best}, {OVER}={rate}."
    )
    luck = study.get("luck")
    if luck and study.get("luck_of") == metric.name:
        corrected = Estimate(luck["corrected"], *luck["interval"])
        said += f" Less what choosing it adds, its score is {show_estimate(metric, corrected)}."
    return [f"{said} If the trials differ less than the interval is wide, the option hardly matters."]


def read_folds(at: Standing) -> Sequence[str]:
    """Tell the spread between the folds."""
    run = at.made
    metric, folds = run.manifest.task.headline, run.manifest.folds
    scores = [fold.score for fold in folds]
    least, most = (show_value(metric, end) for end in (min(scores), max(scores)))
    examples = many(sum(fold.val for fold in folds), "example")
    return [
        f"{many(len(folds), 'fit')} on {run.manifest.parts.name}, each scored on another part: from {least} to "
        f"{most}. A single hold-out would have been one of these, by chance. Together they score all {examples}, which "
        "makes the interval narrower. With thousands of examples in the validation set, one hold-out is enough."
    ]


def read_tested(at: Standing) -> Sequence[str]:
    """Tell the test score beside that of validation."""
    path = at.folder / RUNS / LEDGER
    if not path.exists():
        return ["This data has no test set: keep examples in another file, and predict them with the final run, once."]
    tested = read_ledger(path)[-1]
    run = at.run_named(tested["run"])
    metric = run.manifest.task.headline
    score, val = Estimate(*stored_evaluation(tested).score), run.best[f"val_{metric.name}"]
    inside = score.low <= val <= score.high
    agrees = "within that interval: the choices have hardly flattered it" if inside else "outside of that interval"
    return [
        f"{show_estimate(metric, score)} on {many(tested['examples'], 'test example')}: this is the number to report. "
        f"Validation said {show_value(metric, val)}, {agrees}. The evaluation stands in {RUNS}/{LEDGER}; a second "
        "one needs --again, because a test set that is looked at often becomes a validation set."
    ]


def read_exported(at: Standing) -> Sequence[str]:
    """Tell what was written, and what the network answers to a digit that was drawn here."""
    names = sorted(path.name for path in (at.folder / EXPORTED).glob("*"))
    said = [f"The folder {EXPORTED} holds {', '.join(names)}: it runs without dl."]
    best = chosen(at).number
    if not at.course.has_digits:
        return [*said, f"For new inputs with dl: dl predict {best} FILE"]
    answers = ask(("predict", best, DIGIT), at.folder)
    if answers:
        said.append(_answer(answers))
    return said


def read_next(at: Standing) -> Sequence[str]:
    """Tell what there is to type now, a command and its purpose in a line each."""
    number = at.progress.number("overfit") if "overfit" in at.progress.runs else "last"
    lines = {
        "dl": "in a folder with your data: what it holds, what to type",
        "dl workflow DATA": "all of these steps by themselves, and a page to sign",
        f"dl report {number}": "a whole report, with curves and the hardest examples",
        "dl explain gap": "the words of the reports, each with a picture",
        "dl ls models": "other networks; dl ls regularizers: other remedies",
    }
    if at.course.data == DATA:
        lines = {f"dl fit {DATA}": "a convolutional network, better than all of these"} | lines
    return [f"{command:<18}{purpose}" for command, purpose in lines.items()]


def _report(at: Standing, name: str) -> RunReport | None:
    """Return the report of a run; None where it has no finished epoch, or cannot be read."""
    try:
        found = at.run_named(name).report()
    except DLError:
        return None
    return found if found.scores else None


def _codes(report: RunReport) -> set[str]:
    return {finding.code for finding in report.findings}


def _knows_training(run: Run, report: RunReport) -> bool:
    """Return whether the training examples are answered as good as perfectly."""
    metric = run.manifest.task.headline
    return metric.higher and report.scores["probe"].value >= BY_HEART * metric.perfect


def _both_sides(run: Run, report: RunReport) -> str:
    metric = run.manifest.task.headline
    probe, val = (show_value(metric, report.scores[part].value) for part in ("probe", "val"))
    return f"Training {probe}, validation {val}."


def _skill(report: RunReport) -> str:
    """Return whether it beats the constant answer, by the first of the three answers."""
    return next((f"Skill: {one.message}." for one in report.answers if one.question == "skill"), "")


def _ended(run: Run) -> str:
    return f"The fit has no finished epoch to read: {run.status or 'no run'}."


def _answer(answers: Any) -> str:  # Any: JSON
    """Return what a network answers to the drawn digit, and how sure it is."""
    first = answers[0]
    said = f"To a seven that was drawn for this tutorial it answers {first['answer']}"
    sure = first["values"].get(first["answer"])
    return f"{said}, with a confidence of {show_percent(sure)}." if sure is not None else f"{said}."
