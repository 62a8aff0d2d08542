"""A study: the folder of a tuning, and its reader.

    runs/0005-wine-tune/
        recipe.toml   the recipe before tuning
        study.json    space, budget and trials: what dl reads
        journal.log   optuna's record of the same trials, from which it draws the next
        trials/001/  trials/002/  ...  the run of each trial

Nothing here imports torch or optuna.
"""

from __future__ import annotations

import os
import platform
import shlex
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from dl import files, regular
from dl.errors import BadRun, DamagedRun
from dl.options import Value, format_value
from dl.processes import this_process
from dl.recipes.asked import Asked
from dl.recipes.protocol import parse_protocol
from dl.runs.history import best_epoch
from dl.runs.luck import Luck
from dl.runs.manifest import MetricInfo
from dl.runs.run import STUDY, TRIALS, Run
from dl.stored import convert, parse_object, seal_text, unseal
from dl.tuning.space import REGULARIZER, Dimension
from dl.words import many

FORMAT = 1
RUNNING, FINISHED, PRUNED, FAILED = "running", "finished", "pruned", "failed"  # of a trial
HOST = platform.node() or "unknown"
UNCHANGED = "the recipe as it stands"  # the options of the first trial, in words
BEHIND = "pruned: "  # how the message of a pruned trial's run begins


@dataclass(frozen=True)
class Budget:
    """When a study ends.

    Args:
        trials: Their number; 0 for any.
        seconds: Training time after which no trial begins; 0 for any.
    """

    trials: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class Trial:
    """One fit of a study.

    Args:
        number: From 1; 1 is the recipe as it stands.
        asked: Its number in optuna's journal.
        point: Its coordinates in the search space, by name.
        options: The values there, by name; None is off.
        status: ``running``, ``finished``, ``pruned`` or ``failed``.
        score: Headline metric at the best epoch; None without one.
        low: Low end of its interval.
        high: High end of its interval.
        loss: Validation loss at the best epoch.
        best_epoch: From 1; 0 for none.
        epochs: Finished epochs.
        seconds: Duration of its fit.
        message: Why it ended early.
        host: The machine of its run, if that lies in the folder of another worker of the study.
        folder: That folder; empty for the folder of this study.
        folds: Finished folds, of a trial of several fits; 0 of a trial of one.
    """

    number: int
    asked: int
    point: dict[str, float | str]
    options: dict[str, Value | None]
    status: str = RUNNING
    score: float | None = None
    low: float = 0.0
    high: float = 0.0
    loss: float = 0.0
    best_epoch: int = 0
    epochs: int = 0
    seconds: float = 0.0
    message: str = ""
    host: str = ""
    folder: str = ""
    folds: int = 0

    @property
    def place(self) -> str:
        """Where its run lies, if not in the folder of this study: ``host:folder``."""
        return f"{self.host}:{self.folder}" if self.folder else ""


@dataclass(frozen=True)
class Study:
    """A study as it stands in its folder.

    Args:
        name: Of the folder.
        status: ``running``, ``interrupted`` or ``finished``.
        created: Time of creation, in UTC (ISO 8601).
        data: Name of the data set.
        val_fingerprint: Of the validation set, which all trials share.
        fingerprint: Of all examples.
        metric: The headline metric.
        monitor: ``metric`` or ``loss``: what chooses epoch and trial.
        seed: Of the search.
        sampler: ``tpe``, ``random`` or ``grid``.
        budget: When it ends.
        space: What is searched.
        asked: What was typed; None for arguments in memory.
        jobs: Number of trials that are fitted at once.
        shared: Its name in a storage, if several workers share it; each has a folder of its own.
        storage: Where that is, without a password.
        trials: In their order.
        elapsed: Seconds that its trials took, with all around them.
        signal: Number of the signal that stopped it; 0 for none.
        typed: Whether the best trial's options, typed beside what was asked for, lead to its recipe.
        luck: The score of the best trial less what choosing it among all trials and epochs adds; None if unknown.
        luck_of: Name of the score that ``luck`` is about.
        importances: Share of each option in how scores differ; empty for too few trials.
        best_number: Of the best finished trial in this folder; 0 for none.
        protocol: How many fits a trial is made of, as ``kfold:4``; empty where it is one.
        pid: Process that works on it; 0 if unknown.
        host: Its machine.
        process_start: When that process started, as `dl.processes.started` returns it; empty if unknown.
        path: Of the folder.
        format: Version of the folder.
    """

    name: str
    status: str
    created: str
    data: str
    val_fingerprint: str
    fingerprint: str
    metric: MetricInfo
    monitor: str
    seed: int
    sampler: str
    budget: Budget
    space: tuple[Dimension, ...]
    asked: Asked | None = None
    jobs: int = 1
    shared: str = ""
    storage: str = ""
    trials: tuple[Trial, ...] = ()
    elapsed: float = 0.0
    signal: int = 0
    typed: bool = False
    luck: Luck | None = None
    luck_of: str = ""
    importances: dict[str, float] = field(default_factory=dict)
    best_number: int = 0
    protocol: str = ""
    pid: int = field(default=0, compare=False)
    host: str = field(default="", compare=False)
    process_start: str = field(default="", compare=False)
    path: Path = field(default=Path(), compare=False)
    format: int = FORMAT

    @property
    def best(self) -> Trial | None:
        """The best finished trial; None if there is none."""
        return best_of(self.trials, self.metric, self.monitor)

    @property
    def command(self) -> str:
        """The command that fits the best trial again; empty if there is none, or the data was in memory."""
        if self.best is None or self.asked is None:
            return ""
        verb = "cv" if self.protocol else "fit"
        if not self.typed:
            if not self.is_at_hand(self.best):
                return ""
            return shlex.join(["dl", verb, "--recipe", str(self.run(self.best).path / "recipe.toml")])
        return shlex.join(["dl", verb, *self.asked.words, *typed_options(self.space, self.best)])

    @property
    def fits(self) -> int:
        """The number of fits that a trial is made of."""
        return parse_protocol(self.protocol).fits if self.protocol else 1

    def is_whole(self, trial: Trial) -> bool:
        """Return whether a trial has scored all examples: one that was pruned after some folds has not."""
        return not self.protocol or trial.folds == self.fits

    def run(self, trial: Trial) -> Run:
        """Return the run of a trial."""
        return Run(trial_folder(Path(trial.folder) if trial.folder else self.path, trial.number))

    def is_at_hand(self, trial: Trial) -> bool:
        """Return whether the run of a trial lies on this machine."""
        if not trial.folder:
            return True
        return trial.host == HOST and os.path.exists(self.run(trial).path / "run.json")  # noqa: PTH110

    def with_trial(self, trial: Trial) -> Study:
        """Return the study with a new trial, or another state of one."""
        others = [one for one in self.trials if one.number != trial.number]
        return replace(self, trials=tuple(sorted([*others, trial], key=lambda one: one.number)))


def trial_folder(study: Path, number: int) -> Path:
    """Return the run folder of a trial."""
    return study / TRIALS / f"{number:03d}"


def typed_options(space: Sequence[Dimension], trial: Trial) -> list[str]:
    """Return what to type for the options of a trial that differ from the recipe's."""
    found: list[str] = []
    for one in space:
        value = trial.options[one.name]
        if value == one.start:
            continue
        if one.group == REGULARIZER:
            found += ["--reg", f"{one.name}={'off' if value is None else format_value(value)}"]
        else:
            found.append(f"{one.name}={format_value(value)}")
    return found


def describe_options(space: Sequence[Dimension], trial: Trial) -> str:
    """Describe a trial in a line: its options that differ from the recipe's."""
    words = [word for word in typed_options(space, trial) if word != "--reg"]
    return " ".join(words) or UNCHANGED


def best_of(trials: Sequence[Trial], metric: MetricInfo, monitor: str) -> Trial | None:
    """Return the best finished trial, by the rule that chooses an epoch; the first among equals."""
    done = [trial for trial in trials if trial.status == FINISHED and trial.score is not None]
    rows = [{f"val_{metric.name}": trial.score or 0.0, "val_loss": trial.loss} for trial in done]
    found = best_epoch(rows, metric, monitor)
    return done[found - 1] if found else None


def end_of_trial(trial: Trial, run: Run) -> Trial:
    """Return a trial with what its ended run reached."""
    manifest, best = run.manifest, run.best
    status = FINISHED if manifest.status == "finished" else FAILED
    if manifest.message.startswith(BEHIND) or (status == FAILED and best):
        status = PRUNED
    changes: dict[str, Any] = {}  # Any: fields of a trial
    if best:
        score = best[f"val_{manifest.task.headline.name}"]
        changes = {"score": score, "low": best["val_low"], "high": best["val_high"], "loss": best["val_loss"]}
    return replace(
        trial,
        status=status if best else FAILED,
        best_epoch=manifest.best_epoch,
        epochs=manifest.epochs,
        seconds=manifest.seconds,
        message=manifest.message.removeprefix(BEHIND),
        folds=len(manifest.folds),
        **changes,
    )


def study_content(study: Study) -> dict[str, Any]:  # Any: JSON
    """Return the content of `study.json`, but for its checksum."""
    best = best_of([trial for trial in study.trials if not trial.folder], study.metric, study.monitor)
    content = asdict(replace(study, best_number=best.number if best else 0))
    del content["path"]
    content["luck"] = study.luck and content["luck"] | {"interval": list(study.luck.interval)}
    return content


def write_study(study: Study) -> None:
    """Write `study.json` atomically, with this process as the one that works on the study."""
    files.write_text(study.path / STUDY, seal_text(study_content(replace(study, **this_process()))))


def read_study(path: Path) -> Study:
    """Read the study in a folder.

    Raises:
        BadRun: If it is none, damaged, or of another version.
    """
    where = path / STUDY
    try:
        text = regular.read_text(where)
        content = parse_object(text)
        version = content.get("format")
        if version != FORMAT:
            raise BadRun(f"{where} has format {version!r}; this dl reads format {FORMAT}  install the dl that wrote it")
        unseal(text, content)
        return replace(convert(content, Study), path=path)
    except FileNotFoundError:
        raise DamagedRun(f"{str(path)!r} is no study: {STUDY} is missing") from None
    except (OSError, ValueError) as error:
        raise DamagedRun(f"{where} is damaged: {error}") from error


def count_trials(study: Study) -> str:
    """Return how many trials a study has, by their end: ``20 trials, 16 finished, 4 pruned``."""
    parts = [many(len(study.trials), "trial")]
    for status in (FINISHED, PRUNED, FAILED):
        count = sum(trial.status == status for trial in study.trials)
        parts += [f"{count} {status}"] if count and count < len(study.trials) else []
    return ", ".join(parts)
