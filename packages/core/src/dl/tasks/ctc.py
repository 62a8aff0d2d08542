"""Read strings: the loss, the answers and the scores of the task ctc, from logits at every step of an input.

Class 0 of the logits is the blank, class k + 1 the name k. A path, one class a step, spells the string that is left
when equal neighbours are joined and blanks are taken out.
Letters: ``N`` examples, ``T`` steps, ``K`` classes with the blank, ``L`` characters of the longest target.

Source: Graves et al. 2006, Connectionist Temporal Classification.
"""

from __future__ import annotations

from collections import Counter

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from dl.data.examples import Subset
from dl.domain import Preprocessor
from dl.errors import BadData
from dl.runs.manifest import Baseline, TaskInfo
from dl.tasks.edits import END, edit_distance, lengths
from dl.tasks.ratio import linear_scores
from dl.tasks.task import Names, Target, Task
from dl.words import spell

BLANK = 0
SURE = 30.0  # logit of the path of a constant answer
CONFIDENCE = ("confidence",)  # the number that is shown with an answer


def are_strings(target: Target) -> bool:
    """Return whether a target is strings of numbers, each ended by -1."""
    whole = target.ndim == 2 and target.shape[1] > 1 and bool(np.issubdtype(target.dtype, np.signedinteger))
    return whole and bool((target[:, -1] == END).all()) and int(target[:, 0].min()) > END


def recognize_strings(target: Target, names: Names) -> str:
    """Return why a target is strings."""
    if not are_strings(target):
        return ""
    longest = int((target != END).sum(axis=1).max())
    return f"strings of up to {longest} of {len(names) or int(target.max()) + 1} characters"


def check_strings(target: Target, names: Names) -> None:
    """Refuse numbers of characters without a name.

    Raises:
        BadData: Naming the number.
    """
    if names and target.max() >= len(names):
        raise BadData(f"a target has character number {target.max()}, but only {len(names)} are named")


def character_names(target: Target, names: Names) -> Names:
    """Return the names of the characters, by default their numbers."""
    return names or tuple(str(k) for k in range(int(target.max()) + 1))


def as_strings(target: Target, _info: TaskInfo) -> Tensor:
    """Encode strings as int64, (N, L)."""
    return torch.from_numpy(target.astype(np.int64))


def nats_a_character(logits: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    """Return the nats that all paths spelling a string cost together, a character, (N,), or their mean.

    Args:
        logits: (N, T, K).
        target: (N, L), ended by -1.
        reduction: ``none`` or ``mean``.
    """
    steps, sizes = logits.shape[1], lengths(target)
    paths = logits.float().log_softmax(dim=2).transpose(0, 1)
    all_steps = torch.full_like(sizes, steps)
    nats = F.ctc_loss(paths, target.clamp_min(0) + 1, all_steps, sizes, BLANK, "none", zero_infinity=True)
    each = nats / sizes.clamp_min(1)
    return each if reduction == "none" else each.mean()


def spelled(preds: Tensor) -> Tensor:
    """Return the string that the most probable path spells, (N, T + 1), ended by -1.

    Args:
        preds: (N, T, K) probabilities, or logits.
    """
    path = preds.argmax(dim=2)
    new = path != F.pad(path[:, :-1], (1, 0), value=BLANK)
    kept = new & (path != BLANK)
    last = path.shape[1]
    places = torch.where(kept, kept.long().cumsum(dim=1) - 1, last)
    return path.new_full((path.shape[0], last + 1), END).scatter(1, places, torch.where(kept, path - 1, END))


def example_scores(preds: Tensor, target: Tensor) -> Tensor:
    """Score each string so that the mean over strings is exactly the character error rate; (N,)."""
    return linear_scores(edit_distance(spelled(preds), target).double(), lengths(target).double())


def error_rate(found: Tensor, wanted: Tensor) -> Tensor:
    """Return all edits over all characters, of strings (N, L) ended by -1."""
    return edit_distance(found, wanted).sum() / lengths(wanted).sum()


def character_error_rate(preds: Tensor, target: Tensor) -> Tensor:
    """Return the error rate of the strings that the most probable paths spell."""
    return error_rate(spelled(preds), target)


def exact(preds: Tensor, target: Tensor) -> Tensor:
    """Return the share of strings without an error."""
    return (edit_distance(spelled(preds), target) == 0).double().mean()


def in_characters(answer: Tensor, names: Names) -> str:
    """Write a string, ended by -1."""
    return spell(answer.tolist(), names)


def confidences(preds: Tensor) -> Tensor:
    """Return the probabilities of the most probable paths, (N,), as geometric means over the steps of (N, T, K)."""
    return preds.double().amax(dim=2).clamp_min(1e-300).log().mean(dim=1).exp()


def confidence(pred: Tensor, _names: Names) -> dict[str, float]:
    """Return the confidence of one pred, (T, K), by its name."""
    return {CONFIDENCE[0]: float(confidences(pred[None]))}


def unreachable(output: Tensor, target: Tensor) -> Tensor:
    """Return which strings no path can spell, (N,) bool: equal neighbours need a blank between them.

    Args:
        output: (1, T, K) of the network for one input.
        target: (N, L), ended by -1.
    """
    twins = (target[:, 1:] == target[:, :-1]) & (target[:, 1:] != END)
    return lengths(target) + twins.sum(dim=1) > output.shape[1]


def constant_strings(task: Task, train: Subset, val: Subset, _preprocessor: Preprocessor) -> tuple[Baseline, ...]:
    """Score the most common string, and of the most common characters at each place the best length of a string."""
    texts = [tuple(row[row != END].tolist()) for row in train.targets]
    common = Counter(texts).most_common(1)[0][0]
    wanted, trained = task.encode(val.targets), task.encode(train.targets)
    by_place = _common_by_place(train.targets)
    rates = [_rate(by_place[: size + 1], trained) for size in range(len(by_place))]
    best = tuple(by_place[: int(np.argmin(rates)) + 1])
    named = (("most common", common), ("best constant", best))
    return tuple(_score(task, name, answer, wanted) for name, answer in named)


def _common_by_place(target: Target) -> list[int]:
    """Return the most common character at each place."""
    columns = [column[column != END] for column in target.T]
    return [int(np.bincount(column).argmax()) for column in columns if len(column)]


def _rate(answer: list[int] | tuple[int, ...], wanted: Tensor) -> float:
    """Return the character error rate of one string for all."""
    found = torch.tensor(answer, dtype=torch.int64).expand(len(wanted), -1)
    return float(error_rate(found, wanted))


def _score(task: Task, name: str, answer: tuple[int, ...], wanted: Tensor) -> Baseline:
    words = task.in_words(torch.tensor(answer))
    return Baseline(name, f"always {words!r}", _rate(answer, wanted))
