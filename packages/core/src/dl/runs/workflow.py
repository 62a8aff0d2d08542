"""A workflow: a study in stages, its state in one folder, and its reader.

    runs/0007-wine-workflow/
        workflow.json   what was asked for, and a record of each stage
        recipe.toml     the recipe before the first stage, settled
        outcomes/       scores of the cheap learners
        0001-wine-dense/  0002-wine-overfit/  ...   runs and studies of the stages: it is a folder of runs

Nothing here imports torch.
"""

from __future__ import annotations

import os
import shlex
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from dl import files, regular
from dl.errors import BadRun, DamagedRun
from dl.finding import Finding
from dl.intervals import Estimate, Interval
from dl.options import Value
from dl.processes import status_of
from dl.recipes.asked import Asked
from dl.runs.ledger import TestEvaluation
from dl.runs.manifest import MetricInfo
from dl.runs.run import WORKFLOW, Run, find_folder, is_workflow
from dl.stored import convert, parse_object, seal_text, unseal

FORMAT = 1
WAITING, RUNNING, FINISHED, SKIPPED, INTERRUPTED, FAILED = (
    "waiting",
    "running",
    "finished",
    "skipped",
    "interrupted",
    "failed",
)  # of a stage; a workflow is running, finished, interrupted, failed, or stopped by an exit condition
STOPPED = "stopped"
OVER = (FINISHED, SKIPPED)


@dataclass(frozen=True)
class Rung:
    """An answer that the network has to beat.

    Args:
        name: Of the baseline.
        answer: In words.
        score: Headline metric; without an interval where the answer is constant.
        rival: Whether it reads its inputs.
        seconds: How long it took.
    """

    name: str
    answer: str
    score: Estimate
    rival: bool
    seconds: float = 0.0


@dataclass(frozen=True)
class Remedy:
    """What one change of the recipe did, in pairs with the fit before it on the same validation examples.

    Args:
        typed: The change, as typed: ``--reg l2=0.0001``.
        run: Name of its run; empty where it was not fitted.
        score: Headline metric at its best epoch; None without one.
        gain: In the headline metric, positive for better.
        loss: Fall of the validation loss, positive for better; None where it is not finite.
        kept: Whether the workflow goes on with it.
        note: Why it was not fitted, or not compared.
    """

    typed: str
    run: str = ""
    score: Estimate | None = None
    gain: Estimate | None = None
    loss: Estimate | None = None
    kept: bool = False
    note: str = ""


@dataclass(frozen=True)
class Search:
    """What a tuning reached, and how much of it is luck.

    Args:
        trials: Their number.
        epochs: Of all trials.
        options: Of the best trial, as typed.
        score: Of the best trial.
        before: Of the first trial, the recipe as it stood.
        metric: Name of the score that the luck is about: the headline metric, or ``loss``.
        naive: That score of the best trial.
        corrected: The same, corrected for being the best of many; None where it is unknown.
        interval: Of the corrected score.
        corrected_before: The same of the first trial alone, corrected for the choice of its epoch.
    """

    trials: int
    epochs: int
    options: str
    score: Estimate
    before: Estimate | None
    metric: str = ""
    naive: float | None = None
    corrected: float | None = None
    interval: Interval | None = None
    corrected_before: float | None = None


@dataclass(frozen=True)
class StageRecord:
    """What a stage did.

    Args:
        name: Of the stage.
        status: ``waiting``, ``running``, ``finished``, ``skipped``, ``interrupted`` or ``failed``.
        entry: Why it began, or was skipped.
        result: In one line.
        exit: The condition at its end, in words.
        passed: Whether that condition was met.
        stops: Whether the workflow ends there.
        state: For programs, as ``turned``.
        seconds: That it took.
        run: Name of its run or study below the folder of the workflow.
        chosen: Name of the run, or path below the folder, whose recipe the next stage starts from; empty for that of
            the stage before.
        score: Headline metric on validation.
        options: Changes of the recipe for the next stage.
        notes: Further lines.
        next: A command that helps where the condition was not met.
        findings: Of the guards.
        rungs: Of the ladder.
        remedies: Tried, in their order.
        search: Of a tuning.
        test: The evaluation on the test set.
        lead: Over the best cheap learner, in pairs, positive for better.
    """

    name: str
    status: str = WAITING
    entry: str = ""
    result: str = ""
    exit: str = ""
    passed: bool = True
    stops: bool = False
    state: str = ""
    seconds: float = 0.0
    run: str = ""
    chosen: str = ""
    score: Estimate | None = None
    options: dict[str, Value] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    next: str = ""
    findings: tuple[Finding, ...] = ()
    rungs: tuple[Rung, ...] = ()
    remedies: tuple[Remedy, ...] = ()
    search: Search | None = None
    test: TestEvaluation | None = None
    lead: Estimate | None = None


@dataclass(frozen=True)
class Workflow:
    """A workflow as it stands in its folder.

    Args:
        name: Of the folder.
        status: ``running``, ``finished``, ``interrupted``, ``failed`` or ``stopped``.
        created: Time of creation, in UTC (ISO 8601).
        asked: What was typed.
        data: Name of the data set.
        title: What it holds.
        model: Name of the network.
        task: Name of the task.
        metric: The headline metric.
        train: Training examples.
        val: Validation examples.
        rule: How they were split.
        test: Whether there is a test set.
        protocol: By which the final score is made.
        reason: Why.
        fits: Number of fits of the protocol.
        fingerprint: Of all examples.
        val_fingerprint: Of the validation set, which all stages but the last share.
        seed: Of every random draw.
        limit: Seconds that it may take; 0 for any.
        trials: Of the tuning; 0 for the usual number, or as many as the time allows.
        on_leak: ``stop``, ``warn`` or ``fix``.
        keep_test_closed: Whether the test set stays closed.
        stages: In their order.
        elapsed: Seconds so far.
        signal: Number of the signal that stopped it; 0 for none.
        message: Why it ended early.
        pid: Process that writes it.
        host: Its machine.
        process_start: When that process started, as `dl.processes.started` returns it; empty if unknown.
        versions: Of the program and what it rests on, by name.
        path: Of the folder.
        format: Version of the folder.
    """

    name: str
    status: str
    created: str
    asked: Asked
    data: str
    title: str
    model: str
    task: str
    metric: MetricInfo
    train: int
    val: int
    rule: str
    test: bool
    protocol: str
    reason: str
    fits: int
    fingerprint: str
    val_fingerprint: str
    seed: int
    limit: float = 0.0
    trials: int = 0
    on_leak: str = "stop"
    keep_test_closed: bool = False
    stages: tuple[StageRecord, ...] = ()
    elapsed: float = 0.0
    signal: int = 0
    message: str = ""
    pid: int = 0
    host: str = ""
    process_start: str = ""
    versions: dict[str, str] = field(default_factory=dict)
    path: Path = field(default=Path(), compare=False)
    format: int = FORMAT

    def stage(self, name: str) -> StageRecord:
        """Return the record of a stage; a waiting one for a name without a record."""
        return next((one for one in self.stages if one.name == name), StageRecord(name))

    def with_stage(self, record: StageRecord) -> Workflow:
        """Return the workflow with another record of a stage."""
        return replace(self, stages=tuple(record if one.name == record.name else one for one in self.stages))

    @property
    def chosen(self) -> str:
        """Path of the run whose recipe the next stage starts from, below the folder; empty before the first fit."""
        return next((one.chosen for one in reversed(self.stages) if one.chosen), "")

    @property
    def final(self) -> Run | None:
        """The run that the workflow ends with; None before it has ended."""
        found = self.stage("final").run if self.status == FINISHED else ""
        return Run(self.path / found) if found else None

    @property
    def typed(self) -> str:
        """The command that began it."""
        minutes, seconds = divmod(int(self.limit), 60)
        limit = "".join(f"{count}{unit}" for count, unit in ((minutes, "m"), (seconds, "s")) if count)
        warn = self.on_leak if self.on_leak != "stop" else ""
        flags = {"--max-time": limit, "--trials": str(self.trials or ""), "--on-leak": warn}
        words = [word for name, value in flags.items() if value for word in (name, value)]
        closed = ["--keep-test-closed"] if self.keep_test_closed else []
        return shlex.join(["dl", "workflow", *self.asked.words, *words, *closed])

    @property
    def command(self) -> str:
        """The command that goes on with it, or shows it; by its number where it lies in the usual folder of runs."""
        usual = Path(os.environ.get("DL_RUNS", "runs")).resolve()
        known = self.path == Path() or self.path.resolve().parent == usual
        word = self.name.split("-")[0].lstrip("0") if known else shlex.quote(str(self.path))
        if self.status in (FINISHED, STOPPED):
            return f"dl report {word}"
        return f"dl workflow --resume {word}"

    def __str__(self) -> str:
        lines = [f"{self.name}: {self.data}, {self.model}, {self.status}"]
        lines += [f"  {one.name:<11} {one.result or one.entry or one.status}" for one in self.stages]
        return "\n".join(lines)


def workflow_content(workflow: Workflow) -> dict[str, Any]:  # Any: JSON
    """Return the content of `workflow.json`, but for its checksum."""
    content = asdict(workflow)
    del content["path"]
    return content


def write_workflow(workflow: Workflow) -> None:
    """Write `workflow.json` atomically."""
    files.write_text(workflow.path / WORKFLOW, seal_text(workflow_content(workflow)))


def read_workflow(path: Path) -> Workflow:
    """Read the workflow in a folder.

    Raises:
        BadRun: If it is none, damaged, or of another version.
    """
    where = path / WORKFLOW
    try:
        text = regular.read_text(where)
        stored = parse_object(text)
        if stored.get("format") != FORMAT:
            found = f"{where} has format {stored.get('format')!r}; this dl reads format {FORMAT}"
            raise BadRun(f"{found}  install the dl that wrote it")
        unseal(text, stored)
        return replace(convert(stored, Workflow), path=path)
    except FileNotFoundError:
        raise DamagedRun(f"{str(path)!r} is no workflow: {WORKFLOW} is missing") from None
    except (OSError, ValueError) as error:
        raise DamagedRun(f"{where} is damaged: {error}") from error


def describe_workflow(state: Workflow) -> tuple[str, str]:
    """Return the status of a workflow, ``killed`` where its process is gone, and what it reached, in one line."""
    done = [one for one in state.stages if one.status in OVER]
    last = next((one for one in reversed(done) if one.result), None)
    return status_of(state), f"{len(done)} of {len(state.stages)} stages; {last.result if last else 'none finished'}"


def find_workflow(which: str | Path, runs: Path) -> Path:
    """Find the folder of a workflow by name, number or path; ``last`` is the newest.

    Raises:
        BadRun: If there is none.
    """
    return find_folder(which, runs, "workflow", is_workflow, "start one: dl workflow tabular wine")
