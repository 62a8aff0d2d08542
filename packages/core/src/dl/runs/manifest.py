"""The manifest of a run: what `run.json` holds, as frozen values that need no torch to read.

``format`` is the version of the whole run folder; a reader refuses what it does not know.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, TypeVar

from dl.errors import BadRun

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
        outputs: Width of the last layer; for next-token, numbers that are kept of a row.
        names: Of the classes, labels or target columns.
        metrics: The headline first.
        loss: Name of the loss.
        shift: (D,) what is added to a regression's scaled outputs; empty elsewhere.
        scale: (D,) by what they are multiplied first; empty elsewhere.
    """

    name: str
    reason: str
    outputs: int
    names: tuple[str, ...]
    metrics: tuple[MetricInfo, ...]
    loss: str
    shift: tuple[float, ...] = ()
    scale: tuple[float, ...] = ()

    @property
    def headline(self) -> MetricInfo:
        """The metric that is looked at first."""
        return self.metrics[0]


@dataclass(frozen=True)
class Baseline:
    """What a dumb answer scores on the validation part.

    Args:
        name: ``majority``, ``prior``, ``mean``, ``median``, ``unigram`` or ``bigram``.
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
        in_memory: What a program gave that no recipe can name: ``data``, ``model``, ``optimizer``.
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
    in_memory: tuple[str, ...] = ()
    format: int = FORMAT

    def to_json(self) -> str:
        """Return the text of `run.json`."""
        return json.dumps(asdict(self), indent=1, ensure_ascii=True) + "\n"

    def with_status(self, status: str, **changes: Any) -> Manifest:  # Any: fields of a manifest, checked by replace
        """Return the manifest after something happened."""
        return replace(self, status=status, **changes)


def parse_manifest(text: str, where: str) -> Manifest:
    """Read `run.json`.

    Raises:
        BadRun: If it is not one, or of a version that this dl does not know.
    """
    try:
        stored = json.loads(text)
        version = stored["format"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise BadRun(f"{where} is not the manifest of a run of dl") from error
    if version != FORMAT:
        raise BadRun(f"{where} has run format {version!r}; this dl reads format {FORMAT}  install the dl that wrote it")
    try:
        task = _build(
            TaskInfo, stored["task"] | {"metrics": tuple(_build(MetricInfo, m) for m in stored["task"]["metrics"])}
        )
        if not task.metrics:
            raise TypeError("the task has no metric")
        baselines = tuple(_build(Baseline, one) for one in stored["baselines"])
        parts = _build(Parts, stored["parts"])
        return _build(Manifest, stored | {"task": task, "parts": parts, "baselines": baselines})
    except (KeyError, TypeError, IndexError) as error:
        raise BadRun(f"{where} is damaged: {error}") from error


_Value = TypeVar("_Value")


def _build(kind: type[_Value], stored: Mapping[str, Any]) -> _Value:  # Any: JSON
    """Make a value from JSON, ignoring keys that a newer patch release may have added, lists as tuples.

    Raises:
        TypeError: If something is missing or of another type.
    """
    if not isinstance(stored, dict):
        raise TypeError(f"{stored!r} is no {kind.__name__}")
    known = {field.name: str(field.type) for field in fields(kind)}  # type: ignore[arg-type]  # each is a dataclass
    given = {name: tuple(value) if isinstance(value, list) else value for name, value in stored.items()}
    for name, value in given.items():
        if name in known and not _fits(value, known[name]):
            raise TypeError(f"{name} is {value!r}")
    return kind(**{name: value for name, value in given.items() if name in known})


_PLAIN = {
    "str": (str,),
    "int": (int,),
    "bool": (bool,),
    "float": (int, float),
    "float | None": (int, float, type(None)),
}


def _fits(value: object, annotation: str) -> bool:
    """Whether a value read from JSON is of the annotated type, as far as JSON has it."""
    if annotation.startswith("tuple["):
        each = annotation.removeprefix("tuple[").removesuffix(", ...]")
        return isinstance(value, tuple) and all(_fits(one, each) for one in value)
    return annotation not in _PLAIN or type(value) in _PLAIN[annotation]
