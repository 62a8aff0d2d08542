"""The ledger: a line of JSON for every evaluation on a test set, in a file beside the runs.

It is shared by all runs of a folder, since every evaluation on a test set counts, whichever run made it. A line ends
with a checksum of what stands before it.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from dl import regular
from dl.errors import BadRun, DamagedRun
from dl.files import append_line
from dl.intervals import Estimate
from dl.runs.manifest import MetricInfo
from dl.runs.thresholds import ThresholdScore
from dl.stored import from_json

LEDGER = "test-ledger.jsonl"  # name of the file
SUM, _BEFORE_SUM = "sum", b', "sum": '  # key of the checksum of a line


@dataclass(frozen=True)
class TestEvaluation:
    """The scores of one run on the test set.

    Args:
        run: Name of the run.
        data: Name of the data set.
        examples: Number of test examples.
        info: The headline metric.
        score: Of the headline metric, with its interval.
        metrics: All metrics, by name.
        loss: Mean over the test set.
        look: 1 for the first evaluation on this test set, 2 for the second, ..., over all runs in the folder.
        fingerprint: Of the test set.
        in_training: Number of test examples with an exact duplicate in the training or validation set.
        time: UTC, ISO 8601.
        groups: Number of groups that the examples come from, on which the interval rests; 0 where all are independent.
        decided: Recall and precision at the thresholds of the run; empty without any.
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
    groups: int = 0
    decided: tuple[ThresholdScore, ...] = ()

    @property
    def metric(self) -> str:
        """Name of the headline metric."""
        return self.info.name

    def to_json(self) -> str:
        """Return the line of the ledger."""
        decided = [one.as_dict() for one in self.decided]
        return json.dumps(asdict(self) | {"score": self.score._asdict(), "decided": decided})


def read_ledger(path: Path) -> list[dict[str, Any]]:
    """Read all evaluations, oldest first, without lines that a full disk or a crash cut off. Any: JSON.

    Raises:
        BadRun: If the file cannot be read, or a line of it is malformed.
    """
    return [found for found in _lines(path) if found is not None]


def torn_lines(path: Path) -> list[int]:
    """Return the numbers of the lines that were cut off while they were written.

    Raises:
        BadRun: As `read_ledger`.
    """
    return [number for number, found in enumerate(_lines(path), start=1) if found is None]


def _lines(path: Path) -> list[dict[str, Any] | None]:  # Any: JSON
    """Return the evaluations, None for one that was cut off: it begins like one, and is no whole JSON."""
    if not path.exists():
        return []
    try:
        lines = regular.read_bytes(path).splitlines()
    except OSError as error:
        raise DamagedRun(f"{path} cannot be read: {error.strerror}") from error
    found: list[dict[str, Any] | None] = []
    for number, line in enumerate(lines, start=1):
        try:
            evaluation = from_json(line, dict[str, Any])
            if evaluation.pop(SUM, None) not in (None, _sum(line.rpartition(_BEFORE_SUM)[0])):
                raise BadRun(f"{path}: line {number} has changed since it was written; restore it from a copy")
            found.append(evaluation)
        except ValueError as error:
            if not line.startswith(b"{") or line.endswith(b"}"):
                raise BadRun(f"{path}: line {number} is not an evaluation on a test set") from error
            found.append(None)
    return found


def stored_evaluation(line: Mapping[str, Any]) -> TestEvaluation:  # Any: JSON
    """Return an evaluation as it was recorded.

    Raises:
        BadRun: If the line of the ledger is none.
    """
    score = line.get("score")
    listed = {**line, "score": list(score.values()) if isinstance(score, dict) else score}
    try:
        return from_json(json.dumps(listed), TestEvaluation)
    except ValueError as error:
        raise BadRun(f"{LEDGER} holds a line that is no evaluation on a test set: {error}") from error


def evaluations_of(fingerprint: object, ledger: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:  # Any: JSON
    """Return the evaluations on the test set with this fingerprint, by any run."""
    return [evaluation for evaluation in ledger if evaluation.get("fingerprint") == fingerprint]


def record_evaluation(path: Path, evaluation: TestEvaluation) -> None:
    """Append an evaluation atomically, also with other processes writing.

    Raises:
        CannotWrite: If the ledger cannot be written.
    """
    content = evaluation.to_json().removesuffix("}").encode()
    append_line(path, f'{content.decode()}{_BEFORE_SUM.decode()}"{_sum(content)}"}}')


def _sum(content: bytes) -> str:
    return f"{zlib.crc32(content):08x}"
