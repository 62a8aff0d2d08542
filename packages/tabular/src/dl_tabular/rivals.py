"""Cheap rivals of a network on rows of a table: linear models, and gradient boosting, which is hard to beat there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dl.data.examples import Subset
from dl.domain import Rival

MOST = 20_000  # training rows
RARE = 3  # training rows below which categories are encoded alike
MOST_WORDS = 250  # categories of a column for boosting, which takes up to 255
Rows = NDArray[Any]  # Any: a structured type of numbers and texts


def rivals(learner: str) -> Sequence[Rival]:
    """Return a linear model and histogram boosting, as classifiers or regressors."""
    classifies = learner == "classifier"
    linear = "logistic regression" if classifies else "ridge regression"
    boosting = _boosting_classes if classifies else _boosting_numbers
    return (
        Rival("linear", linear, _logistic if classifies else _ridge, _scaled, MOST),
        Rival("boosting", "histogram boosting", boosting, _ordinal, MOST),
    )


def _logistic() -> Any:  # Any: scikit-learn has no types
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(max_iter=300, tol=1e-3)


def _ridge() -> Any:  # Any: as above
    from sklearn.linear_model import RidgeCV

    return RidgeCV(np.logspace(-3, 3, 13))


def _boosting_classes() -> Any:  # Any: as above
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(random_state=0)


def _boosting_numbers() -> Any:  # Any: as above
    from sklearn.ensemble import HistGradientBoostingRegressor

    return HistGradientBoostingRegressor(random_state=0)


def _columns(subset: Subset) -> tuple[NDArray[np.float64], NDArray[np.object_]]:
    """Return the numbers (n, D) and the texts (n, E) of the rows."""
    rows: Rows = subset.examples.array[subset.index]
    names = rows.dtype.names or ()
    numbers = [name for name in names if rows.dtype[name].kind == "f"]
    words = [name for name in names if name not in numbers]
    return (
        np.stack([rows[name].astype(np.float64) for name in numbers], axis=1) if numbers else np.empty((len(rows), 0)),
        np.stack([rows[name].astype(object) for name in words], axis=1) if words else np.empty((len(rows), 0), object),
    )


def _scaled(train: Subset, other: Subset) -> tuple[Any, Any]:  # Any: arrays or sparse matrices
    """Return standardized numbers, with the mean and a flag where they are missing, and one-hot categories."""
    from scipy.sparse import csr_array, hstack
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    (numbers, words), (others, other_words) = _columns(train), _columns(other)
    scale = make_pipeline(SimpleImputer(add_indicator=True, keep_empty_features=True), StandardScaler())
    encode = OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=RARE)
    first, second = (scale.fit_transform(numbers), scale.transform(others)) if numbers.shape[1] else (numbers, others)
    if not words.shape[1]:
        return first, second
    encoded = encode.fit_transform(words), encode.transform(other_words)
    return tuple(hstack([csr_array(a), b]).tocsr() for a, b in zip((first, second), encoded, strict=True))


def _ordinal(train: Subset, other: Subset) -> tuple[Any, Any]:  # Any: arrays
    """Return numbers, with NaN where they are missing, and the numbers of categories, the most common ones."""
    from sklearn.preprocessing import OrdinalEncoder

    (numbers, words), (others, other_words) = _columns(train), _columns(other)
    if not words.shape[1]:
        return numbers, others
    encode = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1, max_categories=MOST_WORDS)
    return np.hstack([numbers, encode.fit_transform(words)]), np.hstack([others, encode.transform(other_words)])
