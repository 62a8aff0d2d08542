"""The manifest of a run: what `run.json` holds, as frozen values that need no torch to read.

``format`` is the version of the whole run folder; a reader refuses what it does not know.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from typing import Any

from dl.errors import BadRun
from dl.stored import from_json

FORMAT = 1
STATUSES = ("running", "finished", "interrupted", "failed")


@dataclass(frozen=True)
class MetricInfo:
    """A reported number.

    Args:
        name: Like ``accuracy``; columns of the history are ``val_<name>``.
        higher: Whether more is better.
        perfect: The value that cannot be beaten.
        kind: How its interval is computed: ``proportion``, ``mean``, ``ranking`` or ``confusion``.
    """

    name: str
    higher: bool
    perfect: float
    kind: str


@dataclass(frozen=True)
class TaskInfo:
    """What the network predicts, in words and numbers.

    Args:
        name: The row of the task table.
        reason: Why this row, from the target.
        outputs: Width of the last layer; where the target is read from the inputs, numbers that are kept of a row.
        names: Of the classes, labels or target columns.
        metrics: The headline first.
        loss: Name of the loss.
        shift: (D,) what is added to a regression's scaled outputs; empty elsewhere.
        scale: (D,) by what they are multiplied first; empty elsewhere.
        answers: Names of the numbers in an answer, where they are not those of the target: quantiles, say.
        score: Name of the score of one example; it stands for a headline that is no mean over examples.
        score_higher: Whether more is better in it: then it is a share, 1 for right; else an error, 0 for right.
        bounded: Whether no example's score leaves 0 to 1.
        has_classes: Whether each target is the number of one class.
        probabilities: How logits become probabilities: ``softmax``, ``sigmoid``, or empty where they do not.
        from_inputs: Whether the target is read from the inputs: each token from those before it.
    """

    name: str
    reason: str
    outputs: int
    names: tuple[str, ...]
    metrics: tuple[MetricInfo, ...]
    loss: str
    shift: tuple[float, ...] = ()
    scale: tuple[float, ...] = ()
    answers: tuple[str, ...] = ()
    score: str = ""
    score_higher: bool = False
    bounded: bool = False
    has_classes: bool = False
    probabilities: str = ""
    from_inputs: bool = False

    @property
    def has_probabilities(self) -> bool:
        """Whether an answer comes with probabilities that its logits tell."""
        return bool(self.probabilities)

    @property
    def has_labels(self) -> bool:
        """Whether each target is a yes or no for every label."""
        return self.has_probabilities and not self.has_classes

    @property
    def headline(self) -> MetricInfo:
        """The metric that is looked at first."""
        return self.metrics[0]


@dataclass(frozen=True)
class Baseline:
    """What a dumb answer scores on the validation part.

    Args:
        name: ``majority``, ``prior``, ``mean``, ...
        answer: What it answers, in words.
        score: Its headline metric.
        loss: Its loss; None where a constant answer has none.
    """

    name: str
    answer: str
    score: float
    loss: float | None = None


@dataclass(frozen=True)
class Parts:
    """How the data was divided.

    Args:
        name: Of the data set.
        train: Number of training examples.
        val: Number of validation examples.
        probe: Number of training examples that are scored after each epoch.
        rule: How the split was made.
        val_fingerprint: The same for two runs that look at the same validation examples.
        input_shape: Of one prepared input.
        test: Whether there is a test part.
    """

    name: str
    train: int
    val: int
    probe: int
    rule: str
    val_fingerprint: str
    input_shape: tuple[int, ...]
    test: bool


@dataclass(frozen=True)
class Manifest:
    """Everything about a run that is not a list of numbers.

    Args:
        name: Of the run folder.
        status: One of `STATUSES`.
        created: When, in UTC (ISO 8601).
        dl_version: The version that wrote it.
        domain: Of the inputs.
        model: Name of the network.
        parameters: Number of trainable parameters.
        task: What is predicted.
        parts: How the data was divided.
        baselines: What dumb answers score.
        best_epoch: From 1; 0 while there is none.
        seconds: Of the fit so far.
        message: Why it ended as it did, if not simply finished.
        signal: Number of the signal that ended it; 0 for none.
        pid: Process that writes the run; 0 where it is not known.
        host: Machine of that process.
        epochs: That ended so far; 0 where they were not counted.
        format: Version of the run folder.
    """

    name: str
    status: str
    created: str
    dl_version: str
    domain: str
    model: str
    parameters: int
    task: TaskInfo
    parts: Parts
    baselines: tuple[Baseline, ...]
    best_epoch: int = 0
    seconds: float = 0.0
    message: str = ""
    signal: int = 0
    pid: int = 0
    host: str = ""
    epochs: int = 0
    format: int = FORMAT

    def to_json(self) -> str:
        """Return the text of `run.json`."""
        return json.dumps(asdict(self), indent=1, ensure_ascii=True) + "\n"

    def with_status(self, status: str, **changes: Any) -> Manifest:  # Any: fields of a manifest, checked by replace
        """Return the manifest after something happened."""
        return replace(self, status=status, **changes)


@dataclass(frozen=True)
class _Version:
    """What is read first: of another version the rest may be anything."""

    format: Any  # Any: JSON


def parse_manifest(text: str, where: str) -> Manifest:
    """Read `run.json`.

    Raises:
        BadRun: If it is not one, or of a version that this dl does not know.
    """
    try:
        version = from_json(text, _Version).format
    except ValueError as error:
        raise BadRun(f"{where} is not the manifest of a run of dl") from error
    if version != FORMAT:
        raise BadRun(f"{where} has run format {version!r}; this dl reads format {FORMAT}  install the dl that wrote it")
    try:
        manifest = from_json(text, Manifest)
    except ValueError as error:
        raise BadRun(f"{where} is damaged: {error}") from error
    if not manifest.task.metrics:
        raise BadRun(f"{where} is damaged: the task has no metric")
    return manifest
