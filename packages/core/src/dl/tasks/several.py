"""Several targets at once: a head for each in the last layer, their losses averaged into one.

A row of the task table that is made of others. Logits, preds, encoded and decoded targets of all heads stand side by
side, so that a network of several targets is trained, scored and kept like any other.
Errors in different units cannot be averaged, so each is counted in parts of the error of its best constant answer: 1 is
no better than that, 0 is perfect. Their mean over the heads is the score of an example, and the mean of these the
headline, which chooses the kept epoch: it is a mean over examples, so its intervals are theirs, and no head outweighs
another by its unit.
Letters: ``N`` examples, ``H`` heads, ``K`` logits and ``P`` preds of all heads, ``W`` columns of targets.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

import numpy as np
import torch
from torch import Tensor, nn

from dl.data.examples import Subset
from dl.data.heads import CLASSES, LABELS, HeadNames, heads_of
from dl.domain import Preprocessor
from dl.errors import BadOption
from dl.runs.manifest import Baseline, HeadInfo, TaskInfo
from dl.tasks.task import HeadTask, Loss, Metric, Names, Reduction, Target, TaskKind, metric
from dl.terminal import safe_text

HEADLINE = "relative_error"
AUTO, EQUAL = "auto", "equal"
LOG_VARIANCES = "log_variances"  # (H,) parameter of the network
LEAST_UNIT = 1e-12  # of the error of a constant answer, so that a target of one value has one


@dataclass(frozen=True)
class Place:
    """Where a head stands among the numbers of all, and the form that it has alone.

    Args:
        one: The head with its task.
        logits: Its columns among the logits.
        targets: Its columns among the targets.
        flat: Whether its encoded target is (N,), not (N, width).
        whole: Whether that holds class numbers.
        flat_preds: Whether its preds are (N,).
    """

    one: HeadTask
    logits: slice
    targets: slice
    flat: bool
    whole: bool
    flat_preds: bool

    def encoded(self, columns: Tensor) -> Tensor:
        """Return the encoded or decoded target of this head from those of all, (N, W)."""
        own = columns[:, self.targets]
        own = own.squeeze(1) if self.flat else own
        return own.long() if self.whole else own

    def preds(self, columns: Tensor) -> Tensor:
        """Return the preds of this head from those of all, (N, P)."""
        own = columns[:, self.logits]
        return own.squeeze(1) if self.flat_preds else own

    def error(self, preds: Tensor, actual: Tensor) -> Tensor:
        """Return the error of each example in parts of that of the best constant answer, (N,)."""
        row = self.one.task.row
        score = row.score(self.preds(preds), self.encoded(actual)).double()
        return (1 - score if row.score_higher else score) / self.one.unit

    def metric_of(self, own: Metric) -> Metric:
        """Return a metric of this head as one of all."""
        info = self.one.task.info

        def compute(preds: Tensor, actual: Tensor) -> Tensor:
            ours, theirs = self.preds(preds), self.encoded(actual)
            return own.compute(1 - ours, 1 - theirs) if info.finds_first else own.compute(ours, theirs)

        name = f"{self.one.head.name}_{own.info.name}"
        return Metric(replace(own.info, name=name), compute)


def places_of(heads: Sequence[HeadTask]) -> tuple[Place, ...]:
    """Return where each head stands."""
    found = []
    ends = accumulate(one.task.info.outputs for one in heads)
    target_ends = accumulate(one.head.width for one in heads)
    for one, end, target_end in zip(heads, ends, target_ends, strict=True):
        encoded = one.task.encode(one.head.own(np.zeros((1, one.head.width))))
        preds = one.task.preds(torch.zeros(1, one.task.info.outputs))
        found.append(
            Place(
                one,
                slice(end - one.task.info.outputs, end),
                slice(target_end - one.head.width, target_end),
                encoded.ndim == 1,
                not encoded.is_floating_point(),
                preds.ndim == 1,
            )
        )
    return tuple(found)


def _beside(columns: Sequence[Tensor]) -> Tensor:
    """Return tensors (N,) or (N, ...) side by side, as real numbers of the widest kind."""
    found = torch.cat(
        [one.reshape(len(one), -1).to(torch.promote_types(one.dtype, torch.float32)) for one in columns], 1
    )
    return found


def make_row(row: TaskKind, heads: Sequence[HeadTask], learnt: bool) -> TaskKind:
    """Make the row for these heads.

    Args:
        row: With the name and words of the row.
        heads: The targets with their tasks.
        learnt: Whether the weights of their losses are learnt.
    """
    places = places_of(heads)
    names = HeadNames.of([one.head for one in heads])

    def encode(target: Target, _info: TaskInfo) -> Tensor:
        if target.ndim == 1:  # zeros of examples without targets
            target = np.zeros((len(target), len(names)))
        each = [one.task.encode(own) for one, own in zip(heads, names.split(target), strict=True)]
        return _beside([own.double() for own in each])

    def decode(columns: Tensor, _info: TaskInfo) -> Tensor:
        return _beside([place.one.task.decode(place.encoded(columns)) for place in places])

    def activation(logits: Tensor) -> Tensor:
        return _beside([place.one.task.preds(logits[:, place.logits]) for place in places])

    def score(preds: Tensor, actual: Tensor) -> Tensor:
        return torch.stack([place.error(preds, actual) for place in places]).mean(dim=0)

    def predicted(preds: Tensor) -> Tensor:
        return _beside([_answer_of(place, preds) for place in places])

    own_metrics = [
        place.metric_of(one) for place in places for one in _in_order(place.one.task.row.metrics, place.one.task.info)
    ]
    parameters = {LOG_VARIANCES: torch.zeros(len(heads))} if learnt else {}
    return replace(
        row,
        outputs=lambda _names: sum(one.task.info.outputs for one in heads),
        encode=encode,
        decode=decode,
        activation=activation,
        loss=_weighted(places),
        metrics=(
            metric(HEADLINE, "mean", lambda preds, actual: score(preds, actual).mean(), higher=False),
            *own_metrics,
        ),
        score=score,
        predicted=predicted,
        answer=lambda answer, _names: ", ".join(f"{name} {words}" for name, words in _in_words(places, answer).items()),
        answers_by_head=lambda answer: _in_words(places, answer),
        values=lambda pred, _names: _by_name(places, pred),
        baselines=lambda task, train, val, preprocessor: _baselines(heads, train, val, preprocessor),
        heads=tuple(heads),
        own_parameters=parameters,
        train_loss=_learnt_weights(places) if learnt else None,
        head_weights=_weights_by_name(places, learnt=learnt),
    )


def _in_order(metrics: Sequence[Metric], info: TaskInfo) -> list[Metric]:
    """Return the metrics of a head, its headline first."""
    order = [one.name for one in info.metrics]
    return sorted(metrics, key=lambda one: order.index(one.info.name))


def _answer_of(place: Place, preds: Tensor) -> Tensor:
    answer = place.one.task.row.predicted
    assert answer is not None  # rows that the target decides have answers
    return answer(place.preds(preds))


def _weighted(places: Sequence[Place]) -> Loss:
    """Return the mean of the losses of all heads, by their weights."""
    total = sum(place.one.weight for place in places)

    def averaged(logits: Tensor, encoded: Tensor, reduction: Reduction) -> Tensor:
        each = [
            place.one.weight
            / total
            * place.one.task.row.loss(logits[:, place.logits], place.encoded(encoded), reduction)
            for place in places
        ]
        return torch.stack(each).sum(dim=0)

    return averaged


def _factors(places: Sequence[Place]) -> list[float]:
    """Return the factor of each loss beside its precision: one half for squared errors, 1 for cross-entropies."""
    return [0.5 if place.one.task.info.scale else 1.0 for place in places]


def _learnt_weights(places: Sequence[Place]) -> Callable[[nn.Module], Loss]:
    """Weigh each loss by a learnt precision, whose logarithm is a penalty.

    Source: Kendall, Gal and Cipolla 2018, Multi-Task Learning Using Uncertainty to Weigh Losses, equations 7 and 10.
    """
    factors = _factors(places)

    def of_network(network: nn.Module) -> Loss:
        def uncertain(logits: Tensor, encoded: Tensor, reduction: Reduction) -> Tensor:
            log_variances = network.get_parameter(LOG_VARIANCES)
            each = [
                factor
                * torch.exp(-log_variance)
                * place.one.task.row.loss(logits[:, place.logits], place.encoded(encoded), reduction)
                + log_variance / 2
                for place, factor, log_variance in zip(places, factors, log_variances, strict=True)
            ]
            return torch.stack(each).mean(dim=0)

        return uncertain

    return of_network


def _weights_by_name(places: Sequence[Place], *, learnt: bool) -> Callable[[nn.Module], dict[str, float]]:
    """Return the weights of the heads as shares of one, by name."""

    def weights(network: nn.Module) -> dict[str, float]:
        found = [place.one.weight for place in places]
        if learnt:
            precisions = torch.exp(-network.get_parameter(LOG_VARIANCES).detach()).tolist()
            found = [factor * one for factor, one in zip(_factors(places), precisions, strict=True)]
        return {place.one.head.name: one / sum(found) for place, one in zip(places, found, strict=True)}

    return weights


def _in_words(places: Sequence[Place], answer: Tensor) -> dict[str, str]:
    """Write the answer of each head in words, by its name."""
    columns = answer.reshape(1, -1)
    return {place.one.head.name: place.one.task.in_words(place.encoded(columns)[0]) for place in places}


def _by_name(places: Sequence[Place], pred: Tensor) -> dict[str, float]:
    """Return the numbers of one pred: values by the name of the head, probabilities by head and class or label."""
    found: dict[str, float] = {}
    for place in places:
        head, own = place.one.head, place.one.task.by_name(place.preds(pred.reshape(1, -1))[0])
        of_classes = head.kind in (CLASSES, LABELS)
        found |= {f"{head.name}={name}" if of_classes else head.name: value for name, value in own.items()}
    return found


def constant_answer(kind: str, target: Target) -> Target:
    """Return the constant answer with the least error on a target: the most common class, each label's, the median."""
    if kind == CLASSES:
        return np.asarray(np.bincount(target.astype(np.int64)).argmax())
    numbers = target.astype(np.float64)
    return np.asarray(np.median(numbers, axis=0) if kind != LABELS else numbers.mean(axis=0) > 0.5)


def constant_error(kind: str, target: Target, learnt: Target) -> float:
    """Return the mean error of the best constant answer to one target, learnt on another."""
    answer = constant_answer(kind, learnt)
    if kind == CLASSES:
        return float(np.mean(target != answer))
    return float(np.mean(np.abs(target.astype(np.float64) - answer.astype(np.float64))))


def _baselines(
    heads: Sequence[HeadTask], train: Subset, val: Subset, preprocessor: Preprocessor
) -> tuple[Baseline, ...]:
    """Score the best constant answer to each target, together."""
    relative, losses = [], []
    for one, (ours, theirs) in each_alone(heads, train, val):
        relative.append(constant_error(one.head.kind, theirs.targets, ours.targets) / one.unit)
        known = [found.loss for found in one.task.row.baselines(one.task, ours, theirs, preprocessor)]
        losses.append(min((loss for loss in known if loss is not None), default=None))
    total = sum(one.weight for one in heads)
    known_losses = [one.weight * loss for one, loss in zip(heads, losses, strict=True) if loss is not None]
    loss = sum(known_losses) / total if len(known_losses) == len(heads) else None
    return (Baseline("constants", "the best constant answer to each target", float(np.mean(relative)), loss),)


def each_alone(heads: Sequence[HeadTask], *subsets: Subset) -> list[tuple[HeadTask, list[Subset]]]:
    """Return each head with the same examples, of which its target is the only one."""
    names = HeadNames.of([one.head for one in heads])
    split = [names.split(subset.examples.targets) for subset in subsets]
    return [
        (
            one,
            [
                Subset(replace(subset.examples, targets=own[k], names=one.head.names), subset.index)
                for subset, own in zip(subsets, split, strict=True)
            ],
        )
        for k, one in enumerate(heads)
    ]


def parse_weights(asked: str, names: Names) -> tuple[float, ...]:
    """Return the weight of each head: as typed, or 1 where they are equal or learnt.

    Raises:
        BadOption: If a head has no weight, or one is no number of 0 or more, or all are 0.
    """
    if asked in (AUTO, EQUAL):
        return (1.0,) * len(names)
    given: dict[str, float] = {}
    example = ",".join(f"{name}=1" for name in names)
    for pair in asked.split(","):
        name, _, value = pair.rpartition("=")
        try:
            given[name.strip()] = float(value)
        except ValueError:
            raise BadOption(f"weights={safe_text(asked, 60)}: expected {AUTO}, {EQUAL} or {example}") from None
    unknown = [name for name in given if name not in names] + [name for name in names if name not in given]
    bad = [value for value in given.values() if not 0 <= value < float("inf")]
    if unknown or bad or not sum(given.values()) > 0:
        why = f"the targets are {', '.join(names)}" if unknown else "weights are 0 or more, and not all 0"
        raise BadOption(f"weights={safe_text(asked, 60)}: {why}  example: weights={example}")
    return tuple(given[name] for name in names)


def recognize(_target: Target, names: Names) -> str:
    """Return the reason why targets are several: each with its kind."""
    return "; ".join(f"{safe_text(head.name, 40)}: {head.kind}" for head in heads_of(names))


def head_names(_target: Target, names: Names) -> Names:
    """Return the name of each target."""
    return tuple(head.name for head in heads_of(names))


def infos(heads: Sequence[HeadTask]) -> tuple[HeadInfo, ...]:
    """Return what a run keeps of its heads."""
    return tuple(HeadInfo(one.head.name, one.head.kind, one.task.info, one.unit, one.weight) for one in heads)
