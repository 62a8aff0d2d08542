"""The manifest of a run: the content of `run.json` as frozen values, readable without torch.

``format`` is the version of the whole run folder; readers refuse unknown versions.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from dl.defaults import DataFacts
from dl.errors import BadRun, DamagedRun
from dl.stored import as_text, convert, parse_object, seal_text, unseal

if TYPE_CHECKING:
    from dl.data.heads import Head

FORMAT = 1
AS_IT_WAS = "origin"  # name of the baseline that is the run from which a fit goes on
STATUSES = ("running", "finished", "interrupted", "failed", "killed")


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


HALF = 0.5  # the threshold at which the likelier answer is given


@dataclass(frozen=True)
class Decision:
    """From which probability on a task answers yes: for the class to find, of two, or for each label.

    Args:
        asked: The rule, as it was typed.
        thresholds: One for the class to find, or one for each label.
        tuned: Which of them were tuned on the validation set.
        reason: Why they are what they are, in words.
    """

    asked: str
    thresholds: tuple[float, ...]
    tuned: tuple[bool, ...]
    reason: str

    @property
    def is_usual(self) -> bool:
        """Whether the likelier answer is given throughout."""
        return all(threshold == HALF for threshold in self.thresholds)


@dataclass(frozen=True)
class HeadInfo:
    """One of several targets.

    Args:
        name: Of its column.
        kind: As `dl.data.heads.Head`.
        task: Its task.
        unit: Error of its best constant answer on the training set, in parts of which its errors are counted.
        weight: Of its loss among those of all; 1 where weights are learnt.
    """

    name: str
    kind: str
    task: TaskInfo
    unit: float
    weight: float = 1.0

    @property
    def head(self) -> Head:
        """How its target is stored."""
        from dl.data.heads import LABELS, Head  # numpy, which listing runs does without

        return Head(self.name, self.kind, self.task.names, len(self.task.names) if self.kind == LABELS else 1)


@dataclass(frozen=True)
class TaskInfo:
    """The task of a run.

    Args:
        name: Of the task.
        reason: Why it was inferred from the target.
        outputs: Number of logits per example; if the target is read from the inputs, of the sums stored per row.
        names: Of the classes, labels or target columns.
        metrics: The headline metric first.
        loss: Name of the loss.
        shift: (D,) added to a regression's outputs after scaling; empty for other tasks.
        scale: (D,) factor of a regression's outputs; empty for other tasks.
        answers: Names of the predicted numbers, if they differ from those of the target, as quantiles.
        score: Name of the score of one example, used where the headline metric is not a mean over examples.
        score_higher: Whether higher is better: then it is a share, 1 for correct; otherwise an error, 0 for correct.
        bounded: Whether every example's score is from 0 to 1.
        has_classes: Whether each target is the number of one class.
        probabilities: The function from logits to probabilities: ``softmax``, ``sigmoid``, or empty for none.
        from_inputs: Whether the target is read from the inputs, as the next token, or is the inputs.
        form: The form of network that the task needs, as ``steps`` for strings; empty for one row of logits an example.
        by_query: Whether rows are ranked within their queries, which are their groups.
        positive: Name of the class to find, of two: precision, recall and average precision are its; empty for none.
        counts: Training examples of each class, or with each label; empty for other tasks.
        log_limits: (D, 2) least and largest logarithm of a prediction, if the logarithms of targets are learnt;
            shift and scale are then theirs.
        skewness: Of the training target, where it decided for logarithms.
        decision: The thresholds of the run, once its fit has ended; None before, and for tasks without thresholds.
        heads: Of several targets, each; empty for one.
        learns_weights: Whether the weights of their losses are learnt.
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
    form: str = ""
    by_query: bool = False
    positive: str = ""
    counts: tuple[int, ...] = ()
    log_limits: tuple[tuple[float, float], ...] = ()
    skewness: float = 0.0
    decision: Decision | None = None
    heads: tuple[HeadInfo, ...] = ()
    learns_weights: bool = False

    @property
    def tells_tokens(self) -> bool:
        """Whether each token of a text is told from those before it."""
        return self.form == "causal"

    @property
    def reconstructs(self) -> bool:
        """Whether the inputs themselves are the target."""
        return self.form == "inputs"

    @property
    def predicts_frames(self) -> bool:
        """Whether the last frame of each input is the target."""
        return self.form == "frames"

    @property
    def gives_inputs(self) -> bool:
        """Whether a network gives inputs, or a part of them, which can be shown beside the true ones."""
        return self.reconstructs or self.predicts_frames

    @property
    def has_strings(self) -> bool:
        """Whether each target is a string of names, ended by -1."""
        return self.form == "steps"

    @property
    def has_thresholds(self) -> bool:
        """Whether the task answers yes or no by the probability of each output."""
        return self.probabilities == "sigmoid" and (self.has_labels or bool(self.positive))

    @property
    def offsets(self) -> tuple[float, ...]:
        """(K,) what is taken from each logit so that its threshold lies at 0; empty where that is one half."""
        if self.decision is None or self.decision.is_usual:
            return ()
        sign = -1.0 if self.finds_first else 1.0
        return tuple(sign * (math.log(t) - math.log1p(-t)) for t in self.decision.thresholds)

    @property
    def finds_first(self) -> bool:
        """Whether the class to find is the first of the two; a logit is that of the second."""
        return bool(self.positive) and self.positive == self.names[0]

    @property
    def has_probabilities(self) -> bool:
        """Whether probabilities follow from the logits."""
        return bool(self.probabilities)

    @property
    def has_labels(self) -> bool:
        """Whether each target is a yes or no for every label."""
        return self.has_probabilities and not self.has_classes

    @property
    def headline(self) -> MetricInfo:
        """The headline metric."""
        return self.metrics[0]


@dataclass(frozen=True)
class Baseline:
    """A baseline and its score on the validation set.

    Args:
        name: ``majority``, ``prior``, ``mean``, ...
        answer: Its answer in words.
        score: Its headline metric.
        loss: Its loss; None if it has none.
        rival: Whether its answer depends on the input: a cheap rival, and not a constant answer.
        train: Number of training examples that a rival learnt from.
        seconds: How long a rival took.
        interval: Of a rival's score, with 95 % confidence; None if it was not computed.
    """

    name: str
    answer: str
    score: float
    loss: float | None = None
    rival: bool = False
    train: int = 0
    seconds: float = 0.0
    interval: tuple[float, float] | None = None


def drawn(train: int) -> str:
    """Return the end of a rival's answer that learnt from some of the training examples alone."""
    return f" on {train:,} examples"


@dataclass(frozen=True)
class FoldScore:
    """What one fit of a protocol reached, at the epoch that was chosen for all of them together.

    Args:
        fold: Its number, from 1.
        round: The number of its round, from 1.
        train: Training examples.
        val: Validation examples.
        score: Headline metric on the validation set.
        loss: Loss on the validation set.
        own_best: The epoch that it alone would have chosen.
    """

    fold: int
    round: int
    train: int
    val: int
    score: float
    loss: float
    own_best: int


def constant_losses(baselines: Sequence[Baseline]) -> list[float]:
    """Return the validation losses of the constant answers that have one."""
    return [one.loss for one in baselines if one.loss is not None and not one.rival]


@dataclass(frozen=True)
class Parts:
    """The data set of a run and the sizes of its splits.

    Args:
        name: Of the data set.
        train: Number of training examples.
        val: Number of validation examples.
        probe: Number of training examples scored after each epoch.
        rule: The rule of the split, in words.
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
        in_memory: The arguments in memory, which no recipe can name: ``data``, ``model``, ``optimizer``.
        data: Facts of the data set before the split, from which defaults follow; None if not stored.
        protocol: Of a run of several fits, as ``kfold:4``; empty for a run of one fit.
        folds: The scores of its fits, once all are finished.
        final: Of a run of several fits, the network for new inputs that was asked for: ``ensemble`` or ``refit``.
        learner: Of a model that is a learner of scikit-learn, its answer in words; empty for a network.
        process_start: When that process started, as `dl.processes.started` returns it; empty if unknown.
        layout: Of feature maps in memory, ``channels-last`` or ``channels-first``, where it was chosen by timing; empty
            for that of the network as it was built.
        files: The files of the run: for each name its checksum, size and place, as `dl.sealed` writes them.
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
    data: DataFacts | None = None
    protocol: str = ""
    folds: tuple[FoldScore, ...] = ()
    final: str = ""
    learner: str = ""
    process_start: str = ""
    layout: str = ""
    files: dict[str, str] = field(default_factory=dict)
    format: int = FORMAT

    def to_json(self, *, sealed: bool = False) -> str:
        """Return the text of `run.json`, with a checksum of its own where it is sealed."""
        content = asdict(self)
        return seal_text(content) if sealed else as_text(content)

    def with_status(self, status: str, **changes: Any) -> Manifest:  # Any: fields of a manifest, checked by replace
        """Return the manifest with a new status and other changed fields."""
        return replace(self, status=status, **changes)


def parse_manifest(text: str, where: str) -> Manifest:
    """Read `run.json`.

    Raises:
        BadRun: If it is malformed or of an unknown version.
    """
    try:
        content = parse_object(text)
        version = content["format"]
    except (ValueError, KeyError) as error:
        raise DamagedRun(f"{where} is not the manifest of a run of dl") from error
    if version != FORMAT:
        raise BadRun(f"{where} has run format {version!r}; this dl reads format {FORMAT}  install the dl that wrote it")
    try:
        unseal(text, content)
        manifest = convert(content, Manifest)
    except ValueError as error:
        raise DamagedRun(f"{where} is damaged: {error}") from error
    if not manifest.task.metrics:
        raise DamagedRun(f"{where} is damaged: the task has no metric")
    return manifest
