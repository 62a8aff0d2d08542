"""The eleven rows of dl's own in the task table.

    task             target                last layer   activation      loss (on logits)                  headline
    binary           (N,) in {0, 1}        1            sigmoid         binary cross-entropy              accuracy
    multiclass       (N,) in 0..C-1        C            softmax         cross-entropy                     accuracy
    multilabel       (N, L) in {0, 1}      L            sigmoid each    binary cross-entropy, summed      mAP
    regression       (N,) or (N, D) real   D            none            squared error, scaled targets     MAE
    unit-regression  (N,) or (N, D) 0..1   D            sigmoid         binary cross-entropy              MAE
    next-token       (N, 0)                V a token    softmax         cross-entropy, a token            bits
    reconstruction   (N, 0)                the inputs     none            squared error                   MSE
    next-frame       (N, 0)                a frame      none            squared error                   MSE
    ctc              (N, L) strings        K a step     softmax         CTC, a character                  error rate
    ranking          (N, 2) grade, query   1            none            softmax over a query              MAP
    several          (N, W) of the others  of each      of each         the mean of the others'           relative error

Where the classes of a binary or multiclass target are imbalanced, the headline becomes average precision or macro F1:
accuracy then rewards always giving the common answer. Of two classes the rarer one is to be found, whatever its name.
The target of next-token is in the inputs: its logits at every token are reduced to (N, 4) at once
(`dl.tasks.next_token`). That of reconstruction are the inputs, and its output is reduced to the error of each, (N, 1);
that of next-frame is the last frame of the inputs, likewise.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from dl.tasks import ctc, metrics, next_frame, next_token, ranking, reconstruction, several
from dl.tasks.baselines import constant, constant_classes, constant_labels, constant_numbers, constant_shares
from dl.tasks.beam import beam_search
from dl.tasks.losses import (
    binary_cross_entropy,
    cross_entropy,
    squared_error,
    squared_error_of_shares,
    summed_cross_entropy,
)
from dl.tasks.ngrams import token_baselines
from dl.tasks.targets import (
    are_classes,
    are_labels,
    are_numbers,
    are_shares,
    are_two_classes,
    are_unlabelled,
    as_class_numbers,
    as_flags,
    by_balance,
    check_classes,
    check_labels,
    class_names,
    column_names,
    recognize_classes,
    recognize_labels,
    recognize_numbers,
    recognize_shares,
    recognize_two_classes,
    recognize_unlabelled,
)
from dl.tasks.task import Names, TaskKind, metric, unchanged


def _right_side(preds: Tensor, target: Tensor) -> Tensor:
    """Whether each share lies on its target's side of one half, (N,) or (N, L)."""
    return ((preds > 0.5) == (target > 0.5)).float()


def _absolute_error(preds: Tensor, target: Tensor) -> Tensor:
    return (preds - target).abs().mean(dim=1)


def _margin_of_two(logits: Tensor, target: Tensor) -> Tensor:
    return torch.where(target > 0.5, 1.0, -1.0) * logits.squeeze(1)


def _margin_of_several(logits: Tensor, target: Tensor) -> Tensor:
    """Return the true class's logit minus the largest other. Source: Pleiss et al. 2020, area under the margin."""
    true = logits.gather(1, target[:, None])
    others = logits.scatter(1, target[:, None], -torch.inf)
    return true.squeeze(1) - others.amax(dim=1)


def _class_in_words(answer: Tensor, names: Names) -> str:
    return names[int(answer)]


def _labels_in_words(answer: Tensor, names: Names) -> str:
    return ", ".join(name for name, on in zip(names, answer.tolist(), strict=True) if on) or "none"


BINARY = TaskKind(
    name="binary",
    target="two classes",
    fits=are_two_classes,
    recognize=recognize_two_classes,
    check=check_classes,
    names=class_names,
    outputs=lambda names: 1,
    encode=as_flags,
    activation=lambda logits: torch.sigmoid(logits).squeeze(1),
    loss=binary_cross_entropy,
    metrics=metrics.BINARY,
    headline=by_balance("average_precision"),
    score=_right_side,
    score_name="accuracy",
    score_higher=True,
    predicted=lambda preds: (preds > 0.5).long(),
    answer=_class_in_words,
    values=lambda pred, names: {names[0]: 1 - float(pred), names[1]: float(pred)},
    margin=_margin_of_two,
    has_classes=True,
    finds_class=True,
    probabilities="sigmoid",
    learner="classifier",
    baselines=constant(constant_classes),
)

MULTICLASS = TaskKind(
    name="multiclass",
    target="one of several classes",
    fits=are_classes,
    recognize=recognize_classes,
    check=check_classes,
    names=class_names,
    outputs=lambda names: max(len(names), 2),
    encode=as_class_numbers,
    activation=lambda logits: torch.softmax(logits, dim=1),
    loss=cross_entropy,
    metrics=metrics.MULTICLASS,
    headline=by_balance("macro_f1"),
    score=lambda preds, target: (preds.argmax(dim=1) == target).float(),
    score_name="accuracy",
    score_higher=True,
    predicted=lambda preds: preds.argmax(dim=1),
    answer=_class_in_words,
    margin=_margin_of_several,
    has_classes=True,
    probabilities="softmax",
    learner="classifier",
    baselines=constant(constant_classes),
)

MULTILABEL = TaskKind(
    name="multilabel",
    target="any of several labels",
    fits=are_labels,
    recognize=recognize_labels,
    check=check_labels,
    names=column_names,
    outputs=len,
    encode=as_flags,
    activation=torch.sigmoid,
    loss=summed_cross_entropy,
    metrics=metrics.MULTILABEL,
    score=lambda preds, target: _right_side(preds, target).mean(dim=1),
    score_name="share of right labels",
    score_higher=True,
    predicted=lambda preds: (preds > 0.5).long(),
    answer=_labels_in_words,
    probabilities="sigmoid",
    learner="classifier",
    baselines=constant(constant_labels),
)

REGRESSION = TaskKind(
    name="regression",
    target="real numbers",
    fits=are_numbers,
    recognize=recognize_numbers,
    names=column_names,
    outputs=len,
    scaled=True,
    log_scaled=True,
    activation=unchanged,
    loss=squared_error,
    metrics=metrics.REGRESSION,
    score=_absolute_error,
    score_name="mae",
    learner="regressor",
    baselines=constant(constant_numbers),
)

UNIT_REGRESSION = TaskKind(
    name="unit-regression",
    target="numbers from 0 to 1",
    fits=are_shares,
    recognize=recognize_shares,
    names=column_names,
    outputs=len,
    activation=torch.sigmoid,
    loss=summed_cross_entropy,
    losses={"cross-entropy": summed_cross_entropy, "squared-error": squared_error_of_shares},
    metrics=metrics.REGRESSION,
    score=_absolute_error,
    score_name="mae",
    bounded=True,
    learner="regressor",
    baselines=constant(constant_shares),
)

NEXT_TOKEN = TaskKind(
    name="next-token",
    target="nothing but the inputs",
    fits=are_unlabelled,
    recognize=recognize_unlabelled,
    names=lambda target, names: (),
    outputs=lambda names: len(next_token.SUMS),
    activation=unchanged,
    loss=next_token.nats_a_token,
    metrics=metrics.NEXT_TOKEN,
    score=lambda sums, target: next_token.example_scores(sums),
    score_name="bits_per_character",
    predicted=None,
    from_inputs=True,
    form="causal",
    baselines=token_baselines,
    reduce_logits=next_token.reduce_logits,
    eval_batch_size=32,
)

RECONSTRUCTION = TaskKind(
    name="reconstruction",
    target="nothing but the inputs",
    fits=are_unlabelled,
    names=lambda target, names: (),
    outputs=lambda names: 1,
    activation=unchanged,
    loss=reconstruction.mean_error,
    metrics=metrics.RECONSTRUCTION,
    score=lambda errors, target: errors[:, 0],
    score_name="mse",
    answers=lambda names: reconstruction.ANSWER,
    from_inputs=True,
    form="inputs",
    rungs=reconstruction.rungs,
    reduce_logits=reconstruction.errors,
)

NEXT_FRAME = replace(
    RECONSTRUCTION,
    name="next-frame",
    form="frames",
    rungs=next_frame.rungs,
    reduce_logits=next_frame.errors,
    enclose=next_frame.Enclosed,
    remake=next_frame.replace_last,
)

CTC = TaskKind(
    name="ctc",
    target="strings, one beside each input",
    fits=ctc.are_strings,
    recognize=ctc.recognize_strings,
    check=ctc.check_strings,
    names=ctc.character_names,
    outputs=lambda names: len(names) + 1,
    encode=ctc.as_strings,
    activation=lambda logits: torch.softmax(logits, dim=2),
    loss=ctc.nats_a_character,
    metrics=metrics.CTC,
    score=ctc.example_scores,
    score_name="character_error_rate",
    predicted=ctc.spelled,
    search=beam_search,
    answer=ctc.in_characters,
    values=ctc.confidence,
    answers=lambda names: ctc.CONFIDENCE,
    baselines=ctc.constant_strings,
    form="steps",
    unreachable=ctc.unreachable,
)

RANKING = TaskKind(
    name="ranking",
    target="relevance of rows within queries",
    fits=ranking.are_grades,
    recognize=ranking.recognize_grades,
    names=lambda target, names: tuple(names),
    outputs=lambda names: 1,
    encode=ranking.as_grades,
    activation=unchanged,
    loss=ranking.listwise,
    losses={"listwise": ranking.listwise, "pairwise": ranking.pairwise, "pointwise": ranking.pointwise},
    metrics=metrics.RANKING,
    score=ranking.example_scores,
    score_name="average precision",
    score_higher=True,
    bounded=False,
    answers=lambda names: ranking.ANSWER,
    by_query=True,
    learner="regressor",
    learnt=ranking.relevance_of,
    baselines=ranking.random_order,
    rungs=ranking.rungs,
)

SEVERAL = TaskKind(
    name="several",
    target="several targets of different kinds",
    fits=lambda target: False,
    recognize=several.recognize,
    names=several.head_names,
    outputs=len,
    activation=unchanged,
    loss=squared_error,
    metrics=(metric(several.HEADLINE, "mean", lambda preds, target: (preds - target).abs().mean(), higher=False),),
    score=_absolute_error,
    score_name=several.HEADLINE,
    of_heads=several.make_row,
)

TABLE: dict[str, TaskKind] = {
    row.name: row
    for row in (
        *(BINARY, MULTICLASS, MULTILABEL, REGRESSION, UNIT_REGRESSION),
        *(NEXT_TOKEN, RECONSTRUCTION, NEXT_FRAME, CTC, RANKING, SEVERAL),
    )
}
