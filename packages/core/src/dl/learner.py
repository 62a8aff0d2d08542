"""Learners of scikit-learn: what a network has to beat, and models themselves.

A plugin registers one as a `dl.specs.ModelSpec` with ``classifier`` or ``regressor``, functions from the options to a
`Learner`. It reads raw examples, since what it learns of its inputs is its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from dl.data.examples import Subset
from dl.options import Options


@dataclass(frozen=True)
class Learner:
    """A learner of scikit-learn, and the rows that it reads.

    The fitted estimator, and what ``prepare`` learnt, are stored by skops: objects of scikit-learn, numpy and scipy,
    and plain values, alone or in dicts, lists and tuples.

    Args:
        answer: In words, as it stands in a report: ``histogram boosting``.
        build: Builds the estimator, unfitted. Several labels or values are given to one each.
        prepare: From a training set to what is learnt of its inputs, such as a fitted scaler, and its rows (n, D).
        rows: From what was learnt and another set to its rows (m, D).
        most: Training examples that ``dl baseline`` gives it, drawn at random where there are more.
        quick: Numbers - pixels, bytes, cells - in the training examples that it is given beside every fit; 0 for a
            learner that stands beside none.
        by_class: Whether it takes as many times as long as there are classes.
        suits: Whether it is worth its time beside a fit, by the training and the validation set; as a model of its own
            it reads any.
        trusted: Full names of further types that the fitted learner holds, ``package.module.Type``, to be built from a
            stored run.
        reads: Whether it can read these examples; of several kinds of input it reads one, which may not be there.
        export: From what was learnt, the fitted estimators and the options of the data to a `Preparation` of exports
            down to rows (N, D) in double precision, and a list of modules, one for each estimator, from rows to
            probabilities (N, C) in the order of its classes, or values (N,). None if runs are not exported.
    """

    answer: str
    build: Callable[[], Any]  # Any: scikit-learn has no types
    prepare: Callable[[Subset], tuple[Any, Any]]  # Any: likewise; rows are arrays or sparse matrices
    rows: Callable[[Any, Subset], Any]  # Any: likewise
    most: int = 10_000
    quick: int = 2_000_000
    by_class: bool = False
    suits: Callable[[Subset, Subset], bool] = lambda train, val: True
    trusted: tuple[str, ...] = ()
    reads: Callable[[Subset], bool] = lambda subset: True
    export: Callable[[Any, Sequence[Any], Options], tuple[Any, Any]] | None = None  # Any: likewise; of rooms with torch
