"""What a network that went on from a run has forgotten: its scores on that run's validation set, before and after."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from dl import sealed
from dl.intervals import Estimate
from dl.runs.manifest import MetricInfo
from dl.runs.run import Run, keep_json, read_json

FORGOTTEN = "forgotten.json"


@dataclass(frozen=True)
class Forgotten:
    """Scores on the validation set of the run that a fit went on from.

    Args:
        run: Name of that run.
        metric: The headline metric.
        before: Of the run as it was.
        after: Of the network that went on.
        change: How much the metric rose, example by example, with its interval; None where it is no mean of examples.
        examples: Number of examples.
    """

    run: str
    metric: MetricInfo
    before: float
    after: float
    change: Estimate | None
    examples: int


def write_forgotten(folder: Path, found: Forgotten) -> None:
    """Keep it in a run folder."""
    keep_json(folder / FORGOTTEN, asdict(found) | {"change": found.change and list(found.change)})


def read_forgotten(run: Run) -> Forgotten | None:
    """Read it; None for a run that went on from none, or from one whose data was gone.

    Raises:
        BadRun: If the file is damaged.
    """
    path = run.path / FORGOTTEN
    return read_json(path, Forgotten) if sealed.exists(path) else None
