"""A study: several fits of one recipe that differ in one thing, and the conclusion from them, readable without torch.

    runs/0004-digits-curve/
        fits.json  recipe.toml  fits/01/  fits/02/  ...   each a run

A study is no run: `dl report runs/0004-digits-curve/fits/01` opens one of its fits.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from dl import regular
from dl.errors import DamagedRun
from dl.intervals import Estimate
from dl.runs.manifest import MetricInfo
from dl.runs.run import FITS, FITS_FILE, Run, find_folder
from dl.runs.wording import show_estimate, show_value
from dl.stored import as_text, from_sealed, seal_text
from dl.terminal import safe_text
from dl.words import many, show_number

NO_ESTIMATE = Estimate(math.nan, math.nan, math.nan)


@dataclass(frozen=True)
class StudyPoint:
    """What one fit of a study reached.

    Args:
        label: How it differs from the others, as typed: ``width=32``.
        size: The same as a number, for the axis of a plot.
        fit: Number of its run folder below ``fits``.
        parameters: Of the network.
        train: Training examples.
        epochs: Finished epochs.
        best_epoch: Epoch whose scores are given; 0 where the fit failed before one.
        probe: Headline metric on the probe.
        val: Headline metric on the validation set.
        loss: Lowest validation loss of any epoch.
        last_loss: Validation loss after the last epoch.
        change: What is compared in pairs on the same validation examples: see `Study.changed`; None where nothing is.
        state: For programs: ``turned``, ``saturated``, ``growing``, ``failed``; ``flat`` or ``worse``; empty.
        note: In words, what a reader of the line has to know.
    """

    label: str
    size: float
    fit: int
    parameters: int = 0
    train: int = 0
    epochs: int = 0
    best_epoch: int = 0
    probe: Estimate = NO_ESTIMATE
    val: Estimate = NO_ESTIMATE
    loss: float = math.nan
    last_loss: float = math.nan
    change: Estimate | None = None
    state: str = ""
    note: str = ""


@dataclass(frozen=True)
class Forecast:
    """A score that is expected of a fit on more examples.

    Args:
        factor: How many times the examples at hand.
        score: Headline metric, with its interval.
    """

    factor: int
    score: Estimate


@dataclass(frozen=True)
class OneBatch:
    """Whether the network learns one batch of training examples by heart.

    Args:
        examples: Size of the batch.
        reached: Whether the loss fell below the share of a constant answer's that was asked for.
        steps: Optimizer steps taken.
        lr: Learning rate.
        share: Loss over that of the best constant answer on the batch.
        faults: What kept it from it, in words; the likeliest first.
    """

    examples: int
    reached: bool
    steps: int
    lr: float
    share: float
    faults: tuple[str, ...] = ()


@dataclass(frozen=True)
class Study:
    """The result of a study; it prints as a table with its conclusion.

    Args:
        path: Of its folder.
        verb: ``overfit`` or ``curve``.
        over: What differs between the fits: ``capacity``, ``data`` or ``lr``.
        data: Name of the data set.
        model: Name of the network.
        metric: The headline metric.
        train: Training examples.
        val: Validation examples.
        rule: How they were split.
        notes: What all fits share, and what a reader has to know, a line each.
        changed: Heading of the column of paired differences; empty for none.
        points: Of the fits, in their order.
        batch: Of one batch learnt by heart; None where it was not tried.
        forecasts: Of more examples.
        state: Of the conclusion, for programs.
        conclusion: In one line.
        next: The command to go on with; empty for none.
        status: ``running``, ``finished`` or ``interrupted``.
        signal: Number of the signal that stopped it; 0 for none.
        pid: Process that works on it; 0 if unknown.
        host: Its machine.
        process_start: When that process started, as `dl.processes.started` returns it; empty if unknown.
    """

    path: str
    verb: str
    over: str
    data: str
    model: str
    metric: MetricInfo
    train: int
    val: int
    rule: str
    notes: tuple[str, ...] = ()
    changed: str = ""
    points: tuple[StudyPoint, ...] = ()
    batch: OneBatch | None = None
    forecasts: tuple[Forecast, ...] = ()
    state: str = ""
    conclusion: str = ""
    next: str = ""
    status: str = "running"
    signal: int = 0
    pid: int = field(default=0, compare=False)
    host: str = field(default="", compare=False)
    process_start: str = field(default="", compare=False)

    def run(self, fit: int) -> Run:
        """Return the run of a fit, by its number."""
        return Run(fit_path(Path(self.path), fit))

    def to_json(self, *, sealed: bool = False) -> str:
        """Return the text of `fits.json`, with a checksum of its own where it is sealed."""
        return seal_text(asdict(self)) if sealed else as_text(asdict(self))

    def head(self) -> list[str]:
        """Return title, notes and table, a line each."""
        title = f"{self.data}, {self.model}: {self.train:,} to train on, {self.val:,} for validation, {self.rule}"
        lines = [title, *(f"  {note}" for note in self.notes)]
        if self.batch:
            lines.append(f"  {_batch_line(self.batch)}")
            lines += [f"    {fault}" for fault in self.batch.faults]
        return [safe_text(line, None) for line in (*lines, *self._table())]

    def tail(self) -> list[str]:
        """Return conclusion, further forecasts and the next command, a line each."""
        far = [one for one in self.forecasts if one.factor > 2]  # twice the data stands in the conclusion
        lines = [self.conclusion] if self.conclusion else []
        lines += [f"{one.factor} times the data: {show_estimate(self.metric, one.score)}" for one in far]
        return [safe_text(line, None) for line in (*lines, *([f"next: {self.next}"] if self.next else []))]

    def __str__(self) -> str:
        return "\n".join([*self.head(), *self.tail()])

    def _table(self) -> list[str]:
        """Return the points as lines of a table, with a heading."""
        if not self.points:
            return []
        heading = ["", "epochs", "training", f"validation {self.metric.name}", "lowest loss", "last loss"]
        rows = [heading + ([self.changed] if self.changed else []), *(self._row(point) for point in self.points)]
        widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
        notes = ["", *(point.note for point in self.points)]
        return [f"  {line}  {note}".rstrip() for line, note in zip(lines, notes, strict=True)]

    def _row(self, point: StudyPoint) -> list[str]:
        scores = [show_value(self.metric, point.probe.value), show_estimate(self.metric, point.val)]
        scores = scores if point.best_epoch else ["-", "-"]
        at = f" ({point.best_epoch})" if self.verb == "overfit" and point.best_epoch else ""
        cells = [point.label, str(point.epochs), *scores, show_number(point.loss) + at, show_number(point.last_loss)]
        return [*cells, self._change(point.change)] if self.changed else cells

    def _change(self, change: Estimate | None) -> str:
        """Format a paired difference: of scores as they are, of losses as numbers."""
        if change is None:
            return ""
        of_loss = replace(self.metric, higher=False) if self.over == "lr" or self.verb == "overfit" else self.metric
        return show_estimate(of_loss, change, signed=True)


def read_study(folder: Path) -> Study:
    """Read the study in a folder.

    Raises:
        BadRun: If it is none, or damaged.
    """
    try:
        return replace(from_sealed(regular.read_bytes(study_file(folder)), Study), path=str(folder))
    except FileNotFoundError:
        raise DamagedRun(f"{str(folder)!r} is no study: {FITS_FILE} is missing") from None
    except (OSError, ValueError) as error:
        raise DamagedRun(f"{study_file(folder)} is damaged: {error}") from error


def fit_path(folder: Path, number: int) -> Path:
    """Return the run folder of a fit of a study, numbered from 1."""
    return folder / FITS / f"{number:02d}"


def study_file(folder: Path) -> Path:
    """Return the file that makes a folder a study."""
    return folder / FITS_FILE


def _batch_line(batch: OneBatch) -> str:
    """Describe whether one batch was learnt by heart."""
    size, rate = many(batch.examples, "example"), f"lr={batch.lr:.3g}"
    reached = f"{100 * batch.share:.2g} % of a constant answer's"
    if batch.reached:
        return f"one batch   {size} learnt by heart: loss {reached} after {many(batch.steps, 'step')}, {rate}"
    return f"one batch   {size} not learnt by heart: loss {reached} after {many(batch.steps, 'step')}, {rate}"


def labels(points: Sequence[StudyPoint]) -> list[str]:
    """Return the labels of points without what all of them share, for the axis of a plot."""
    found = [point.label.removesuffix(" examples") for point in points]
    starts = {label.partition("=")[0] for label in found}
    return [label.partition("=")[2] for label in found] if len(starts) == 1 else found


def find_study(which: str, root: Path) -> Path:
    """Find the folder of a study by path, name or number, or ``last``.

    Raises:
        BadRun: If there is no such study.
    """
    hint = "start one: dl curve vision digits --over data"
    return find_folder(which, root, "study", lambda path: study_file(path).is_file(), hint)
