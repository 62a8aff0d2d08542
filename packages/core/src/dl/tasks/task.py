"""Tasks: what a network predicts, and the last layer, activation, loss and metrics that follow from it.

A network returns logits; losses read logits, the activation is for showing and scoring. Whatever depends on the kind of
task is a field of its row, a `TaskKind`; no other module compares a task's name. dl's own rows are in `dl.tasks.rows`;
plugins add others with the hook ``register_tasks``.
Shapes: ``N`` samples, ``C`` classes, ``L`` labels, ``D`` regression targets, ``K`` outputs of the network.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from dl.data.examples import Subset
from dl.data.heads import Head
from dl.errors import BadData
from dl.runs.manifest import Baseline, MetricInfo, TaskInfo
from dl.words import show_number

if TYPE_CHECKING:
    from dl.domain import Preprocessor

Reduction = str  # "mean" over the batch, or "none": one loss per example, (N,)
Target = NDArray[np.generic]
Names = tuple[str, ...]
Loss = Callable[[Tensor, Tensor, Reduction], Tensor]

EVAL_BATCH = 500  # examples scored at once


@dataclass(frozen=True)
class Metric:
    """A reported number, computed from preds (after the activation) and target of a whole set.

    Args:
        info: Name, direction, perfect value and kind of interval.
        compute: From preds (N, K) - (N,) for binary - and target, in target units, to the number.
    """

    info: MetricInfo
    compute: Callable[[Tensor, Tensor], Tensor]


def metric(name: str, kind: str, compute: Callable[[Tensor, Tensor], Tensor], *, higher: bool = True) -> Metric:
    """Return a metric that is 1 at best, or 0 where less is better.

    Args:
        name: Of its columns in the history, ``val_<name>``.
        kind: How its interval is computed: ``proportion`` or ``mean`` where it is the mean of the examples' scores.
        compute: From preds and target to the number.
        higher: Whether more is better.
    """
    return Metric(MetricInfo(name, higher, 1.0 if higher else 0.0, kind), compute)


def nothing_wrong(_target: Target, _names: Names) -> None:
    """Find nothing wrong with a target."""


def as_numbers(target: Target, _info: TaskInfo) -> Tensor:
    """Turn a target into float64, (N, D)."""
    return torch.from_numpy(target.astype(np.float64)).reshape(len(target), -1)


def unchanged(values: Tensor, *_: object) -> Tensor:
    """Return what is given."""
    return values


def in_words(answer: Tensor, _names: Names) -> str:
    """Write the numbers of one answer in four digits, or as whole numbers, so that a program can read them."""
    return ", ".join(show_number(value).replace(",", "") for value in answer.reshape(-1).tolist())


def by_name(pred: Tensor, names: Names) -> dict[str, float]:
    """Return the numbers of one pred by their names."""
    return dict(zip(names, pred.reshape(-1).tolist(), strict=True))


@dataclass(frozen=True)
class Rung:
    """An answer that depends on the input, scored on the validation set example by example.

    Args:
        baseline: Its score.
        scores: (n,) of each validation example.
    """

    baseline: Baseline
    scores: NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class TaskKind:
    """One row of the task table: everything that tasks of a kind share.

    Args:
        name: For ``--task``.
        target: The predicted quantity in words, for the error if a target does not fit.
        fits: Whether a target, as stored, fits this row if the user chooses it.
        names: From a target and its names to those of the classes, labels or columns.
        outputs: From these names, the width of the network's last layer.
        loss: From logits (N, K), or (N, T, K) at every step, and encoded target, by reduction.
        activation: From logits (N, K) to preds: probabilities, or values, scaled where `scaled`.
        metrics: From preds and target, the usual headline first: it chooses the kept epoch, unless ``monitor=loss``.
        score: From preds and target, the score of each example (N,). A headline of kind ``mean`` or ``proportion`` is
            their mean.
        score_name: Name of a score.
        score_higher: Whether higher is better: then it is a share, 1 for right; else an error, 0 for right.
        bounded: Whether scores stay from 0 to 1; None where they do if higher is better.
        encode: From a target as stored to the form that the loss reads, before scaling.
        decode: From the encoded form to target units, which metrics and scores read.
        scaled: Whether the target is standardized by mean and deviation of the training set, and preds back.
        log_scaled: Whether the logarithm of the target may be learnt in its place.
        predicted: From preds to the answer in the form of a target: class numbers, labels, or numbers; None if an
            answer is no target.
        search: From preds and the width of a beam to answers of a wider search than `predicted`; None without one.
        answer: From one answer and the names to words.
        values: From one pred and the names, or `answers` if given, to numbers by name.
        answers: From the names to those of the numbers in a pred, if they differ, as for quantiles.
        margin: From logits and encoded target, the distance of each example from a wrong class (N,); None without
            classes.
        has_classes: Whether a target, as stored, is a class number, from 0.
        probabilities: How logits become the probabilities of classes or labels: ``softmax``, ``sigmoid``, or empty.
        from_inputs: Whether the target is read from the inputs: each token from those before it, or the
            inputs themselves.
        finds_class: Whether metrics rank or retrieve one class of two, the logit being that of the second: they are
            computed for `TaskInfo.positive`.
        check: Raises `BadData` for a target and names that the row cannot learn.
        recognize: The reason why a target fits this row, in words; empty if it does not. For dl's own rows alone, in
            their order: a plugin's row is chosen with ``--task``.
        headline: From the training target, the name of the headline metric; None takes the first.
        losses: Losses for ``loss=``, by name; empty if there is only one.
        baselines: From a task, training and validation set and preprocessor to the scores of trivial answers; see
            `dl.tasks.baselines.constant`.
        rungs: From a task, the network, training and validation set and preprocessor to answers that follow from the
            network, as PCA of the width of its codes, with the score of each example.
        learner: The kind of scikit-learn's learners whose answers are preds of this row: ``classifier`` for
            probabilities of classes or labels, ``regressor`` for numbers in target units; empty for none.
        reduce_logits: From the output of the network, and the prepared batch, to the logits (N, K) for loss and scores.
        form: The form of network that it needs, one of `dl.specs.FORMS`.
        enclose: From the network as a model builds it to the one that is fitted.
        remake: Where a network gives inputs or a part of them: from its output and the prepared inputs to prepared
            inputs with what it gives in their place, to be shown beside the true ones.
        unreachable: From the network's output for one blank input and an encoded target to which examples (N,) no
            output can answer rightly; None where all can be.
        eval_batch_size: Examples scored at once; fewer if the network has an output at every token.
        of_heads: From this row, the heads and whether their weights are learnt to the row for these heads; None for
            rows of one target.
        heads: Of such a row, the targets with their tasks.
        answers_by_head: From one answer to that of each head in words, by name; empty for one target.
        by_query: Whether rows are ranked within their queries, whose numbers stand beside the relevance in the target.
        learnt: From a target to what a learner of scikit-learn is fitted to.
        own_parameters: Names and values of parameters that the loss of training steps has beside those of the network.
        train_loss: From the network, with these parameters, to the loss of training steps; None takes ``loss``.
        head_weights: From the network to the weight of each head in the loss of training steps, by name.
    """

    name: str
    target: str
    fits: Callable[[Target], bool]
    names: Callable[[Target, Names], Names]
    outputs: Callable[[Names], int]
    loss: Loss
    activation: Callable[[Tensor], Tensor]
    metrics: tuple[Metric, ...]
    score: Callable[[Tensor, Tensor], Tensor]
    score_name: str
    score_higher: bool = False
    bounded: bool | None = None
    encode: Callable[[Target, TaskInfo], Tensor] = as_numbers
    decode: Callable[[Tensor, TaskInfo], Tensor] = unchanged
    scaled: bool = False
    log_scaled: bool = False
    predicted: Callable[[Tensor], Tensor] | None = unchanged
    search: Callable[[Tensor, int], Tensor] | None = None
    answer: Callable[[Tensor, Names], str] = in_words
    values: Callable[[Tensor, Names], dict[str, float]] = by_name
    answers: Callable[[Names], Names] = lambda names: ()
    margin: Callable[[Tensor, Tensor], Tensor] | None = None
    has_classes: bool = False
    probabilities: str = ""
    from_inputs: bool = False
    finds_class: bool = False
    check: Callable[[Target, Names], None] = nothing_wrong
    recognize: Callable[[Target, Names], str] | None = None
    headline: Callable[[Target], str] | None = None
    losses: Mapping[str, Loss] = field(default_factory=dict)
    baselines: Callable[[Task, Subset, Subset, Preprocessor], tuple[Baseline, ...]] = lambda *_: ()
    rungs: Callable[[Task, nn.Module, Subset, Subset, Preprocessor], tuple[Rung, ...]] = lambda *_: ()
    learner: str = ""
    reduce_logits: Callable[[Tensor, Any], Tensor] = unchanged  # Any: a batch as the network reads it
    form: str = ""
    enclose: Callable[[nn.Module], nn.Module] = lambda network: network
    remake: Callable[[Tensor, Any], Tensor] = unchanged  # Any: as above
    unreachable: Callable[[Tensor, Tensor], Tensor] | None = None
    eval_batch_size: int = EVAL_BATCH
    of_heads: Callable[[TaskKind, Sequence[HeadTask], bool], TaskKind] | None = None
    heads: tuple[HeadTask, ...] = ()
    answers_by_head: Callable[[Tensor], dict[str, str]] = lambda answer: {}
    by_query: bool = False
    learnt: Callable[[Target], Target] = lambda target: target
    own_parameters: Mapping[str, Tensor] = field(default_factory=dict)
    train_loss: Callable[[nn.Module], Loss] | None = None
    head_weights: Callable[[nn.Module], dict[str, float]] = lambda network: {}


@dataclass(frozen=True)
class HeadTask:
    """One of several targets with its task.

    Args:
        head: Its name, and how it is stored.
        task: Its task, of a row of one target.
        unit: As `HeadInfo.unit`.
        weight: Of its loss.
    """

    head: Head
    task: Task
    unit: float
    weight: float = 1.0


@dataclass(frozen=True)
class Task:
    """A row of the table, fitted to one target.

    Args:
        row: The row.
        info: Reason, width, names, metrics in order of interest, scale of a regression.
    """

    row: TaskKind
    info: TaskInfo

    def preds(self, logits: Tensor) -> Tensor:
        """Turn logits (N, K) into what is shown: probabilities, or values in target units; (N,) for binary."""
        shown = self.row.activation(logits)
        return self._in_target_units(shown, limited=True) if self.info.scale else shown

    def encode(self, target: Target) -> Tensor:
        """Turn stored targets into what the loss reads: int64 class numbers, else float32, scaled where the row is.

        Raises:
            BadData: If a value is below zero, and the logarithm of the target was learnt.
        """
        encoded = self.row.encode(target, self.info)
        if self.info.log_limits:
            encoded = self._logarithm(encoded)
        if self.info.scale:
            encoded = (encoded - encoded.new_tensor(self.info.shift)) / encoded.new_tensor(self.info.scale)
        return encoded.float() if encoded.is_floating_point() else encoded

    def _logarithm(self, values: Tensor) -> Tensor:
        """Return logarithms of values (N, D), of zero that of the least prediction."""
        if bool((values < 0).any()):
            raise BadData(
                f"a target is {float(values.min()):g}, and the run learnt the logarithm of positive targets; fit with "
                "target_scale=plain"
            )
        least = values.new_tensor([low for low, _ in self.info.log_limits]).exp()
        return torch.where(values > 0, values, least).log()

    def decode(self, encoded: Tensor) -> Tensor:
        """Turn what the loss reads back into target units."""
        if self.info.scale:
            encoded = self._in_target_units(encoded)
        return self.row.decode(encoded, self.info)

    def _in_target_units(self, scaled: Tensor, *, limited: bool = False) -> Tensor:
        """Scale values back, in double precision: the square of an error in target units may leave single precision.

        Args:
            scaled: (N, D).
            limited: Whether logarithms far outside those of the training target are clipped, as of a prediction.
        """
        exact = (scaled.cpu() if scaled.device.type == "mps" else scaled).double()  # mps has no double precision
        values = exact * exact.new_tensor(self.info.scale) + exact.new_tensor(self.info.shift)
        if not self.info.log_limits:
            return values
        low, high = values.new_tensor(self.info.log_limits).T
        return (values.clamp(low, high) if limited else values).exp()

    def rescale(self, logits: Tensor, own: TaskInfo) -> Tensor:
        """Return logits (N, K) of a network that scales its targets by its own training set as those of this task.

        Args:
            logits: Of the network.
            own: Of its fit, of the same row.
        """
        if self.row.heads:
            split = logits.split([one.task.info.outputs for one in self.row.heads], dim=1)
            each = zip(self.row.heads, split, own.heads, strict=True)
            return torch.cat([one.task.rescale(part, theirs.task) for one, part, theirs in each], dim=1)
        if not own.scale:
            return logits
        exact = logits.double()
        values = exact * exact.new_tensor(own.scale) + exact.new_tensor(own.shift)
        return ((values - exact.new_tensor(self.info.shift)) / exact.new_tensor(self.info.scale)).float()

    def metrics(self, logits: Tensor, target: Tensor) -> dict[str, float]:
        """Compute every metric over a whole set, the headline first.

        Args:
            logits: (N, K).
            target: As `encode` gives it.
        """
        decided = self._at_thresholds(logits)
        return self.metrics_of(self.preds(-decided if self.info.finds_first else decided), target)

    def _at_thresholds(self, logits: Tensor) -> Tensor:
        """Shift logits (N, K) so that the thresholds of the run lie at one half; their ranking stays."""
        offsets = self.info.offsets
        return logits - logits.new_tensor(offsets) if offsets else logits

    def metrics_of(self, preds: Tensor, target: Tensor) -> dict[str, float]:
        """Compute every metric from preds, of two classes those of the class to find.

        Args:
            preds: (N, ...), as `preds` gives them.
            target: As `encode` gives it.
        """
        actual = self.decode(target)
        if self.info.finds_first:
            actual = 1 - actual
        compute = {metric.info.name: metric.compute for metric in self.row.metrics}
        return {info.name: float(compute[info.name](preds, actual)) for info in self.info.metrics}

    def example_scores(self, logits: Tensor, target: Tensor) -> Tensor:
        """Score each example on its own, (N,): right or wrong, share of right labels, absolute error, or bits."""
        return self.row.score(self.preds(self._at_thresholds(logits)), self.decode(target))

    def margins(self, logits: Tensor, target: Tensor) -> Tensor:
        """Return the distance of each example from a wrong class, (N,), in logits; zeros without classes."""
        return (
            torch.zeros(len(logits), device=logits.device) if not self.row.margin else self.row.margin(logits, target)
        )

    def answers(self, logits: Tensor) -> Tensor | None:
        """Return the answer for each example in the form of targets, (N, ...); None if answers are no targets."""
        return self.row.predicted(self.preds(self._at_thresholds(logits))) if self.row.predicted else None

    def in_words(self, answer: Tensor) -> str:
        """Write one of the answers in words."""
        return self.row.answer(answer, self.info.names)

    def by_name(self, pred: Tensor) -> dict[str, float]:
        """Return the numbers of one pred by their names: probabilities, or values in target units."""
        return self.row.values(pred, self.info.answers or self.info.names)

    def all_in_words(self, answers: Tensor) -> list[str]:
        """Write answers (N, ...) as `in_words` writes each; of classes, each one once."""
        if not self.info.has_classes:
            return [self.in_words(answer) for answer in answers]
        numbers, words = answers.tolist(), self._words
        for at, number in enumerate(numbers):
            if number not in words:
                words[number] = self.in_words(answers[at])
        return [words[number] for number in numbers]

    @cached_property
    def _words(self) -> dict[float, str]:
        """The answers of classes that were written in words, by number."""
        return {}

    def all_by_name(self, preds: Tensor) -> list[dict[str, float]]:
        """Return the numbers of preds (N, ...) by their names, as `by_name` does of each."""
        if self.row.values is not by_name:
            return [self.by_name(pred) for pred in preds]
        names = self.info.answers or self.info.names
        rows = preds.flatten(1).tolist() if preds.ndim > 1 else [[one] for one in preds.tolist()]
        if rows and len(rows[0]) != len(names):
            raise ValueError(f"{len(rows[0])} numbers for {len(names)} names")
        return [dict(zip(names, row, strict=False)) for row in rows]  # to compare each time takes as long
