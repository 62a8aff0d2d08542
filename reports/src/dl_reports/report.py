"""The report of one run, as frozen values for renderers.

`build.build_report` computes it from a run folder; `render` (terminal, HTML, Markdown) and `as_json.to_json` read it.
Epochs count from 1. Text in it may come from data (class names, messages) and is not yet safe for a terminal or a page.
Numbers that do not exist are NaN inside a series and None elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dl.diagram import Diagram
from dl.finding import Finding
from dl.intervals import Estimate
from dl.runs.manifest import MetricInfo

SCHEMA = 2  # of the JSON; a reader refuses a greater one
Sketch = NDArray[np.uint8] | str  # an image (h, w, c) with c of 1 or 3, or the words of a text


@dataclass(frozen=True)
class Header:
    """The task, data and network of a run, and how its fit ended.

    Attributes:
        run: Name of the run folder.
        path: Of the run folder.
        status: ``running``, ``finished``, ``interrupted``, ``failed`` or ``killed``.
        message: Why it ended early; empty if it finished.
        created: When, in UTC (ISO 8601).
        task: Row of the task table.
        reason: Why this task, from the target.
        domain: Of the inputs.
        data: Name of the data set.
        model: Name of the network.
        parameters: Number of trainable parameters.
        train: Training examples.
        val: Validation examples.
        probe: Training examples that are scored after each epoch.
        rule: How the split was made.
        test: Whether there is a test set.
        metric: The headline metric.
        loss: Name of the loss.
        epochs: Finished.
        planned: Epochs of the recipe; 0 if it cannot be read.
        best_epoch: None before there is one.
        seconds: Of the fit.
        val_groups: Groups of the validation examples, on which every interval rests; 0 where they are independent.
        linear_share: Share of the linear path in the outputs at the best epoch; None for a network without one.
        learner: Of a model that is a learner of scikit-learn, its answer in words; empty for a network.
        goes_on_from: Name of the run from which the fit went on; empty for a fit from the start.
        tags: Of the run, by ``dl tag``.
        note: On the run, by ``dl note``.
    """

    run: str
    path: str
    status: str
    message: str
    created: str
    task: str
    reason: str
    domain: str
    data: str
    model: str
    parameters: int
    train: int
    val: int
    probe: int
    rule: str
    test: bool
    metric: MetricInfo
    loss: str
    epochs: int
    planned: int
    best_epoch: int | None
    seconds: float
    val_groups: int = 0
    linear_share: float | None = None
    learner: str = ""
    goes_on_from: str = ""
    tags: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class BaselineRow:
    """One row of the table of baselines: a baseline or the network on the validation set.

    Attributes:
        name: ``majority``, ``prior``, ..., or the model's name.
        answer: The baseline's constant answer in words; empty for the network.
        score: Headline metric with its 95 % interval; ends of NaN without one.
        loss: Mean loss; None if a constant answer has none.
        ours: Whether this is the network.
        rival: Whether this is a cheap rival, which reads its inputs.
        seconds: How long a rival took; 0 for others.
        train: Training examples that a rival learnt from; 0 for others.
        lead: How much better the network is than this rival, on the same examples; None for others.
    """

    name: str
    answer: str
    score: Estimate
    loss: float | None
    ours: bool
    rival: bool = False
    seconds: float = 0.0
    train: int = 0
    lead: Estimate | None = None


@dataclass(frozen=True)
class BestEpochScores:
    """Probe score, validation score and gap at the best epoch, in the headline metric.

    Attributes:
        epoch: The best one.
        probe: On the probe of the training set.
        val: On the validation set, as measured.
        gap: How much worse validation is; positive if the network fits the training set better.
        corrected: On the validation set, less the bias of choosing the epoch on it; None if not computable.
    """

    epoch: int
    probe: Estimate
    val: Estimate
    gap: Estimate
    corrected: Estimate | None


@dataclass(frozen=True)
class Curve:
    """One line of a plot, with its 95 % band.

    Attributes:
        part: ``train`` (running, in training mode), ``probe`` or ``val``.
        values: A number per epoch; NaN without one.
        low: Lower end of the band; NaN without one.
        high: Upper end.
    """

    part: str
    values: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]


@dataclass(frozen=True)
class Curves:
    """Loss and headline metric over the epochs.

    Attributes:
        epochs: From 1, possibly with gaps.
        loss: train, probe and val, as far as they are known.
        metric: probe and val.
        best_epoch: The epoch of the kept weights; None before there is one.
        least_loss: Epoch of the least validation loss; None without one.
        loss_onset: First epoch of an established rise of the validation loss; None without one.
        metric_onset: The same for the headline metric getting worse.
    """

    epochs: tuple[int, ...]
    loss: tuple[Curve, ...]
    metric: tuple[Curve, ...]
    best_epoch: int | None
    least_loss: int | None
    loss_onset: int | None
    metric_onset: int | None


@dataclass(frozen=True)
class Answer:
    """The answer to one of the three questions of the verdict.

    Attributes:
        question: ``skill`` (better than a constant answer and a cheap rival), ``memorization`` (how much of what it
            can do is lost on new examples) or ``turn`` (whether validation got worse since its best).
        state: For programs, as ``better`` or ``untold``.
        severity: ``issue``, ``tip``, ``note``, or ``good`` when nothing is wrong.
        message: In words, without the interval.
        size: The lead, the gap or the change for the worse, with its interval; None where it is not known.
        of_loss: Whether the size is one of the loss, and not of the headline metric.
        share: The size as a share of what can be learnt, or of what the fit had gained; None where it is not known.
    """

    question: str
    state: str
    severity: str
    message: str
    size: Estimate | None = None
    of_loss: bool = False
    share: Estimate | None = None


@dataclass(frozen=True)
class Verdict:
    """The verdict on the run, in one sentence, and the three answers that it rests on.

    Attributes:
        sentence: With the numbers that matter.
        severity: ``issue``, ``tip``, ``note``, or ``good`` when nothing is wrong.
        code: The finding that it words first; empty if it words none.
        answers: Skill, memorization and turn; empty while no epoch is finished.
        row: Name of the first row of the decision table that applies, as in ``docs/reports.md``.
    """

    sentence: str
    severity: str
    code: str = ""
    answers: tuple[Answer, ...] = ()
    row: str = ""


@dataclass(frozen=True)
class Example:
    """One example shown in the report.

    Attributes:
        id: Stable in the data set.
        part: ``val`` or ``probe`` (of the training set).
        why: ``hardest`` (largest loss) or ``suspect`` (the label is probably wrong).
        true: The target, in words.
        predicted: The network's answer, in words; None if it was not kept.
        loss: At the best epoch.
        sketch: An image (h, w, c) in uint8, a text, or None.
        source: The file or row that it came from; empty if the run keeps none.
        remade: What the network made of it, a reconstruction or a predicted frame, in the form of the sketch; None
            where the task has neither.
    """

    id: int
    part: str
    why: str
    true: str
    predicted: str | None
    loss: float
    sketch: Sketch | None
    source: str = ""
    remade: Sketch | None = None


@dataclass(frozen=True)
class ConfusedPair:
    """A true class and a predicted one: how often they are confused, and in which share of the true class."""

    true: str
    predicted: str
    count: int
    share: float


@dataclass(frozen=True)
class Confusion:
    """The confusion matrix of the validation set at the best epoch.

    Attributes:
        names: Of the classes in the matrix, (C,); with very many classes only the most confused ones.
        counts: (C, C), a row per true class and a column per predicted class.
        pairs: The most confused pairs of all classes, most frequent first.
        left_out: Classes that are not in the matrix.
    """

    names: tuple[str, ...]
    counts: NDArray[np.int64]
    pairs: tuple[ConfusedPair, ...]
    left_out: int


@dataclass(frozen=True)
class ClassRow:
    """How well one class, or one label, is found on the validation set at the best epoch.

    Attributes:
        name: Of the class.
        examples: Validation examples of it.
        answers: Validation examples that the network gives it.
        recall: The share of its examples that are found.
        precision: The share of its answers that are right.
        positive: Whether it is the class to find, of two.
    """

    name: str
    examples: int
    answers: int
    recall: Estimate
    precision: Estimate
    positive: bool


@dataclass(frozen=True)
class ThresholdRow:
    """The threshold of the class to find, of two, or of one label.

    Attributes:
        name: Of the class or label.
        threshold: Probability from which on it is answered.
        tuned: Whether it was tuned on the validation set.
    """

    name: str
    threshold: float
    tuned: bool


@dataclass(frozen=True)
class Thresholds:
    """How the run turns probabilities into yes and no.

    Attributes:
        asked: The rule, as ``auto`` or ``recall:0.95``.
        reason: Why the thresholds are what they are.
        rows: The threshold of the class to find, or of each label.
    """

    asked: str
    reason: str
    rows: tuple[ThresholdRow, ...]


@dataclass(frozen=True)
class Bin:
    """Validation examples of similar confidence: their mean confidence, and their accuracy with its interval."""

    confidence: float
    right: Estimate
    count: int


@dataclass(frozen=True)
class CalibrationCard:
    """How far confidence is from accuracy, on one half of the validation set.

    Attributes:
        bins: Of the whole set, the least confident first, without a temperature.
        temperature: Fitted on one half; above 1 for an over-confident network.
        ece_before: Expected calibration error on the other half, in [0, 1].
        ece_after: The same with the temperature.
        nll_before: Negative log-likelihood per example on the other half, in nats.
        nll_after: The same with the temperature.
        gain: Paired decrease of that likelihood; positive if the temperature helps.
    """

    bins: tuple[Bin, ...]
    temperature: float
    ece_before: Estimate
    ece_after: Estimate
    nll_before: Estimate
    nll_after: Estimate
    gain: Estimate


@dataclass(frozen=True)
class ResidualBin:
    """Validation examples of similar predictions.

    Attributes:
        predicted: Their mean prediction.
        residual: Mean of target less prediction; the intervals of all bins hold together at 95 %, by group where
            examples share one. Ends of NaN where a bin has too few groups.
        median: Of the absolute errors.
        count: Examples.
    """

    predicted: float
    residual: Estimate
    median: float
    count: int


@dataclass(frozen=True)
class Residuals:
    """Target less prediction on the validation set at the best epoch, for one target column.

    Attributes:
        name: Of the column.
        points: Prediction and residual of some examples, by prediction.
        bins: By prediction, the least first, of equal counts.
        median: Of the absolute errors.
    """

    name: str
    points: tuple[tuple[float, float], ...]
    bins: tuple[ResidualBin, ...]
    median: float


@dataclass(frozen=True)
class Reuse:
    """The number of evaluations on a set, and the resulting bound on the error of its scores.

    Attributes:
        part: ``val`` or ``test``.
        evaluations: Epochs scored on it; for the test set, lines of the ledger.
        runs: Runs that were evaluated on it.
        examples: In the set; 0 where unknown.
        bound: Largest error of any of so many scores, at 95 %; None if scores have no known range.
        unread: Runs beside this one that could not be read, and are not counted.
        budget: Evaluations after which the bound is half as large again as after the first; None without a bound.
    """

    part: str
    evaluations: int
    runs: int
    examples: int
    bound: float | None
    unread: int = 0
    budget: int | None = None


@dataclass(frozen=True)
class Unchecked:
    """A check that was not made, by code or in words, and the reason, to follow "not checked, because"."""

    what: str
    why: str


@dataclass(frozen=True)
class Command:
    """A command to run next.

    Attributes:
        command: Ready to paste.
        why: Its purpose.
        instead: Alternatives, each as an option in place of the remedy.
    """

    command: str
    why: str
    instead: tuple[str, ...] = ()


@dataclass(frozen=True)
class Section:
    """A section of a third-party plugin: a title and lines of plain text."""

    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class HeadRow:
    """One of several targets, judged like a run of its own.

    Attributes:
        name: Of its column.
        task: Row of the task table.
        metric: Its headline metric.
        loss: On validation at the best epoch; None if it is not known.
        share: Of the weighted losses of all heads; None if it is not known.
        weight: Share of its weight in the training loss at the best epoch; None if it is not known.
        score: On validation at the best epoch.
        sentence: Its verdict.
        severity: Of the verdict.
    """

    name: str
    task: str
    metric: MetricInfo
    loss: float | None
    share: float | None
    weight: float | None
    score: Estimate
    sentence: str
    severity: str


@dataclass(frozen=True)
class Report:
    """The report of one run, in the order of the screen.

    Attributes:
        header: Task, data and network.
        ladder: Baselines and network, worst first; empty before the first epoch.
        scores: At the best epoch; None before the first epoch.
        curves: None before the first epoch.
        verdict: The one sentence.
        findings: The most severe first.
        ignored: Codes of findings that were left out.
        examples: The hardest, then the suspect ones.
        confusion: None if the task has no classes, or nothing was kept.
        calibration: None if the task has no probabilities, or nothing was kept.
        unchecked: Checks that could not be made.
        next: Commands, the most useful first.
        sections: Of plugins.
        reuse: Of the validation set, and of the test set.
        classes: Classes or labels, the least found first; empty if the task has none, or nothing was kept.
        residuals: Of each target column of a regression; empty for other tasks, or if nothing was kept.
        thresholds: Of two classes, or of labels; None for other tasks, and before the fit has ended.
        network: Its layers; None for a learner, or if it was not kept.
        heads: Of several targets, each; empty for one.
        schema: Version of the JSON.
    """

    header: Header
    ladder: tuple[BaselineRow, ...]
    scores: BestEpochScores | None
    curves: Curves | None
    verdict: Verdict
    findings: tuple[Finding, ...]
    ignored: tuple[str, ...]
    examples: tuple[Example, ...]
    confusion: Confusion | None
    calibration: CalibrationCard | None
    unchecked: tuple[Unchecked, ...]
    next: tuple[Command, ...]
    sections: tuple[Section, ...] = ()
    reuse: tuple[Reuse, ...] = ()
    classes: tuple[ClassRow, ...] = ()
    residuals: tuple[Residuals, ...] = ()
    thresholds: Thresholds | None = None
    network: Diagram | None = None
    heads: tuple[HeadRow, ...] = ()
    schema: int = SCHEMA
