"""A run, a study or a workflow in one line: what a list of a folder shows, sorts by and filters on.

Reading a thousand of them takes about a second, since a line needs `run.json`, one row of the history and the notes,
and no outcomes. What cannot be read is a line as well, with the reason as its result.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from dl import regular
from dl.errors import BadOption, BadRecipe, BadRun, DamagedRun
from dl.processes import status_of
from dl.recipes.recipe import RECIPE, PartialRecipe, read_recipe
from dl.runs.history import EpochRow, History, read_history
from dl.runs.manifest import Manifest, MetricInfo
from dl.runs.notes import Notes, read_notes
from dl.runs.run import FITS, FITS_FILE, FOLDS, STUDY, TRIALS, WORKFLOW, Run, is_begun, list_numbered
from dl.runs.study import Study, read_study
from dl.runs.workflow import describe_workflow, read_workflow
from dl.stored import from_sealed
from dl.words import many

UNREADABLE = "unreadable"  # as a status
SETS = ("val", "probe", "train")  # prefixes of the columns of a history
NUMBERED = ("number", "epochs", "best_epoch", "seconds", "parameters")
WORDS = ("name", "kind", "status", "data", "model", "task", "domain", "date", "tags", "note")
FACTS = (*WORDS, *NUMBERED)

Field = float | str | bool | tuple[str, ...]


@dataclass(frozen=True)
class Overview:
    """A line of a folder of runs.

    Args:
        path: Of its folder.
        inside: The study, workflow or run of folds that it belongs to; None for what lies in the folder itself.
        kind: ``fit``, ``cv``, ``tune``, ``overfit``, ``curve`` or ``workflow``; empty where that cannot be read.
        status: As in `run.json`; ``killed`` where no process works on it any more, ``unreadable`` where it is damaged.
        result: What was reached, or why it cannot be read, in one line.
        created: In UTC (ISO 8601); empty where it is not kept.
        data: Name of the data set.
        domain: Of the inputs.
        model: Name of the network.
        task: Name of the task.
        metrics: The headline metric first.
        scores: At the best epoch, by column of the history: ``val_accuracy``; of a tuning, of its best trial; none of a
            study of capacity, whose fits are no candidates.
        epochs: Finished epochs.
        best_epoch: From 1; 0 for none.
        parameters: Of the network.
        seconds: Duration.
        message: Why it ended early.
        fingerprint: Of the validation set; runs with the same one can be compared in pairs.
        sizes: Examples to train on and for validation; zeros where they are unknown.
        notes: Tags and note.
        history: Of a run, for its curves.
    """

    path: Path
    inside: Path | None = None
    kind: str = ""
    status: str = UNREADABLE
    result: str = ""
    created: str = ""
    data: str = ""
    domain: str = ""
    model: str = ""
    task: str = ""
    metrics: tuple[MetricInfo, ...] = ()
    scores: Mapping[str, float] = field(default_factory=dict)
    epochs: int = 0
    best_epoch: int = 0
    parameters: int = 0
    seconds: float = 0.0
    message: str = ""
    fingerprint: str = ""
    sizes: tuple[int, int] = (0, 0)
    notes: Notes = field(default_factory=Notes)
    history: History = field(default_factory=History, compare=False, repr=False)

    @property
    def name(self) -> str:
        """The name of its folder."""
        return self.path.name

    @property
    def headline(self) -> MetricInfo | None:
        """The headline metric; None where it is unknown."""
        return self.metrics[0] if self.metrics else None

    @cached_property
    def choices(self) -> dict[str, Field]:
        """Every option of its recipe, as ``train.lr`` and ``reg.l2.strength``; none where it cannot be read."""
        try:
            return flat_choices(read_recipe(self.path / RECIPE))
        except (BadOption, BadRecipe, BadRun):
            return {}

    @cached_property
    def facts(self) -> dict[str, Field]:
        """Its fields other than scores and choices; what is unknown is left out."""
        number = self.name.split("-")[0]
        found: dict[str, Field] = {
            "number": float(number) if number.isdecimal() else 0.0,
            "date": self.created,
            "tags": self.notes.tags,
            "note": self.notes.note,
        }
        found |= {name: getattr(self, name) for name in FACTS if name not in found}
        return {name: value for name, value in found.items() if value not in ("", 0) or name in ("tags", "note")}

    def value(self, name: str) -> Field | None:
        """Return a field by its name: a fact, a score, or a choice; None if it has none of this name."""
        if name in FACTS:
            return self.facts.get(name)
        for column in (name, f"val_{name}"):
            if column in self.scores:
                return self.scores[column]
        return self.short_choices.get(name)

    @cached_property
    def short_choices(self) -> dict[str, Field]:
        """Every choice under its dotted name, and under its last word where no other has it: ``lr``."""
        short: dict[str, Field] = {}
        for name, value in self.choices.items():
            words = name.split(".")
            short.setdefault(words[1] if words[0] == "reg" else words[-1], value)
        return short | self.choices

    @property
    def score_names(self) -> set[str]:
        """The names of its scores; those of the validation set also without their set."""
        return {name.removeprefix("val_") for name in self.scores} | set(self.scores)

    @property
    def names(self) -> set[str]:
        """The names of all fields that it has."""
        return {*FACTS, *self.score_names, *self.short_choices}


def is_score(overviews: list[Overview], name: str) -> bool | None:
    """Return whether a field is a score of which higher is better; None if it is no score."""
    bare = name
    for one in SETS:
        bare = bare.removeprefix(f"{one}_")
    if bare == "loss":
        return False
    return next((metric.higher for one in overviews for metric in one.metrics if metric.name == bare), None)


def list_overviews(root: Path, *, inner: bool = False) -> list[Overview]:
    """Return a line for each run, study and workflow of a folder, oldest first.

    Args:
        root: Folder of run folders.
        inner: Whether those inside of studies, workflows and runs of folds follow theirs.
    """
    walked = walk_runs(root) if inner else ((path, None) for path in _begun(root))
    return [overview(path, inside) for path, inside in walked]


def walk_runs(root: Path) -> Iterator[tuple[Path, Path | None]]:
    """Yield the folder of each run, study and workflow, and that of the one inside of which it lies."""
    for path in _begun(root):
        yield from _walk(path, None)


def _begun(root: Path) -> list[Path]:
    return [run.path for run in list_numbered(root) if is_begun(run.path)]


def _walk(path: Path, inside: Path | None) -> Iterator[tuple[Path, Path | None]]:
    yield path, inside
    for below in inner_paths(path):
        yield from _walk(below, path)


def inner_paths(path: Path) -> list[Path]:
    """Return the folders of the runs and studies inside of one, in their order."""
    if (path / WORKFLOW).exists():
        return _begun(path)
    found = (sorted((path / name).glob("[0-9]*")) for name in (TRIALS, FITS, FOLDS) if (path / name).is_dir())
    return [below for folder in found for below in folder if (below / "run.json").exists()]


def overview(path: Path, inside: Path | None = None) -> Overview:
    """Read the line of one folder; one that is damaged or foreign has the reason as its result."""
    try:
        found = _read(path)
    except BadRun as error:
        found = Overview(path, result=str(error))
    try:
        notes = read_notes(path)
    except BadRun as error:
        found, notes = replace(found, result=f"{found.result}; {error}"), Notes()
    return replace(found, inside=inside, notes=notes)


def _read(path: Path) -> Overview:
    if (path / STUDY).exists():
        return _of_tuning(path)
    if (path / FITS_FILE).exists():
        return _of_fits(path)
    if (path / WORKFLOW).exists():
        return _of_workflow(path)
    run = Run(path)
    return _of_run(path, run.manifest, read_history(path / "history.csv"))


def _of_run(path: Path, manifest: Manifest, history: History) -> Overview:
    best = _best(path, manifest, history)
    metric = manifest.task.headline.name
    return Overview(
        path,
        kind="cv" if manifest.protocol else "fit",
        status=manifest.status,
        result=f"{metric} {best[f'val_{metric}']:.4f} at epoch {best['epoch']:.0f}" if best else "no epoch yet",
        created=manifest.created,
        data=manifest.parts.name,
        domain=manifest.domain,
        model=manifest.model,
        task=manifest.task.name,
        metrics=manifest.task.metrics,
        scores=_scores(manifest.task.metrics, best),
        epochs=len(history) or manifest.epochs,
        best_epoch=int(best.get("epoch", 0)),
        parameters=manifest.parameters,
        seconds=manifest.seconds,
        message=manifest.message,
        fingerprint=manifest.parts.val_fingerprint,
        sizes=(manifest.parts.train, manifest.parts.val),
        history=history,
    )


def _scores(metrics: tuple[MetricInfo, ...], row: EpochRow) -> dict[str, float]:
    """Return the losses and metrics in a row of the history, by their columns."""
    names = ("loss", *(metric.name for metric in metrics))
    columns = (f"{part}_{name}" for name in names for part in SETS)
    return {column: row[column] for column in columns if column in row}


def _best(path: Path, manifest: Manifest, history: History) -> EpochRow:
    """Return the row of the best epoch; empty if there is none.

    Raises:
        BadRun: If the history is not that of the manifest.
    """
    if not manifest.best_epoch:
        return {}
    for row in history.rows:
        if row["epoch"] == manifest.best_epoch:
            if f"val_{manifest.task.headline.name}" not in row:
                break
            return row
    raise DamagedRun(f"{str(path)!r} is not a complete run: history.csv has no scores of epoch {manifest.best_epoch}")


@dataclass(frozen=True)
class _Trial:
    """What a line needs of a trial of a tuning."""

    number: int
    status: str = "running"
    score: float | None = None
    loss: float = 0.0
    epochs: int = 0
    best_epoch: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class _Tuning:
    """What a line needs of a tuning, whose room stands after this one."""

    status: str
    created: str
    data: str
    val_fingerprint: str
    metric: MetricInfo
    trials: tuple[_Trial, ...] = ()
    best_number: int = 0
    elapsed: float = 0.0
    pid: int = 0
    host: str = ""
    process_start: str = ""


def _of_tuning(path: Path) -> Overview:
    try:
        study = from_sealed(regular.read_bytes(path / STUDY), _Tuning)
    except (OSError, ValueError) as error:
        raise DamagedRun(f"{path / STUDY} is damaged: {error}") from error
    done = [one for one in study.trials if one.score is not None and one.status == "finished"]
    best = next((one for one in done if one.number == study.best_number), None)
    counted = [f"{count} {word}" for word in ("pruned", "failed") if (count := _count(study, word))]
    result = ", ".join([many(len(study.trials), "trial"), *counted])
    name = study.metric.name
    reached = f"; {name} {best.score:.4f} in trial {best.number}" if best and best.score is not None else ""
    first = _manifest_of(path / TRIALS / "001")
    return Overview(
        path,
        kind="tune",
        status=status_of(study),
        result=result + reached,
        created=study.created,
        data=study.data,
        model=first.model if first else "",
        metrics=(study.metric,),
        scores={f"val_{name}": best.score, "val_loss": best.loss} if best and best.score is not None else {},
        epochs=sum(one.epochs for one in study.trials),
        seconds=study.elapsed,
        fingerprint=study.val_fingerprint,
    )


def _count(study: _Tuning, status: str) -> int:
    return sum(one.status == status for one in study.trials)


def _of_fits(path: Path) -> Overview:
    study: Study = read_study(path)
    first = _manifest_of(path / FITS / "01")
    return Overview(
        path,
        kind=study.verb,
        status=status_of(study),
        result=study.conclusion or f"{many(len(study.points), 'fit')} finished",
        created=first.created if first else "",
        data=study.data,
        model=study.model,
        metrics=(study.metric,),
        epochs=sum(point.epochs for point in study.points),
        sizes=(study.train, study.val),
    )


def _of_workflow(path: Path) -> Overview:
    state = read_workflow(path)
    status, result = describe_workflow(state)
    scored = [one for one in state.stages if one.score is not None]
    metric = state.metric
    score = scored[-1].score if scored else None
    return Overview(
        path,
        kind="workflow",
        status=status,
        result=result,
        created=state.created,
        data=state.data,
        model=state.model,
        task=state.task,
        metrics=(metric,) if metric else (),
        scores={f"val_{metric.name}": score.value} if metric and score else {},
        seconds=state.elapsed,
        message=state.message,
        fingerprint=state.val_fingerprint,
        sizes=(state.train, state.val),
    )


def _manifest_of(path: Path) -> Manifest | None:
    try:
        return Run(path).manifest
    except BadRun:
        return None


def flat_choices(recipe: PartialRecipe) -> dict[str, Field]:
    """Return the choices of a recipe that differ from nothing, under dotted names; lists are joined."""
    tables: dict[str, Mapping[str, Any]] = {  # Any: values of TOML
        "model": recipe.model_options,
        "train": recipe.train,
        "split": recipe.split,
        "options": recipe.data_options,
    }
    for name, options in recipe.regularizers.items():
        tables[f"reg.{name}"] = options if isinstance(options, Mapping) else {"value": options}
    flat: dict[str, Any] = {"from": recipe.from_run} if recipe.from_run else {}
    flat |= {"seed": recipe.seed} if recipe.seed is not None else {}
    flat |= {f"{table}.{name}": value for table, options in tables.items() for name, value in options.items()}
    flat |= {f"reg.{name}": True for name, options in recipe.regularizers.items() if options == {}}
    return {name: value if isinstance(value, int | float | str) else str(value) for name, value in flat.items()}
