"""Rank the rows of a query: the losses, the scores and the metrics of the task ranking.

A target holds the grade of a row, 0 for one that is not relevant, and the number of its query; logits are scores, which
are compared within a query alone. Rows of equal score count as all of their orders on average.
Letters: ``N`` rows, ``Q`` queries; ``n`` rows of a query, ``r`` of them relevant; ``t`` rows of equal score.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from dl.data.examples import Subset
from dl.data.queries import QUERY, RELEVANCE, QueryNames
from dl.domain import Preprocessor
from dl.runs.manifest import Baseline, TaskInfo
from dl.tasks.task import Names, Rung, Target, Task
from dl.terminal import safe_text

ANSWER = ("score",)  # the number that is shown of a row
CUTOFF = 10  # ranks that count for the discounted gain


@dataclass(frozen=True)
class Queries:
    """Which rows are of one query; sums over a query stand in (N,) places, of which the first Q are used.

    Args:
        numbers: (N,) number of each row's query, without gaps.
    """

    numbers: Tensor

    @classmethod
    def of(cls, target: Tensor) -> Queries:
        """Number the queries of a target (N, 2)."""
        ordered, order = target[:, QUERY].sort(stable=True)
        steps = F.pad((ordered[1:] != ordered[:-1]).long(), (1, 0))[: len(ordered)]
        return cls(torch.empty_like(order).scatter(0, order, steps.cumsum(0)))

    def sum(self, values: Tensor) -> Tensor:
        """Sum values of rows (N,) over each query."""
        return values.new_zeros(len(values)).index_add(0, self.numbers, values)

    @cached_property
    def sizes(self) -> Tensor:
        """Rows of each query."""
        return self.sum(torch.ones_like(self.numbers))

    def mean(self, values: Tensor, counted: Tensor) -> Tensor:
        """Return the mean of values of queries over those that count; 0 if none does."""
        return torch.where(counted, values, values.new_zeros(())).sum() / counted.sum().clamp_min(1)

    def of_rows(self, values: Tensor, counted: Tensor) -> Tensor:
        """Turn values of queries into values of rows, (N,), whose mean over rows is the mean over queries.

        The deviation of a query is spread over its rows, so that the sum of rows by query has the error of that mean.

        Args:
            values: Of each query.
            counted: Which queries count; rows of others have the mean.
        """
        mean = self.mean(values, counted)
        scale = len(self.numbers) / (counted.sum().clamp_min(1) * self.sizes.clamp_min(1))
        each = torch.where(counted, mean + (values - mean) * scale, mean)
        return each[self.numbers]


def reduced(values: Tensor, queries: Queries, counted: Tensor, reduction: str) -> Tensor:
    """Return the mean of the losses of queries, or what each row has of it."""
    return queries.of_rows(values, counted) if reduction == "none" else queries.mean(values, counted)


def gains(target: Tensor) -> Tensor:
    """Return the gain of each row, (N,): 2 to the power of its grade, less 1."""
    return torch.exp2(target[:, RELEVANCE].double()) - 1


def listwise(logits: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    """Relative entropy, in nats, of the softmax of a query's scores to the shares of its rows in the gain.

    Of one relevant row a query it is the cross-entropy of a choice among its rows.

    Source: Cao et al. 2007, Learning to rank: from pairwise approach to listwise approach; of one choice, McFadden
        1974.
    """
    scores, queries = logits.squeeze(1), Queries.of(target)
    top = scores.new_full((len(scores),), -torch.inf)
    top = top.scatter_reduce(0, queries.numbers, scores.detach(), "amax")
    shifted = scores - top[queries.numbers]
    logs = shifted - queries.sum(shifted.exp()).clamp_min(torch.finfo(scores.dtype).tiny).log()[queries.numbers]
    whole = queries.sum(gains(target))
    shares = (gains(target) / whole[queries.numbers].clamp_min(1)).to(scores.dtype)
    each = queries.sum(torch.xlogy(shares, shares) - shares * logs)
    return reduced(each, queries, whole > 0, reduction)


def pairwise(logits: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    """Logistic loss, in nats, of the pairs of a query whose grades differ, averaged over them.

    Source: Burges et al. 2005, Learning to rank using gradient descent.
    """
    scores, queries = logits.squeeze(1), Queries.of(target)
    first, second = _pairs(target, queries)
    each = F.softplus(scores[second] - scores[first])
    of_query = queries.numbers[first]
    sums = scores.new_zeros(len(scores)).index_add(0, of_query, each)
    counts = scores.new_zeros(len(scores)).index_add(0, of_query, torch.ones_like(each))
    return reduced(sums / counts.clamp_min(1), queries, counts > 0, reduction)


def _pairs(target: Tensor, queries: Queries) -> tuple[Tensor, Tensor]:
    """Return the rows of each pair, (P,) and (P,): one of a query, and another of it of a lower grade."""
    grades, order = target[:, RELEVANCE], queries.numbers.argsort(stable=True)
    starts = queries.sizes.cumsum(0) - queries.sizes
    relevant = torch.nonzero(grades > 0).flatten()
    own = queries.numbers[relevant]
    counts = queries.sizes[own]
    first = relevant.repeat_interleave(counts)
    within = torch.arange(len(first), device=first.device) - (counts.cumsum(0) - counts).repeat_interleave(counts)
    second = order[starts[own].repeat_interleave(counts) + within]
    differ = grades[first] > grades[second]
    return first[differ], second[differ]


def pointwise(logits: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    """Binary cross-entropy, in nats, of each row alone: whether it is relevant."""
    relevant = (target[:, RELEVANCE] > 0).to(logits.dtype)
    return F.binary_cross_entropy_with_logits(logits.squeeze(1), relevant, reduction=reduction)


@dataclass(frozen=True)
class Ranked:
    """The rows in the order of their scores, query by query.

    Args:
        queries: Which rows are of one query.
        order: (N,) rows, by query and then from the highest score on.
        rank: (N,) of each in its query, from 1.
        blocks: (N,) number of the rows of equal score that each belongs to.
    """

    queries: Queries
    order: Tensor
    rank: Tensor
    blocks: Tensor

    @classmethod
    def of(cls, scores: Tensor, target: Tensor) -> Ranked:
        """Rank rows by scores (N,)."""
        queries = Queries.of(target)
        order = scores.argsort(descending=True, stable=True)
        order = order[queries.numbers[order].argsort(stable=True)]
        own, ordered = queries.numbers[order], scores[order]
        starts = (queries.sizes.cumsum(0) - queries.sizes)[own]
        rank = torch.arange(len(order), device=order.device) - starts + 1
        new = (own[1:] != own[:-1]) | (ordered[1:] != ordered[:-1])
        return cls(queries, order, rank, F.pad(new.long(), (1, 0))[: len(order)].cumsum(0))

    def _over_blocks(self, values: Tensor) -> Tensor:
        """Sum values of rows in order (N,) over those of equal score, (N,) for each row."""
        return values.new_zeros(len(values)).index_add(0, self.blocks, values)[self.blocks]

    def sum(self, values: Tensor) -> Tensor:
        """Sum values of rows in order (N,) over each query."""
        return values.new_zeros(len(values)).index_add(0, self.queries.numbers[self.order], values)

    def on_average(self, values: Tensor) -> Tensor:
        """Return the mean of values of rows (N,) at each rank, over all orders of rows of equal score."""
        ordered = values[self.order]
        return self._over_blocks(ordered) / self._over_blocks(torch.ones_like(ordered))

    def average_precision(self, target: Tensor) -> Tensor:
        """Return the average precision of each query, the mean over all orders of rows of equal score.

        Source: McSherry and Najork 2008, Computing information retrieval performance measures efficiently in the
        presence of tied scores.
        """
        relevant = (target[:, RELEVANCE] > 0).double()[self.order]
        tied, of_tied = self._over_blocks(torch.ones_like(relevant)), self._over_blocks(relevant)
        place = torch.arange(len(relevant), device=relevant.device, dtype=torch.double)
        first = place.new_full((len(place),), torch.inf).scatter_reduce(0, self.blocks, place, "amin")[self.blocks]
        within = place - first  # 0 for the first of a block
        known = relevant.cumsum(0)
        before = known.new_full((len(known),), torch.inf).scatter_reduce(0, self.blocks, known - relevant, "amin")
        whole = self.sum(relevant)
        earlier = (whole.cumsum(0) - whole)[self.queries.numbers[self.order]]
        found = before[self.blocks] - earlier + 1 + within * (of_tied - 1) / (tied - 1).clamp_min(1)
        return self.sum(of_tied / tied * found / self.rank) / whole.clamp_min(1)

    def discounted_gain(self, target: Tensor, most: int = CUTOFF) -> Tensor:
        """Return the discounted gain of the first ranks of each query."""
        seen = (self.rank <= most) / torch.log2(self.rank.double() + 1)
        return self.sum(self.on_average(gains(target)) * seen)

    def precision(self, target: Tensor, most: int) -> Tensor:
        """Return the share of relevant rows among the first of each query, or among all where these are fewer."""
        relevant = (target[:, RELEVANCE] > 0).double()
        sizes = self.queries.sizes.clamp(1, most)
        return self.sum(self.on_average(relevant) * (self.rank <= most)) / sizes


def have_relevant(target: Tensor, queries: Queries) -> Tensor:
    """Return which queries have a relevant row."""
    return queries.sum((target[:, RELEVANCE] > 0).long()) > 0


def example_scores(preds: Tensor, target: Tensor) -> Tensor:
    """Score each row so that the mean over rows is exactly the mean average precision; (N,)."""
    ranked = Ranked.of(preds[:, 0], target)
    return ranked.queries.of_rows(ranked.average_precision(target), have_relevant(target, ranked.queries))


def mean_average_precision(preds: Tensor, target: Tensor) -> Tensor:
    """Return the average precision, averaged over the queries."""
    ranked = Ranked.of(preds[:, 0], target)
    return ranked.queries.mean(ranked.average_precision(target), have_relevant(target, ranked.queries))


def ndcg(preds: Tensor, target: Tensor) -> Tensor:
    """Return the discounted gain of the first ten ranks over that of the best order, averaged over the queries.

    Source: Järvelin and Kekäläinen 2002, with the gain of Burges et al. 2005.
    """
    ranked, best = Ranked.of(preds[:, 0], target), Ranked.of(target[:, RELEVANCE].double(), target)
    ideal = best.discounted_gain(target)
    return ranked.queries.mean(ranked.discounted_gain(target) / ideal.clamp_min(1e-12), ideal > 0)


def precision_at(most: int, preds: Tensor, target: Tensor) -> Tensor:
    """Return the share of relevant rows among the first, averaged over the queries."""
    ranked = Ranked.of(preds[:, 0], target)
    return ranked.queries.mean(ranked.precision(target, most), have_relevant(target, ranked.queries))


def are_grades(target: Target) -> bool:
    """Return whether a target is grades beside the numbers of their queries."""
    whole = target.ndim == 2 and target.shape[1] == 2 and bool(np.issubdtype(target.dtype, np.signedinteger))
    return whole and int(target.min()) >= 0


def recognize_grades(target: Target, names: Names) -> str:
    """Return why a target is grades of rows within queries."""
    if not isinstance(names, QueryNames):
        return ""
    return f"{len(target):,} rows in {len(np.unique(target[:, QUERY])):,} queries, each ranked by relevance"


def as_grades(target: Target, _info: TaskInfo) -> Tensor:
    """Encode a target as int64, (N, 2)."""
    return torch.from_numpy(target.astype(np.int64))


def relevance_of(target: Target) -> Target:
    """Return what a learner of single rows is fitted to: the grades, (N,)."""
    return np.asarray(target[:, RELEVANCE].astype(np.float64))


def random_order(task: Task, train: Subset, val: Subset, _preprocessor: Preprocessor) -> tuple[Baseline, ...]:
    """Score a random order: what all orders have on average."""
    target = task.encode(val.targets)
    logits = torch.zeros(len(target), 1)
    score, loss = task.metrics(logits, target)[task.info.headline.name], float(task.row.loss(logits, target, "mean"))
    return (Baseline("random order", "a random order", score, loss),)


def rungs(task: Task, _network: nn.Module, train: Subset, val: Subset, preprocessor: Preprocessor) -> tuple[Rung, ...]:
    """Score a random order, query by query, and the order by the one column of a table that is best in training."""
    (baseline,), actual = random_order(task, train, val, preprocessor), task.encode(val.targets)
    none = torch.zeros(len(actual), 1)
    found = Rung(baseline, example_scores(none, actual).float().numpy())
    return (found, *_by_column(task, train, val))


def _by_column(task: Task, train: Subset, val: Subset) -> tuple[Rung, ...]:
    """Score the order by the one column of a table that is best on the training set."""
    if not isinstance(train.examples.inputs, np.ndarray) or not train.examples.inputs.dtype.names:
        return ()
    target = task.encode(train.targets)
    queries = Queries.of(target)
    counted = have_relevant(target, queries)
    orders = [one for name in train.examples.inputs.dtype.names for one in _orders(name, train)]
    found = [
        float(queries.mean(Ranked.of(one.scores(train), target).average_precision(target), counted)) for one in orders
    ]
    best = orders[int(np.argmax(found))]
    preds, actual = best.scores(val)[:, None], task.encode(val.targets)
    scores: NDArray[np.float32] = example_scores(preds, actual).float().numpy()
    score = task.metrics_of(preds, actual)[task.info.headline.name]
    answer = f"column {safe_text(best.column, 40)!r} alone, {best.way}"
    return (Rung(Baseline("best column", answer, score, rival=True), scores),)


@dataclass(frozen=True)
class _Order:
    """An order of rows by one column.

    Args:
        column: Its name.
        way: In words.
        sign: 1 where large numbers come first, -1 where small ones do; 0 for categories.
        means: Of categories, their mean grade in training.
    """

    column: str
    way: str
    sign: int
    means: Mapping[Any, float] = field(default_factory=dict)  # Any: a category as it is stored

    def scores(self, subset: Subset) -> Tensor:
        """Return the scores of rows, (n,); a missing number, or a category that training lacks, comes last."""
        cells = _cells(self.column, subset)
        if not self.sign:
            return torch.tensor([self.means.get(cell, -1.0) for cell in cells.tolist()])
        numbers = self.sign * cells.astype(np.float64)
        return torch.from_numpy(np.where(np.isnan(numbers), -np.inf, numbers))


def _cells(column: str, subset: Subset) -> NDArray[Any]:  # Any: numbers or categories
    """Return the cells of a column of a structured array, (n,)."""
    rows: Any = subset.examples.array  # Any: a structured type, whose fields numpy cannot type
    return np.asarray(rows[column][subset.index])


def _orders(name: str, train: Subset) -> list[_Order]:
    """Return the orders by a column: up and down, or categories by their mean grade."""
    cells = _cells(name, train)
    if cells.dtype.kind == "f":
        return [_Order(name, "the largest first", 1), _Order(name, "the smallest first", -1)]
    values, where = np.unique(cells, return_inverse=True)
    means = np.bincount(where.reshape(-1), relevance_of(train.targets)) / np.bincount(where.reshape(-1))
    return [_Order(name, "categories by their relevance", 0, dict(zip(values.tolist(), means.tolist(), strict=True)))]
