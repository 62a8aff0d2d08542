"""The manifest of a run: the content of `run.json` as frozen values, readable without torch.

``format`` is the version of the whole run folder; readers refuse unknown versions.
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
    """A metric.

    Args:
        name: Like ``accuracy``; columns of the history are ``val_<name>``.
        higher: Whether higher is better.
        perfect: The best possible value.
        kind: Determines its interval: ``proportion``, ``mean``, ``ranking`` or ``confusion``.
    """

    name: str
    higher: bool
    perfect: float
    kind: str


@dataclass(frozen=True)
class TaskInfo:
    """The task of a run.

    Args:
        name: Of the task.
        reason: Why it was inferred from the target.
        outputs: Number of logits per example; for next-token, of the sums stored per row.
        names: Of the classes, labels or target columns.
        metrics: The headline metric first.
        loss: Name of the loss.
        shift: (D,) added to a regression's outputs after scaling; empty for other tasks.
        scale: (D,) factor of a regression's outputs; empty for other tasks.
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
        """The headline metric."""
        return self.metrics[0]


@dataclass(frozen=True)
class Baseline:
    """A baseline and its score on the validation set.

    Args:
        name: ``majority``, ``prior``, ``mean``, ``median``, ``unigram`` or ``bigram``.
        answer: Description of its constant prediction.
        score: Its headline metric.
        loss: Its loss; None if it has none.
    """

    name: str
    answer: str
    score: float
    loss: float | None = None


@dataclass(frozen=True)
class Parts:
    """The data set of a run and the sizes of its splits.

    Args:
        name: Of the data set.
        train: Number of training examples.
        val: Number of validation examples.
        probe: Number of training examples scored after each epoch.
        rule: How the split was made.
        val_fingerprint: Of the validation set; equal for runs with the same one.
        input_shape: Of one prepared input.
        test: Whether there is a test set.
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
    """The facts of a run other than its numbers per epoch.

    Args:
        name: Of the run folder.
        status: One of `STATUSES`.
        created: Time of creation, in UTC (ISO 8601).
        dl_version: The version of dl that wrote it.
        domain: Of the inputs.
        model: Name of the network.
        parameters: Number of trainable parameters.
        task: Of the run.
        parts: Sizes of the splits.
        baselines: Scores of the baselines.
        best_epoch: From 1; 0 while there is none.
        seconds: Duration of the fit so far.
        message: Reason for the status, if not simply finished.
        signal: Number of the signal that stopped the fit; 0 for none.
        pid: Process that writes the run; 0 if unknown.
        host: Machine of that process.
        epochs: Number of finished epochs; 0 if unknown.
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
        """Return the manifest with a new status and other changed fields."""
        return replace(self, status=status, **changes)


def parse_manifest(text: str, where: str) -> Manifest:
    """Read `run.json`.

    Raises:
        BadRun: If it is malformed or of an unknown version.
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
    """Build a dataclass from JSON, with lists as tuples; unknown keys of newer patch releases are ignored.

    Raises:
        TypeError: If a field is missing or has another type.
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
    """Return whether a JSON value fits an annotated type."""
    if annotation.startswith("tuple["):
        each = annotation.removeprefix("tuple[").removesuffix(", ...]")
        return isinstance(value, tuple) and all(_fits(one, each) for one in value)
    return annotation not in _PLAIN or type(value) in _PLAIN[annotation]
