"""Learners of scikit-learn on summaries of series: linear models and gradient boosting.

A summary has of each column of numbers mean, deviation, least, greatest, last value and slope; of each category the
share of the steps; and the length. Series of one short length are summarized by each of their values as well.
Letters: ``n`` series, ``D`` numbers of a summary.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dl.data.examples import Subset
from dl.data.ragged import Ragged
from dl.learner import Learner
from dl.options import Options
from dl_sequences.rules import fill_forward
from dl_tabular.learners import boosting, logistic, ridge

MOST = 20_000  # training series
QUICK = 5_000_000  # cells
WORDS = 20  # categories of a column
VALUES = 512  # numbers of a series of one length, up to which each is a column
LINEAR, BOOSTING = "on summaries", "histogram boosting on summaries"
Floats = NDArray[np.float64]
Learnt = dict[str, Any]  # Any: names, categories and objects of scikit-learn


def linear_classifier(options: Options) -> Learner:
    """Return logistic regression."""
    return Learner(f"logistic regression {LINEAR}", partial(logistic, options), _prepare_scaled, _scaled, MOST, QUICK)


def linear_regressor(options: Options) -> Learner:
    """Return ridge regression."""
    return Learner(f"ridge regression {LINEAR}", partial(ridge, options), _prepare_scaled, _scaled, MOST, QUICK)


def boosting_classifier(options: Options) -> Learner:
    """Return histogram boosting of classes."""
    build = partial(boosting, options, classifies=True)
    return Learner(BOOSTING, build, _prepare, summarize, MOST, QUICK, by_class=True)


def boosting_regressor(options: Options) -> Learner:
    """Return histogram boosting of numbers."""
    return Learner(BOOSTING, partial(boosting, options, classifies=False), _prepare, summarize, MOST, QUICK)


def _prepare(train: Subset) -> tuple[Learnt, Floats]:
    """Learn which categories there are, and whether series have one short length."""
    series = _series(train)
    steps: Any = series.values  # a structured type, whose fields numpy cannot type
    learnt: Learnt = {"numbers": [], "words": {}, "length": 0}
    for name in steps.dtype.names or ():
        if steps.dtype[name].kind == "f":
            learnt["numbers"].append(name)
        else:
            words, counts = np.unique(steps[name], return_counts=True)
            learnt["words"][name] = [str(word) for word in words[np.argsort(-counts, kind="stable")][:WORDS]]
    length = int(series.lengths.max())
    if (series.lengths == length).all() and length * len(learnt["numbers"]) <= VALUES:
        learnt["length"] = length
    return learnt, summarize(learnt, train)


def _prepare_scaled(train: Subset) -> tuple[Learnt, Floats]:
    """Learn to standardize summaries, with the mean and a flag where a number is missing."""
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    learnt, found = _prepare(train)
    impute = SimpleImputer(add_indicator=True, keep_empty_features=True)
    learnt["scale"] = make_pipeline(impute, StandardScaler()).fit(found)
    return learnt, _scaled(learnt, train)


def _scaled(learnt: Learnt, subset: Subset) -> Floats:
    return np.asarray(learnt["scale"].transform(summarize(learnt, subset)))


def summary_rows(subset: Subset) -> Floats:
    """Return standardized summaries of series as rows (n, D)."""
    return _prepare_scaled(subset)[1]


def _series(subset: Subset) -> Ragged:
    series = subset.examples.inputs[subset.index]
    assert isinstance(series, Ragged)
    return series


def summarize(learnt: Learnt, subset: Subset) -> Floats:
    """Return summaries of series, (n, D), NaN where a column has no number."""
    series = _series(subset)
    steps: Any = series.values  # a structured type, whose fields numpy cannot type
    starts, lengths = series.offsets[:-1], series.lengths
    found = [lengths.astype(np.float64)]
    for name in learnt["numbers"]:
        values = fill_forward(steps[name], series.offsets)
        found += _of_numbers(values, starts, lengths)
        if learnt["length"]:
            found += list(_to_length(values, series, learnt["length"]).T)
    for name, words in learnt["words"].items():
        found += [np.add.reduceat(steps[name] == word, starts, dtype=np.float64) / lengths for word in words]
    return np.stack(found, axis=1)


def _of_numbers(values: Floats, starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> list[Floats]:
    """Return mean, deviation, least, greatest, last value and slope of each series."""
    present = ~np.isnan(values)
    count = np.add.reduceat(present, starts, dtype=np.float64)
    known = np.where(count > 0, 1.0, np.nan)
    place = np.arange(len(values)) - np.repeat(starts + (lengths - 1) / 2, lengths)
    filled = np.where(present, values, 0.0)
    mean = np.add.reduceat(filled, starts) / np.maximum(count, 1) * known
    apart = np.where(present, values - np.repeat(mean, lengths), 0.0)
    spread = np.add.reduceat(np.where(present, place**2, 0.0), starts)
    slope = np.add.reduceat(apart * np.where(present, place, 0.0), starts) / np.maximum(spread, 1e-12) * known
    deviation = np.sqrt(np.add.reduceat(apart**2, starts) / np.maximum(count, 1)) * known
    least = np.minimum.reduceat(np.where(present, values, np.inf), starts) * known
    greatest = np.maximum.reduceat(np.where(present, values, -np.inf), starts) * known
    return [mean, deviation, least, greatest, values[starts + lengths - 1], slope]


def _to_length(values: Floats, series: Ragged, length: int) -> Floats:
    """Return the newest values of series, (n, length), NaN before the first."""
    places = series.offsets[1:, None] - np.arange(length, 0, -1)
    return np.where(places >= series.offsets[:-1, None], values[np.maximum(places, 0)], np.nan)
