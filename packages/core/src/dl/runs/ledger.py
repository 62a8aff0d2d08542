"""The ledger: every look that was taken at a test part, a line of JSON each, beside the runs.

It stands beside the runs, for the looks at one test part add up over all runs that were tried on it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from dl.errors import BadRun
from dl.files import append_line
from dl.intervals import Estimate
from dl.runs.manifest import MetricInfo
from dl.stored import from_json

LEDGER = "test-ledger.jsonl"  # name of the file


@dataclass(frozen=True)
class TestEvaluation:
    """One look at the test part: what a run scores there.

    Args:
        run: Name of the run.
        data: Name of the data set.
        examples: In the test part.
        info: The headline metric.
        score: With its interval.
        metrics: All of them.
        loss: Mean over the test part.
        look: The how-manieth look at this test part this is, over all runs beside this one.
        fingerprint: Of the test part.
        in_training: Test examples that stand in the training or validation part, bit for bit.
        time: UTC, ISO 8601.
    """

    run: str
    data: str
    examples: int
    info: MetricInfo
    score: Estimate
    metrics: dict[str, float]
    loss: float
    look: int
    fingerprint: str
    in_training: int
    time: str

    @property
    def metric(self) -> str:
        """Name of the headline metric."""
        return self.info.name

    def to_json(self) -> str:
        """Return one line of JSON, as the ledger keeps it."""
        return json.dumps(asdict(self) | {"score": self.score._asdict()})


def read_ledger(path: Path) -> list[dict[str, Any]]:
    """Read every look that was noted, oldest first. Any: as JSON holds them.

    Raises:
        BadRun: If a line is not a look, naming it, or the file cannot be read.
    """
    if not path.exists():
        return []
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise BadRun(f"{path} cannot be read: {error.strerror}") from error
    looks = []
    for number, line in enumerate(lines, start=1):
        try:
            looks.append(from_json(line, dict[str, Any]))
        except ValueError as error:
            raise BadRun(f"{path}: line {number} is not a look at a test part") from error
    return looks


def looks_at(fingerprint: object, ledger: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:  # Any: JSON
    """Return the looks at the test part of this fingerprint, whichever run took them."""
    return [look for look in ledger if look.get("fingerprint") == fingerprint]


def note_look(path: Path, look: TestEvaluation) -> None:
    """Add a look as one line, whole, whoever else adds one.

    Raises:
        CannotWrite: If the ledger cannot be written.
    """
    append_line(path, look.to_json())
