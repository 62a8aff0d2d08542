"""A run: the folder with everything about one fit, and its reader.

    runs/0003-mnist-convnet/
        recipe.toml  run.json  history.csv  outcomes/  preprocessor.json  environment.json
        best.safetensors | learner.skops  network.json  checkpoints/  findings.json  report.txt

No pickle in it is opened without `weights_only`. Readers need no torch.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from dl import files, regular, sealed
from dl.errors import BadOption, BadRecipe, BadRun, DamagedRun, PluginFailed, nearest
from dl.finding import SEVERITIES, Finding
from dl.hookspecs import RunReport
from dl.plugins.loading import load_plugins
from dl.plugins.registry import Plugins
from dl.processes import works
from dl.recipes.recipe import PartialRecipe, read_recipe
from dl.runs.history import History, read_history
from dl.runs.manifest import Manifest, parse_manifest
from dl.runs.outcomes import PartOutcomes, Read, count_epochs, read_arrays, read_outcomes
from dl.stored import Value, as_text, from_json
from dl.version import PROJECT
from dl.words import many

if TYPE_CHECKING:
    from dl.plugins.at_hand import AtHand

Answer = TypeVar("Answer")
FOLDS = "folds"  # the folder of the runs of a protocol's fits, named by their numbers
STUDY, TRIALS = "study.json", "trials"  # the file and the folder of runs in the folder of a study
FITS_FILE, FITS = "fits.json", "fits"  # likewise of a study of capacity, whose fits differ in one thing
WORKFLOW = "workflow.json"  # the file of a workflow, whose folder is one of runs and studies
LEVELS = 6  # of folders that lie in each other: a workflow, a study, its trials, a trial, its folds, a fold
HEADS = sealed.HEADS  # folder of the runs of the heads of several targets
WEIGHTS, LEARNER = "best.safetensors", "learner.skops"  # what a run answers new inputs with
MOST_INDENTED = 100_000  # characters of JSON
PREPROCESSOR = "preprocessor.json"  # what prepares them
NETWORK = "network.json"  # its layers as they are drawn
OF_RUN = ("status", "seconds", "message", "signal", "epochs", "best_epoch")  # what a head has in common with its run
NAME = re.compile(r"(\d{4,})-.+")


@dataclass(frozen=True)
class Run:
    """A run folder; its files are read on first access.

    Args:
        path: Of the folder.
        at_hand: The data, network and optimizer given to the fit in memory; None in another program.
    """

    path: Path
    at_hand: AtHand | None = field(default=None, compare=False, repr=False)

    @property
    def weights(self) -> Path:
        """The file of the network's best weights, or of the fitted learner; where there are none, where they were."""
        return sealed.place(self.path / (LEARNER if self.manifest.learner else WEIGHTS))

    @property
    def name(self) -> str:
        """The name of the folder."""
        return self.path.name

    @property
    def number(self) -> str:
        """The first part of the name, by which the run is typed."""
        return self.name.split("-")[0]

    @cached_property
    def manifest(self) -> Manifest:
        """Task, splits, baselines, status; of a head, with the epochs and the status of its run."""
        found = parse_manifest(self._text("run.json"), str(self.path / "run.json"))
        if self.path.parent.name == HEADS:
            whole = Run(self.path.parent.parent).manifest
            return replace(found, **{name: getattr(whole, name) for name in OF_RUN})
        if found.status == "running" and not works(found):
            message = f"process {found.pid} ended without a word" if found.pid else found.message
            return found.with_status("killed" if found.pid else found.status, message=message)
        return found

    @property
    def status(self) -> str:
        """The status of the manifest; empty for a folder that holds no run yet."""
        return self.manifest.status if (self.path / "run.json").exists() else ""

    @cached_property
    def history(self) -> History:
        """A row for each finished epoch."""
        manifest = self.manifest  # before the rows, of which a fit that runs may write more meanwhile
        history = read_history(self.path / "history.csv")
        if not len(history) and manifest.best_epoch:
            raise DamagedRun(f"{str(self.path)!r} is not a complete run: history.csv is missing or empty")
        self._need_epochs({row["epoch"] for row in history.rows}, len(history))
        headline = f"val_{manifest.task.headline.name}"
        if any(headline not in row for row in history.rows):
            raise DamagedRun(f"{str(self.path)!r} is not a complete run: a row of history.csv has no {headline}")
        return history

    def report(self, *, ignore: Iterable[str] = (), plugins: Plugins | None = None) -> RunReport:
        """Compute the report: verdict, findings and scores; it prints as text, and shows as a page in a notebook.

        Args:
            ignore: Finding codes that are silenced.
            plugins: What is registered; None loads what is installed.

        Raises:
            PluginFailed: If no plugin reports on runs.
        """
        plugins = plugins or load_plugins()
        given = {"run": self, "plugins": plugins, "ignore": tuple(ignore)}
        return first_answer(plugins.reporters, "reports on runs", **given)

    def export(self, to: str = "onnx", **options: Any) -> Any:  # Any: as `dl.export` takes and returns them
        """Export the network with its preparation, as `dl.export`.

        Args:
            to: The format.
            **options: Of `dl.export`.

        Raises:
            DLError: As `dl.export`.
        """
        import dl  # as the command line: its names are looked up when they are used, so readers do without torch

        return dl.export(self, to, **options)

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """The findings of the report, the most severe first."""
        return tuple(self.report().findings)

    @cached_property
    def guard_findings(self) -> tuple[Finding, ...]:
        """The findings of the checks before the first step."""
        path = self.path / "findings.json"
        found = read_json(path, tuple[Finding, ...])
        if unknown := {finding.severity for finding in found} - set(SEVERITIES):
            raise DamagedRun(f"{path} is damaged: severity {', '.join(unknown)}")
        return found

    @cached_property
    def recipe(self) -> PartialRecipe:
        """The resolved recipe."""
        try:
            return read_recipe(self.path / "recipe.toml")
        except (BadOption, BadRecipe) as error:
            raise BadRun(str(error)) from error

    @property
    def root(self) -> Path:
        """The folder of all runs, with the ledger: studies and workflows lie in it, and their runs in them."""
        above = [*self.path.parents][:LEVELS]
        outer = [folder for folder in above if is_of_several(folder)]
        return (outer[-1] if outer else self.path).parent

    @property
    def outcomes_folder(self) -> Path:
        """The folder of the outcomes."""
        return self.path / "outcomes"

    @cached_property
    def folds(self) -> tuple[Run, ...]:
        """The runs of the fits of a protocol, in their order; empty for a run of one fit."""
        return tuple(Run(path, self.at_hand) for path in sorted((self.path / FOLDS).glob("[0-9]*")) if path.is_dir())

    @property
    def finished_folds(self) -> tuple[Run, ...]:
        """The folds whose fits are finished: a fold writes its manifest last."""
        written = (fold for fold in self.folds if (fold.path / "run.json").exists())
        return tuple(fold for fold in written if fold.manifest.status == "finished")

    def outcomes(self, part: str, read: Read = read_arrays) -> PartOutcomes:
        """Read the outcomes of each example of ``val`` or ``probe`` after each epoch, by `read_outcomes`."""
        return read_outcomes(self.outcomes_folder, part, read)

    @cached_property
    def best(self) -> dict[str, float]:
        """The row of the best epoch in the history; empty if there is none."""
        epoch = self.manifest.best_epoch
        return next((row for row in self.history.rows if row["epoch"] == epoch), {})

    def _need_epochs(self, found: set[float], rows: int) -> None:
        """Refuse a history without the row of a finished epoch.

        Raises:
            BadRun: Naming the first missing epoch.
        """
        kept = count_epochs(self.outcomes_folder) if self.manifest.status == "finished" else 0
        ran = max(self.manifest.epochs, kept, rows)
        missing = next((epoch for epoch in range(1, ran + 1) if epoch not in found), 0)
        if missing:
            has = f"history.csv has no row of epoch {missing}, and {many(ran, 'epoch')} ran"
            raise DamagedRun(f"{str(self.path)!r} is not a complete run: {has}; put the file back, or fit again")

    def _text(self, name: str) -> str:
        try:
            return sealed.read(self.path / name).decode("utf-8")
        except FileNotFoundError:
            if is_study(self.path):
                raise BadRun(_study_line(self.path)) from None
            if (self.path / WORKFLOW).exists():
                raise BadRun(_workflow_line(self.path)) from None
            raise DamagedRun(f"{str(self.path)!r} is not a complete run: {name} is missing") from None
        except (OSError, UnicodeDecodeError) as error:
            raise DamagedRun(f"{str(self.path / name)!r} cannot be read: {error}") from error


def first_answer(hooks: Iterable[Callable[..., Answer | None]], what: str, **given: object) -> Answer:
    """Return the result of the first plugin that has one.

    Args:
        hooks: Of the plugins, in the order of the calls.
        what: The action of the wanted plugin, for the error.
        **given: Arguments of the hook.

    Raises:
        PluginFailed: If none answers.
    """
    for hook in hooks:
        if (answer := hook(**given)) is not None:
            return answer
    raise PluginFailed(f"no plugin {what}  install one: pip install {PROJECT}-reports")


def claim_run(root: Path, label: str) -> Path:
    """Create the next numbered run folder; safe when two runs start at once."""
    files.make_folder(root)
    slug = slug_of(label)
    with files.locked(root):  # two runs with different names must not share a number
        numbers = [int(match[1]) for folder in root.iterdir() if (match := NAME.fullmatch(folder.name))]
        numbers += _tested_numbers(root)
        return files.claim_folder(root, lambda number: f"{number:04d}-{slug}", max(numbers, default=0) + 1)


def _tested_numbers(root: Path) -> list[int]:
    """Return the numbers of tested runs: one that was removed since keeps its number, as the ledger has it."""
    from dl.runs.ledger import LEDGER

    try:
        content = regular.read_bytes(root / LEDGER)
    except OSError:
        return []
    return [int(number) for number in re.findall(rb'^\{"run": "(\d{4,9})-', content, re.MULTILINE)]


def slug_of(label: str) -> str:
    """Return a label as it stands behind the number of a run folder."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", label).strip("-.")[:60] or "run"


def list_runs(root: Path) -> list[Run]:
    """Return runs, tunings and workflows below a folder, oldest first; a study of capacity is none."""
    return [run for run in list_numbered(root) if is_begun(run.path) and not (run.path / FITS_FILE).exists()]


def is_begun(path: Path) -> bool:
    """Return whether a run folder holds something to read: a fit that ends in its first moments leaves it empty."""
    return os.path.exists(path / sealed.RUN) or is_of_several(path)  # noqa: PTH110 - False for an impossible path


def claimed_only(root: Path) -> list[Path]:
    """Return the run folders that hold no run, oldest first."""
    return [run.path for run in list_numbered(root) if not is_begun(run.path)]


def list_numbered(root: Path) -> list[Run]:
    """Return runs and studies below a folder, oldest first."""
    if not os.path.isdir(root):  # noqa: PTH112 - False for an impossible path
        return []
    numbered = [(int(match[1]), path) for path in root.iterdir() if (match := NAME.fullmatch(path.name))]
    return [Run(path) for _, path in sorted(numbered) if path.is_dir()]


def is_study(path: Path) -> bool:
    """Return whether a folder is that of a study, whose trials are runs."""
    return os.path.exists(path / STUDY)  # noqa: PTH110 - False for an impossible path


def is_of_several(path: Path) -> bool:
    """Return whether a folder is that of a study or a workflow, and no run itself."""
    return any(os.path.exists(path / name) for name in (STUDY, FITS_FILE, WORKFLOW))  # noqa: PTH110 - as above


def is_workflow(path: Path) -> bool:
    """Return whether a folder is that of a workflow."""
    return (path / WORKFLOW).is_file()


def list_with_inner(root: Path) -> list[Run]:
    """Return the runs below a folder, oldest first, in place of a study or a workflow those in it."""
    return [inner for run in list_numbered(root) for inner in inner_runs(run)]


def inner_runs(run: Run) -> list[Run]:
    """Return a run, or the runs in the folder of a study or a workflow."""
    if not is_of_several(run.path):
        return [run]
    if os.path.exists(run.path / WORKFLOW):  # noqa: PTH110 - as above
        return list_with_inner(run.path)
    return [Run(path) for name in (TRIALS, FITS) for path in sorted((run.path / name).glob("[0-9]*"))]


def _study_line(path: Path) -> str:
    """Return the line that refuses a study in place of a run, with its best trial."""
    best = read_json(path / STUDY, dict[str, Any]).get("best_number")
    take = (
        f"take its best: {path / TRIALS / f'{best:03d}'}"
        if isinstance(best, int) and best
        else "it has no best trial yet"
    )
    return f"{path.name} is a study of several fits, not a run  {take}"


def _workflow_line(path: Path) -> str:
    """Return the line that refuses a workflow in place of a run, with its final run."""
    stages = read_json(path / WORKFLOW, dict[str, Any]).get("stages")
    last = stages[-1] if isinstance(stages, list) and stages and isinstance(stages[-1], dict) else {}
    take = f"take its final run: {path / str(last['run'])}" if last.get("run") else f"it stands: dl status {path.name}"
    return f"{path.name} is a workflow of several fits, not a run  {take}"


def refuse_runs_file(root: Path) -> None:
    """Refuse a file in place of the folder of runs.

    Raises:
        BadRun: If the path is a file.
    """
    if os.path.exists(root) and not os.path.isdir(root):  # noqa: PTH110, PTH112 - False for an impossible path
        raise BadRun(f"{str(root)!r} is a file, not a folder of runs; pass --runs FOLDER")


def open_run(which: str | int | Path = "last", runs: str | Path = "runs") -> Run:
    """Find a run by path, name, number, or ``last``.

    Args:
        which: Of the runs.
        runs: Folder of run folders.

    Raises:
        BadRun: If there is no such run, or it is not a run of dl.

    Example:
        >>> run = dl.open_run("last")
        >>> run = dl.open_run(3, runs="experiments")
        >>> run = dl.open_run("runs/0001-in-memory-dense")
    """
    root = Path(runs)
    found = list_runs(root)
    if str(which) == "last":
        refuse_runs_file(root)
        if not found:
            raise BadRun(f"there is no run in {str(root)!r} yet  start one: dl fit vision mnist")
        return _check_manifest(found[-1])
    named = [run for run in list_numbered(root) if is_named(run.name, str(which))]
    if len(named) == 1:
        return _check_manifest(named[0])
    if os.path.isdir(str(which)):  # noqa: PTH112 - a name that can be no path is no folder, and no error
        return _check_manifest(Run(Path(str(which))))
    refuse_runs_file(root)
    near = nearest(str(which), [run.name for run in found])
    raise BadRun(f"no run {str(which)!r} in {str(root)!r}{near}  see: dl ls runs")


def open_any(which: str, root: Path) -> Run:
    """Find a run, a study or a workflow by path, name, number, or ``last``, without reading it.

    Raises:
        BadRun: If there is none.
    """
    refuse_runs_file(root)
    found = list_numbered(root)
    if which == "last":
        found = [run for run in found if is_begun(run.path)]
        if not found:
            raise BadRun(f"there is no run in {str(root)!r} yet  start one: dl workflow tabular wine")
        return found[-1]
    named = [run for run in found if is_named(run.name, which)]
    if len(named) == 1:
        return named[0]
    if os.path.isdir(which):  # noqa: PTH112 - a name that can be no path is no folder, and no error
        return Run(Path(which))
    raise BadRun(f"no run {which!r} in {str(root)!r}{nearest(which, [run.name for run in found])}  see: dl ls runs")


def is_named(name: str, which: str) -> bool:
    """Return whether a word is the name of a run folder, or its number."""
    return name == which or name.split("-")[0].lstrip("0") == which.lstrip("0")


def names_run(word: str, runs: Path) -> bool:
    """Return whether a word names a run: ``last``, a number, the name of one, or its folder."""
    if word == "last" or word.isdigit():
        return True
    of_path = os.path.exists(f"{word}/run.json")  # noqa: PTH110 - False for an impossible path
    return of_path or any(run.name == word for run in list_runs(runs))


def find_folder(which: str | Path, runs: Path, kind: str, is_one: Callable[[Path], bool], hint: str) -> Path:
    """Find the folder of a study or a workflow by name, number or path; ``last`` is the newest.

    Args:
        which: Its name, number or path.
        runs: Folder of run folders.
        kind: ``study`` or ``workflow``, for the message.
        is_one: Whether a folder is one.
        hint: What to do where there is none.

    Raises:
        BadRun: If there is none.
    """
    found = [run.path for run in list_numbered(runs) if is_one(run.path)]
    if str(which) == "last" and found:
        return found[-1]
    for path in found:
        if is_named(path.name, str(which)):
            return path
    if is_one(Path(which)):
        return Path(which)
    near = nearest(str(which), [path.name for path in found])
    raise BadRun(f"no {kind} {str(which)!r} in {str(runs)!r}{near}  {hint}")


def read_json(path: Path, kind: type[Value]) -> Value:
    """Read a value of a type from a JSON file of a run.

    Raises:
        BadRun: If it is missing or damaged.
    """
    try:
        return from_json(sealed.read(path), kind)
    except FileNotFoundError:
        raise DamagedRun(f"{str(path)!r} is missing; the run is not complete") from None
    except (OSError, ValueError) as error:
        raise DamagedRun(f"{str(path)!r} is damaged: {error}") from error


def write_findings(path: Path, findings: Iterable[Finding]) -> None:
    """Write findings as JSON, as a file of a run."""
    keep_json(path, [finding.as_dict() for finding in findings])


def write_json(path: Path, content: Any) -> None:  # Any: what json takes
    """Write JSON atomically."""
    files.write_bytes(path, json_bytes(content))


def keep_json(path: Path, content: Any) -> None:  # Any: what json takes
    """Write JSON as a file of a run, which its next commit lists."""
    sealed.write(path, json_bytes(content))


def json_bytes(content: Any) -> bytes:  # Any: what json takes
    """Return JSON as the files of a run hold it: with a line for each value, unless it is too large to be looked at."""
    text = json.dumps(content)  # many times as fast as with indent
    return (text + "\n" if len(text) > MOST_INDENTED else as_text(content)).encode()


def _check_manifest(run: Run) -> Run:
    """Read the manifest of a run.

    Raises:
        BadRun: If it is damaged, or the folder is that of a study.
    """
    if (run.path / FITS_FILE).exists():
        one = run.path / FITS / "01"
        raise BadRun(f"{str(run.path)!r} is a study of several fits, not one run  one of them: dl report {one}")
    run.manifest  # noqa: B018 - reads and checks it
    return run
