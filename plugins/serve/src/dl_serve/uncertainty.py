"""How far an answer may err, by the validation examples that the run answered most like it.

A class is right as often as it was right among the validation examples of nearest probability, and a number errs as
much as it erred among those of the nearest answers. Nothing is assumed of the network; of new inputs that they are
drawn as the validation examples were. Of these, k are near.
Letters: ``n`` validation examples, ``N`` new inputs, ``K`` logits, ``D`` numbers.

Source: Wilson 1927; Papadopoulos et al. 2002 and Lei and Wasserman 2014, conformal intervals, here local.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dl.errors import DLError
from dl.groups import Groups
from dl.inference.loaded import LoadedRun
from dl.inference.predict import Prediction
from dl.intervals import OVERLAP, proportion_interval, widened
from dl.tasks.several import places_of
from dl.tasks.task import Task
from dl.terminal import safe_text
from dl.words import show_number
from dl_serve.kept import NONE_KEPT, Kept, read_kept

LEVEL = 0.9  # of an interval of numbers
SHARE, FEWEST, MOST = 0.2, 20, 100  # of the validation examples that are near
OWN = 250  # validation examples answered with a class, from which on an answer is compared with those alone
Json = dict[str, Any]  # Any: JSON
Answer = tuple[Prediction, Json | None]  # and its uncertainty; None where nothing is known of it
Reader = Callable[[Tensor], "list[Json | None]"]  # from logits (N, K)


class Uncertainty:
    """The uncertainty of the answers of a run.

    Args:
        opened: The run.
    """

    def __init__(self, opened: LoadedRun) -> None:
        self.why = ""  # there is none
        self._read: Reader = lambda logits: [None] * len(logits)
        try:
            self.kept = read_kept(opened.run)
            if self.kept is None:
                self.why = NONE_KEPT
                return
            reader = reader_of(opened.task, self.kept, pooled=bool(opened.run.manifest.protocol))
        except DLError as error:
            self.kept, self.why = None, " ".join(str(error).split())
            return
        if isinstance(reader, str):
            self.why = reader
        else:
            self._read = reader

    def beside(self, predictions: Sequence[Prediction], logits: Tensor) -> list[Answer]:
        """Return predictions with the uncertainty of each; of inputs that were skipped there is none.

        Args:
            predictions: Of N inputs, and of those that were skipped.
            logits: (N, K).
        """
        found = iter(self._read(logits.cpu()))
        return [(one, next(found) if one.values else None) for one in predictions]


def reader_of(task: Task, kept: Kept, *, pooled: bool) -> Reader | str:
    """Return the function from logits to uncertainties; a text with the reason where there is none.

    Args:
        task: Of the run.
        kept: Its validation examples.
        pooled: Whether they were answered by networks that learnt in part from each other's examples.
    """
    if task.row.heads:
        return _of_heads(task, kept, pooled)
    encoded = task.encode(kept.targets)
    return _of_one(task, kept.logits, encoded, kept.groups, pooled)


def _of_heads(task: Task, kept: Kept, pooled: bool) -> Reader:
    """Return the reader of several targets; a head without uncertainty is left out."""
    encoded, readers = task.encode(kept.targets), {}
    for place in places_of(task.row.heads):
        own = _of_one(place.one.task, kept.logits[:, place.logits], place.encoded(encoded), kept.groups, pooled)
        if not isinstance(own, str):
            readers[place.one.head.name] = (place.logits, own)

    def read(logits: Tensor) -> list[Json | None]:
        each = {name: own(logits[:, columns]) for name, (columns, own) in readers.items()}
        rows = [{name: one for name, found in each.items() if (one := found[at])} for at in range(len(logits))]
        return [_several("heads", row) for row in rows]

    return read


def _of_one(task: Task, logits: Tensor, encoded: Tensor, groups: Groups | None, pooled: bool) -> Reader | str:
    """Return the reader of one target, or the reason why there is none."""
    info = task.info
    if groups is not None and groups.few:
        return f"the validation examples are of {len(groups)} groups, too few to tell how far answers err"
    if info.has_classes and info.has_probabilities:
        return _Classes(task, logits, encoded, groups, pooled)
    if info.has_labels:
        return _Labels(task, logits, encoded, groups, pooled)
    others = info.form or info.by_query or info.from_inputs or task.row.answers(info.names)
    if others or task.preds(logits).shape != task.decode(encoded).shape:
        return f"the answers of the task {info.name} are neither classes, labels nor the numbers of a target"
    return _Numbers(task, logits, encoded, groups)


@dataclass(frozen=True)
class Near:
    """Validation examples in the order of a number of theirs, to find those nearest to another number.

    Args:
        order: (n,) their places among all, by rising number.
        at: (n,) the numbers, rising.
    """

    order: NDArray[np.int64]
    at: list[float]

    @classmethod
    def of(cls, numbers: NDArray[np.float64], chosen: NDArray[np.int64] | None = None) -> Near:
        """Sort those of chosen places; None for all."""
        chosen = np.arange(len(numbers)) if chosen is None else chosen
        order = chosen[np.argsort(numbers[chosen], kind="stable")]
        return cls(order, numbers[order].tolist())

    @cached_property
    def size(self) -> int:
        """How many are near: a fifth, but neither few nor more than are needed."""
        return min(len(self.at), max(FEWEST, min(MOST, round(SHARE * len(self.at)))))

    @cached_property
    def middles(self) -> list[float]:
        """Halfway between each number and the one that takes its place among the nearest of what lies beyond."""
        return [low / 2 + high / 2 for low, high in zip(self.at, self.at[self.size :], strict=False)]

    def place(self, number: float) -> int:
        """Return where the nearest begin."""
        return bisect_left(self.middles, number)

    def window(self, place: int) -> tuple[int, int]:
        """Return from where to where the nearest stand that begin there; those of the same number belong together."""
        return bisect_left(self.at, self.at[place]), bisect_right(self.at, self.at[place + self.size - 1])


@dataclass
class _Rights:
    """How often answers were right among those of nearest odds.

    Args:
        near: By the odds of the answer: the logarithm of its probability over that of the others.
        right: (n,) of all validation examples.
        groups: Of all, likewise.
        pooled: As `reader_of`.
        answered: The class or label that all were answered with; empty for any.
    """

    near: Near
    right: NDArray[np.bool_]
    groups: Groups | None
    pooled: bool
    answered: str = ""
    _known: dict[int, Json] = field(default_factory=dict)

    def read(self, odds: float) -> Json | None:
        """Return the share of right answers near these odds, with its interval."""
        if math.isnan(odds):
            return None
        place = self.near.place(odds)
        known = self._known.get(place)
        if known is None:
            known = self._known[place] = self._count(*self.near.window(place))
        return known

    def _count(self, begin: int, end: int) -> Json:
        places = self.near.order[begin:end]
        right = self.right[places]
        share = float(right.mean())
        interval = proportion_interval(right, None if self.groups is None else self.groups.take(places))
        if self.pooled:
            interval = widened(share, interval, OVERLAP)
        low, high = max(0.0, interval.low), min(1.0, interval.high)
        least, most = (_show(_share(self.near.at[at])) for at in (begin, end - 1))
        what = f" {safe_text(self.answered, 40)!r}" if self.answered else ""
        words = (
            f"Of {end - begin:,} validation examples that were answered{what} with a probability "
            f"{f'of {least}' if least == most else f'from {least} to {most}'}, {_percent(share)} "
            f"[{_percent(low, unit='')}, {_percent(high, unit='')}] were right."
        )
        return {
            "kind": "right",
            "examples": end - begin,
            "from": _share(self.near.at[begin]),
            "to": _share(self.near.at[end - 1]),
            "share": share,
            "low": low,
            "high": high,
            "words": words,
        }


class _Classes:
    """Reads classes: an answer is compared with those of its class where there are enough, else with all."""

    def __init__(self, task: Task, logits: Tensor, encoded: Tensor, groups: Groups | None, pooled: bool) -> None:
        self._task = task
        answers, odds = self._odds(logits)
        right = task.example_scores(logits, encoded).numpy() > 0.5
        self._all = _Rights(Near.of(odds), right, groups, pooled)
        self._own = {}
        for number, name in enumerate(task.info.names):
            chosen = np.flatnonzero(answers == number)
            if len(chosen) >= OWN:
                self._own[number] = _Rights(Near.of(odds, chosen), right, groups, pooled, name)

    def __call__(self, logits: Tensor) -> list[Json | None]:
        answers, odds = self._odds(logits)
        pairs = zip(answers.tolist(), odds.tolist(), strict=True)
        return [self._own.get(answer, self._all).read(own) for answer, own in pairs]

    def _odds(self, logits: Tensor) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return the answers, and the log-odds that each is right by the network."""
        answers = self._task.answers(logits)
        assert answers is not None  # classes are answers
        numbers = answers.long().numpy()
        return numbers, _log_odds(logits.numpy().astype(np.float64), numbers)


def _log_odds(logits: NDArray[np.float64], answers: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the logarithm of the probability of each answer (N,) over that of all others, from logits (N, K)."""
    if logits.shape[1] == 1:
        return np.where(answers > 0, logits[:, 0], -logits[:, 0])
    rows = np.arange(len(logits))
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):  # odds may be infinite
        others = np.exp(logits - logits[rows, answers, None])  # by numpy, whose operations on a few rows cost less
        others[rows, answers] = 0
        odds: NDArray[np.float64] = -np.log(others.sum(axis=1))
    return odds


class _Labels:
    """Reads labels, each by itself, on or off."""

    def __init__(self, task: Task, logits: Tensor, encoded: Tensor, groups: Groups | None, pooled: bool) -> None:
        self._task = task
        answers, odds = self._odds(logits)
        self._rights = {}
        for column, name in enumerate(task.info.names):
            right = answers[:, column] == (encoded[:, column].numpy() > 0.5)
            for on in (False, True):
                chosen = np.flatnonzero(answers[:, column] == on)
                if len(chosen) >= FEWEST:
                    near, words = Near.of(odds[:, column], chosen), name if on else f"not {name}"
                    self._rights[column, on] = _Rights(near, right, groups, pooled, words)

    def __call__(self, logits: Tensor) -> list[Json | None]:
        answers, odds = self._odds(logits)
        rows = []
        for given, own in zip(answers.tolist(), odds.tolist(), strict=True):
            row = {}
            for column, name in enumerate(self._task.info.names):
                rights = self._rights.get((column, given[column]))
                if rights is not None and (found := rights.read(own[column])):
                    row[name] = found
            rows.append(_several("labels", row))
        return rows

    def _odds(self, logits: Tensor) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
        answers = self._task.answers(logits)
        assert answers is not None  # labels are answers
        exact, on = logits.double(), answers > 0
        return on.numpy(), torch.where(on, exact, -exact).numpy()


class _Numbers:
    """Reads numbers: their intervals, as wide as the errors of the nearest answers, in the scale that is learnt."""

    def __init__(self, task: Task, logits: Tensor, encoded: Tensor, groups: Groups | None) -> None:
        self._task, self._scaled, self._groups = task, bool(task.info.scale), groups
        preds, truth = self._learnt(logits), encoded.double() if self._scaled else task.decode(encoded).double()
        self._errors = (preds - truth).abs().numpy()
        self._near = [Near.of(column) for column in preds.numpy().T]
        self._known: dict[tuple[int, int, int], float] = {}
        inside = bool(((preds >= 0) & (preds <= 1)).all() and ((truth >= 0) & (truth <= 1)).all())
        self._shares = task.info.bounded and inside and not self._scaled

    def __call__(self, logits: Tensor) -> list[Json | None]:
        preds = self._learnt(logits)
        arms = torch.tensor([[self._arm(*cell) for cell in enumerate(row)] for row in preds.tolist()]).double()
        arms = arms.reshape(preds.shape)
        low, high = self._shown(preds - arms), self._shown(preds + arms)
        return [self._row(*ends) for ends in zip(low.tolist(), high.tolist(), strict=True)]

    def _learnt(self, logits: Tensor) -> Tensor:
        """Return preds (N, D) in the scale of the loss."""
        return (self._task.row.activation(logits) if self._scaled else self._task.preds(logits)).double()

    def _shown(self, values: Tensor) -> Tensor:
        if self._shares:
            return values.clamp(0, 1)
        return self._task.decode(values) if self._scaled else values

    def _arm(self, column: int, pred: float) -> float:
        """Return how far a pred may lie from the truth, in the scale of the loss; infinite if too few are near."""
        if math.isnan(pred):
            return math.inf
        near = self._near[column]
        window = (column, *near.window(near.place(pred)))
        if window not in self._known:
            places = self._near[column].order[window[1] : window[2]]
            self._known[window] = self._quantile(places, self._errors[places, column])
        return self._known[window]

    def _quantile(self, places: NDArray[np.int64], errors: NDArray[np.float64]) -> float:
        """Return the error that 90 % of those of new inputs do not exceed; examples of a group count as one."""
        near = None if self._groups is None else self._groups.take(places)
        count = len(errors) if near is None else len(near)
        level = math.ceil((count + 1) * LEVEL) / count
        return math.inf if level > 1 else float(np.quantile(errors, level, method="inverted_cdf"))

    def _row(self, low: Sequence[float], high: Sequence[float]) -> Json | None:
        if not all(map(math.isfinite, (*low, *high))):
            return None
        names, count = self._task.info.names, self._near[0].size
        columns = {name: {"low": a, "high": b} for name, a, b in zip(names, low, high, strict=True)}
        alone = len(names) == 1
        each = [
            f"{'' if alone else f'{safe_text(name, 40)} '}from {show_number(one['low'])} to {show_number(one['high'])}"
            for name, one in columns.items()
        ]
        subject = "The true value lies" if alone else "The true values lie"
        share = f"in {100 * LEVEL:.0f} % of cases like this"
        nearest = f"by the errors of {count:,} validation examples with the nearest answers"
        words = f"{subject} {', '.join(each)} {share}, {nearest}."
        return {"kind": "interval", "level": LEVEL, "examples": count, "columns": columns, "words": words}


def _several(kind: str, found: dict[str, Json]) -> Json | None:
    """Return the uncertainties of several labels or heads as one; None where there is none."""
    if not found:
        return None
    words = " ".join(f"{safe_text(name, 40)}: {one['words']}" for name, one in found.items())
    return {"kind": kind, kind: found, "words": words}


def _share(odds: float) -> float:
    """Return the probability of log-odds."""
    return 1 / (1 + math.exp(-odds)) if odds >= 0 else math.exp(odds) / (1 + math.exp(odds)) if odds > -700 else 0.0


def _show(share: float) -> str:
    """Show a probability in two digits, or the first digit of how little is lacking: 0.93, 0.9996, 0.003."""
    rarer = min(share, 1 - share)
    digits = max(2, -math.floor(math.log10(rarer))) if rarer > 0 else 0
    return f"{share:.{min(digits, 9)}f}"


def _percent(share: float, unit: str = " %") -> str:
    return f"{100 * share:.1f}".removesuffix(".0") + unit
