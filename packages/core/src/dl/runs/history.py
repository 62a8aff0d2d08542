"""The history of a run: one row of numbers per epoch, stored as CSV.

Columns are named ``<subset>_<metric>`` with the subset ``train`` (running mean, in training mode), ``val`` or ``probe``
(both scored in eval mode at the end of the epoch), besides ``epoch`` (from 1), ``step``, ``seconds`` and ``lr``.
"""

import csv
import hashlib
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dl import sealed
from dl.errors import BadOption, BadRun, DamagedRun
from dl.files import write_text
from dl.runs.manifest import MetricInfo
from dl.sealed import Seal
from dl.words import many

EpochRow = dict[str, float]


@dataclass(frozen=True)
class History:
    """The rows of a run, oldest first."""

    rows: tuple[EpochRow, ...] = ()

    def __len__(self) -> int:
        return len(self.rows)

    def column(self, name: str) -> list[float]:
        """Return one number per epoch, NaN where missing."""
        return [row.get(name, float("nan")) for row in self.rows]

    def frame(self) -> Any:  # Any: core does not import pandas
        """Return the rows as a `pandas.DataFrame`, a column for each number, indexed by epoch.

        Raises:
            BadOption: If pandas is not installed.
        """
        try:
            import pandas as pd
        except ImportError as error:
            raise BadOption("a history as a frame needs pandas  install it: pip install pandas") from error
        return pd.DataFrame(list(self.rows)).set_index("epoch") if self.rows else pd.DataFrame()

    def best(self, column: str, *, higher: bool) -> int | None:
        """Return the position of the best epoch, the earliest among equals, ignoring NaN."""
        scored = [(value if higher else -value, -k) for k, value in enumerate(self.column(column)) if value == value]
        return -max(scored)[1] if scored else None


def best_epoch(rows: Sequence[EpochRow], headline: MetricInfo, monitor: str) -> int:
    """Return the number of the best epoch, from 1; 0 if none has a finite score.

    Args:
        rows: Of the history, oldest first.
        headline: The headline metric.
        monitor: ``metric`` chooses by it, ties broken by the loss, and ``loss`` by the loss; the first among equals.
    """
    sign, best, found = (1.0 if headline.higher else -1.0), (-math.inf, -math.inf), 0
    for number, row in enumerate(rows, start=1):
        metric = sign * row[f"val_{headline.name}"] if monitor == "metric" else 0.0
        rating = (metric, -row["val_loss"])
        if not any(map(math.isnan, rating)) and (not found or rating > best):
            best, found = rating, number
    return found


def write_history(path: Path, rows: Sequence[EpochRow]) -> None:
    """Write all rows atomically. The next commit of the run lists their number, and a checksum of what they hold."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    stream = io.StringIO()
    writer = csv.DictWriter(stream, names, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: format(value, ".9g") for name, value in row.items()} for row in rows)
    write_text(path, stream.getvalue())
    sealed.note(path, Seal(_digest(rows), len(rows), path.name))


def read_history(path: Path) -> History:
    """Read the history; a run without a finished epoch has no rows.

    What is listed is read before the rows: a fit that runs may add some meanwhile, and removes none.

    Raises:
        BadRun: If a line is not a row of numbers, naming it.
    """
    if not sealed.exists(path):
        return History()
    seal, rows = sealed.line(path), list[EpochRow]()
    try:
        reader = csv.DictReader(io.StringIO(sealed.read(path).decode("utf-8")), strict=True)
        for row in reader:
            rows.append({name: float(value) for name, value in row.items() if value != ""})
    except (ValueError, TypeError, csv.Error) as error:
        raise BadRun(f"{path}: line {len(rows) + 2} is not a row of numbers") from error
    except OSError as error:
        raise DamagedRun(f"{path} cannot be read: {error.strerror}") from error
    if not all("epoch" in row for row in rows):
        raise DamagedRun(f"{path} is not the history of a run: a row has no epoch")
    return History(tuple(_listed(path, rows, seal)))


def _listed(path: Path, rows: list[EpochRow], seal: Seal | None) -> list[EpochRow]:
    """Return the rows that the run lists; later ones were written by a process that did not live to list them.

    Raises:
        BadRun: If they are not those that were written.
    """
    if seal is None:
        return rows
    if len(rows) < seal.size:
        raise BadRun(f"{path} has {len(rows)} of the {many(seal.size, 'row')} that were written; {sealed.RESTORE}")
    if _digest(rows[: seal.size]) != seal.sha256:
        raise DamagedRun(f"{path} is damaged: it is not what was written, its checksum differs; {sealed.RESTORE}")
    return rows[: seal.size]


def _digest(rows: Sequence[EpochRow]) -> str:
    """Return a checksum of rows, in whatever order and number of columns they are stored."""
    lines = (",".join(f"{name}={value:.9g}" for name, value in sorted(row.items())) for row in rows)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
