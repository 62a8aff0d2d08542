"""Learners of scikit-learn on rows of a table: linear models, and gradient boosting, which is hard to beat there."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dl.data.examples import Subset
from dl.learner import Learner
from dl.options import Options
from dl_tabular.quantiles import MARGIN

if TYPE_CHECKING:
    from torch import nn

    from dl.preparation import Preparation

MOST = 20_000  # training rows
QUICK = 500_000  # cells
RARE = 3  # training rows below which categories are encoded alike
MOST_WORDS = 250  # categories of a column for boosting, which takes up to 255
STRENGTHS = (-3, 3, 13)  # exponents of ten of the least and the greatest penalty of ridge regression, and their number
Rows = NDArray[Any]  # Any: a structured type of numbers and texts
Prepared = dict[str, Any]  # Any: names of columns, and objects of scikit-learn


def linear_classifier(options: Options) -> Learner:
    """Return logistic regression."""
    build = partial(logistic, options)
    return Learner("logistic regression", build, _prepare_scaled, _scaled, MOST, QUICK, export=_export_linear)


def linear_regressor(options: Options) -> Learner:
    """Return ridge regression."""
    build = partial(ridge, options)
    return Learner("ridge regression", build, _prepare_scaled, _scaled, MOST, QUICK, export=_export_linear)


def boosting_classifier(options: Options) -> Learner:
    """Return histogram boosting of classes."""
    build = partial(boosting, options, classifies=True)
    return Learner(
        "histogram boosting", build, prepare_ordinal, ordinal, MOST, QUICK, by_class=True, export=_export_boosting
    )


def boosting_regressor(options: Options) -> Learner:
    """Return histogram boosting of numbers."""
    build = partial(boosting, options, classifies=False)
    return Learner("histogram boosting", build, prepare_ordinal, ordinal, MOST, QUICK, export=_export_boosting)


def _export_linear(learnt: Any, estimators: Sequence[Any], options: Options) -> tuple[Preparation, nn.Module]:
    from dl_tabular.exported_learners import linear

    return linear(learnt, estimators, options)


def _export_boosting(learnt: Any, estimators: Sequence[Any], options: Options) -> tuple[Preparation, nn.Module]:
    from dl_tabular.exported_learners import boosting

    return boosting(learnt, estimators, options)


def logistic(options: Options) -> Any:  # Any: scikit-learn has no types
    """Build logistic regression, unfitted."""
    from sklearn.linear_model import LogisticRegression

    penalty = options["penalty"]
    return LogisticRegression(C=1.0 if penalty == "auto" else 1 / float(penalty), max_iter=300)


def ridge(options: Options) -> Any:  # Any: as above
    """Build ridge regression, unfitted."""
    from sklearn.linear_model import Ridge, RidgeCV

    penalty = options["penalty"]
    return RidgeCV(np.logspace(*STRENGTHS)) if penalty == "auto" else Ridge(float(penalty))


def boosting(options: Options, *, classifies: bool) -> Any:  # Any: as above
    """Build histogram gradient boosting, unfitted."""
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    kind = HistGradientBoostingClassifier if classifies else HistGradientBoostingRegressor
    return kind(
        max_iter=options["iterations"], learning_rate=options["rate"], max_leaf_nodes=options["leaves"], random_state=0
    )


def _columns(subset: Subset, prepared: Prepared) -> tuple[NDArray[np.float64], NDArray[np.object_]]:
    """Return the numbers (n, D) and the texts (n, E) of the rows."""
    rows: Rows = subset.examples.array[subset.index]
    numbers = [rows[name].astype(np.float64) for name in prepared["numbers"]]
    words = [rows[name].astype(object) for name in prepared["words"]]
    return (
        np.stack(numbers, axis=1) if numbers else np.empty((len(rows), 0)),
        np.stack(words, axis=1) if words else np.empty((len(rows), 0), object),
    )


def _names(subset: Subset) -> Prepared:
    """Return the names of the columns of numbers and of words."""
    rows: Rows = subset.examples.array
    names = rows.dtype.names or ()
    numbers = [name for name in names if rows.dtype[name].kind == "f"]
    return {"numbers": numbers, "words": [name for name in names if name not in numbers]}


def scaled_rows(subset: Subset) -> Any:  # Any: an array or a sparse matrix
    """Return standardized numbers and encoded categories as rows (n, D)."""
    return _prepare_scaled(subset)[1]


def _prepare_scaled(train: Subset) -> tuple[Prepared, Any]:  # Any: an array or a sparse matrix
    """Learn to standardize numbers, with the mean and a flag where they are missing, and to encode categories."""
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    prepared = _names(train)
    numbers, words = _columns(train, prepared)
    if prepared["numbers"]:
        impute = SimpleImputer(add_indicator=True, keep_empty_features=True)
        prepared["scale"] = make_pipeline(impute, StandardScaler()).fit(numbers)
        prepared["bounds"] = _bounds(numbers)
    if prepared["words"]:
        prepared["encode"] = OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=RARE).fit(words)
    return prepared, _scaled(prepared, train)


def _bounds(numbers: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (2, D) where numbers (n, D) are clipped, as for a network; without a value of a column, nowhere."""
    low, high = (
        reduce(np.where(np.isnan(numbers), empty, numbers), axis=0)
        for reduce, empty in ((np.min, np.inf), (np.max, -np.inf))
    )
    known = low <= high
    margin = MARGIN * np.subtract(high, low, out=np.zeros_like(low), where=known)
    return np.stack([np.where(known, low - margin, -np.inf), np.where(known, high + margin, np.inf)])


def _scaled(prepared: Prepared, subset: Subset) -> Any:  # Any: an array or a sparse matrix
    from scipy.sparse import csr_array, hstack

    numbers, words = _columns(subset, prepared)
    low, high = prepared.get("bounds", (-np.inf, np.inf))  # absent in runs of an earlier dl
    scaled = prepared["scale"].transform(np.clip(numbers, low, high)) if prepared["numbers"] else numbers
    if not prepared["words"]:
        return scaled
    return hstack([csr_array(scaled), prepared["encode"].transform(words)]).tocsr()


def prepare_ordinal(train: Subset) -> tuple[Prepared, NDArray[np.float64]]:
    """Learn to number the categories, the most common ones; missing numbers stay NaN."""
    from sklearn.preprocessing import OrdinalEncoder

    prepared = _names(train)
    if prepared["words"]:
        encode = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1, max_categories=MOST_WORDS)
        prepared["encode"] = encode.fit(_columns(train, prepared)[1])
    return prepared, ordinal(prepared, train)


def ordinal(prepared: Prepared, subset: Subset) -> NDArray[np.float64]:
    """Return the rows with categories as numbers."""
    numbers, words = _columns(subset, prepared)
    return np.hstack([numbers, prepared["encode"].transform(words)]) if prepared["words"] else numbers
