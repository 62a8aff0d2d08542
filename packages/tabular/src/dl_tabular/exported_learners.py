"""Learners on rows as an export computes them: linear models, and the trees of histogram boosting.

Numbers are in double precision throughout, as scikit-learn's are, so that a row falls on the same side of a split.
Letters: ``N`` rows, ``M`` columns of numbers, ``D`` of the rows that a learner reads, ``C`` classes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from dl.data.examples import Inputs
from dl.options import Options
from dl.preparation import Preparation, Raw, category, number
from dl_tabular.derive import parse_derive
from dl_tabular.made import MadeColumns, plan_columns
from dl_tabular.sentinels import parse_missing

UNSEEN = "\0"  # a word that no table holds
Learnt = dict[str, Any]  # Any: names of columns, and objects of scikit-learn
Floats = NDArray[np.float64]


def linear(learnt: Learnt, estimators: Sequence[Any], options: Options) -> tuple[Preparation, nn.Module]:
    """Return how the rows of linear models are prepared, and the models."""
    rows = LinearRows(learnt)
    return _preparation(learnt, rows, options), nn.ModuleList(map(Linear, estimators))


def boosting(learnt: Learnt, estimators: Sequence[Any], options: Options) -> tuple[Preparation, nn.Module]:
    """Return how the rows of boosting are prepared, and its trees."""
    rows = OrdinalRows(learnt)
    return _preparation(learnt, rows, options), nn.ModuleList(map(Trees, estimators))


def _preparation(learnt: Learnt, encode: Callable[..., Tensor], options: Options) -> Preparation:
    numbers, words = learnt["numbers"], learnt["words"]
    known = [tuple(map(str, one)) for one in learnt["encode"].categories_] if words else []
    columns = [number(name, "a number, nan where missing") for name in numbers]
    columns += [
        replace(category(name, own, f"one of {len(own):,} words; another one is unknown"), exact=True)
        for name, own in zip(words, known, strict=True)
    ]
    everywhere, by_column = parse_missing(str(options.get("missing", "none")))
    marks = {name: everywhere | by_column.get(name, frozenset()) for name in numbers}
    plan = plan_columns(columns, numbers, parse_derive(str(options.get("derive", ""))), marks)

    def raw(given: Inputs) -> dict[str, Raw]:
        rows: NDArray[Any] = np.asarray(given)  # Any: a structured type
        return {one.name: rows[held] for one, held in zip(plan.inputs, plan.held, strict=True)}

    return Preparation(plan.inputs, Encoded(MadeColumns(plan), encode), raw)


class Encoded(nn.Module):
    """Encodes raw inputs.

    Args:
        made: Makes columns of them.
        rows: Makes rows of columns.
    """

    def __init__(self, made: MadeColumns, rows: Callable[..., Tensor]) -> None:
        super().__init__()
        self.made, self.rows = made, rows

    def forward(self, *raw: Tensor) -> Tensor:
        """Return rows (N, D) in double precision."""
        return self.rows(*self.made(*raw))


class _Rows(nn.Module):
    """Rows of columns of numbers, then of words.

    Args:
        learnt: By the learner's preparation.
    """

    def __init__(self, learnt: Learnt) -> None:
        super().__init__()
        self.numbers = len(learnt["numbers"])
        tables = _tables(learnt["encode"]) if learnt["words"] else []
        self.tables = nn.ParameterList(nn.Parameter(torch.from_numpy(one), requires_grad=False) for one in tables)

    def forward(self, *columns: Tensor) -> Tensor:
        """Return rows (N, D)."""
        found = [self.of_numbers(torch.stack(columns[: self.numbers], dim=1).double())] if self.numbers else []
        for table, places in zip(self.tables, columns[self.numbers :], strict=True):
            found.append(table[torch.where(places < 0, table.shape[0] - 1, places)])
        return torch.cat(found, dim=1)

    def of_numbers(self, values: Tensor) -> Tensor:
        """Return numbers (N, M) as they stand in rows."""
        return values


def _tables(encoder: Any) -> list[Floats]:  # Any: scikit-learn has no types
    """Return the rows of each word of each column, then that of an unknown one, (words + 1, width)."""
    firsts, found = [one[0] for one in encoder.categories_], list[Floats]()
    for at, words in enumerate(encoder.categories_):
        cells = np.array([firsts] * (len(words) + 1), object)
        cells[:, at] = [*words, UNSEEN]
        coded = encoder.transform(cells)
        dense = np.asarray(coded.toarray() if hasattr(coded, "toarray") else coded, np.float64)
        widths = getattr(encoder, "_n_features_outs", [1] * len(firsts))
        start = int(sum(widths[:at]))
        found.append(np.ascontiguousarray(dense[:, start : start + int(widths[at])]))
    return found


class OrdinalRows(_Rows):
    """Rows with words as numbers, and nan where a number is missing."""


class LinearRows(_Rows):
    """Rows of standardized numbers and marks of gaps, and a column for each word."""

    low: Tensor  # (M,), as are high and fill
    high: Tensor
    fill: Tensor
    mean: Tensor  # (M + gaps,), as is scale
    scale: Tensor

    def __init__(self, learnt: Learnt) -> None:
        super().__init__(learnt)
        if self.numbers:
            impute, scale = (step for _, step in learnt["scale"].steps)
            self.gaps = impute.indicator_.features_.tolist()
            low, high = learnt.get("bounds", np.array([[-np.inf], [np.inf]]) * np.ones(self.numbers))
            for name, values in (("low", low), ("high", high), ("fill", impute.statistics_), ("mean", scale.mean_)):
                self.register_buffer(name, torch.from_numpy(np.asarray(values, np.float64)), persistent=False)
            self.register_buffer("scale", torch.from_numpy(np.asarray(scale.scale_, np.float64)), persistent=False)

    def of_numbers(self, values: Tensor) -> Tensor:
        """Return numbers (N, M) as they stand in rows, (N, M + gaps)."""
        gone = values.isnan()
        near = torch.minimum(torch.maximum(values, self.low), self.high)
        filled = torch.where(gone, self.fill, near)
        every = torch.cat([filled, gone[:, self.gaps].double()], dim=1) if self.gaps else filled
        return (every - self.mean) / self.scale


class Linear(nn.Module):
    """A linear model of scikit-learn.

    Args:
        estimator: Logistic or ridge regression.
    """

    def __init__(self, estimator: Any) -> None:  # Any: as above
        super().__init__()
        self.classifies = hasattr(estimator, "classes_")
        weights = np.atleast_2d(np.asarray(estimator.coef_, np.float64))
        self.weights = nn.Parameter(torch.from_numpy(np.ascontiguousarray(weights.T)), requires_grad=False)
        shift = np.atleast_1d(np.asarray(estimator.intercept_, np.float64))
        self.shift = nn.Parameter(torch.from_numpy(shift), requires_grad=False)

    def forward(self, rows: Tensor) -> Tensor:
        """Return probabilities (N, C) in the order of the estimator's classes, or values (N,)."""
        return _estimated(rows @ self.weights + self.shift, classifies=self.classifies)


class Trees(nn.Module):
    """The trees of histogram boosting: each row goes down all of them at once, a level at a time.

    Args:
        estimator: Of scikit-learn.
    """

    def __init__(self, estimator: Any) -> None:  # Any: as above
        super().__init__()
        self.classifies = hasattr(estimator, "classes_")
        trees = [tree.nodes for one in estimator._predictors for tree in one]
        self.each = len(estimator._predictors[0]) if trees else 1  # trees of an iteration: one for each of many classes
        sizes = [len(one) for one in trees]
        starts = np.cumsum([0, *sizes[:-1]]).astype(np.int64)
        nodes, first = np.concatenate(trees), np.repeat(starts, sizes)
        self.depth = int(nodes["depth"].max())
        leaf = nodes["is_leaf"].astype(bool)
        own = np.arange(len(nodes))
        kept = {
            "starts": starts,
            "feature": nodes["feature_idx"].astype(np.int64),
            "left": np.where(leaf, own, nodes["left"].astype(np.int64) + first),
            "right": np.where(leaf, own, nodes["right"].astype(np.int64) + first),
            "gaps_left": nodes["missing_go_to_left"].astype(bool),
            "baseline": np.asarray(estimator._baseline_prediction, np.float64).reshape(1, -1),
        }
        for name, values in kept.items():
            self.register_buffer(name, torch.from_numpy(np.ascontiguousarray(values)), persistent=False)
        for name, field in (("thresholds", "num_threshold"), ("values", "value")):
            numbers = torch.from_numpy(np.ascontiguousarray(nodes[field], np.float64))
            setattr(self, name, nn.Parameter(numbers, requires_grad=False))

    def forward(self, rows: Tensor) -> Tensor:
        """Return probabilities (N, C) in the order of the estimator's classes, or values (N,)."""
        at = self.get_buffer("starts").expand(rows.shape[0], -1)
        for _ in range(self.depth):
            cell = rows.gather(1, self.get_buffer("feature")[at])
            left = (cell <= self.get_parameter("thresholds")[at]) | (cell.isnan() & self.get_buffer("gaps_left")[at])
            at = torch.where(left, self.get_buffer("left")[at], self.get_buffer("right")[at])
        told = self.get_parameter("values")[at].unflatten(1, (at.shape[1] // self.each, self.each)).sum(dim=1)
        return _estimated(told + self.get_buffer("baseline"), classifies=self.classifies)


def _estimated(told: Tensor, *, classifies: bool) -> Tensor:
    """Return probabilities (N, C), or values (N,), from what an estimator adds up, (N, 1) or (N, C)."""
    if not classifies:
        return told[:, 0]
    if told.shape[1] > 1:
        return told.softmax(dim=1)
    second = told[:, 0].sigmoid()
    return torch.stack([1 - second, second], dim=1)
