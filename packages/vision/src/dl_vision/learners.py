"""Learners of scikit-learn on images: linear models and nearest neighbours on pixels."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dl.data.examples import Subset
from dl.learner import Learner
from dl.options import Options

SIDE = 32  # pixels of a side, to which larger images are averaged
MOST = 5_000  # training images
QUICK = 2_000_000  # pixels
PENALTY = 100.0  # of logistic regression
STRENGTHS = (0, 5, 11)  # exponents of ten of the least and the greatest penalty of ridge regression, and their number
NEAREST = "the nearest neighbours in pixels"
Floats = NDArray[np.float32]


def linear_classifier(options: Options) -> Learner:
    """Return logistic regression."""
    return Learner("logistic regression on pixels", partial(_logistic, options), _prepare, _rows, MOST, QUICK)


def linear_regressor(options: Options) -> Learner:
    """Return ridge regression."""
    return Learner("ridge regression on pixels", partial(ridge, options), _prepare, _rows, MOST, QUICK)


def neighbours_classifier(options: Options) -> Learner:
    """Return the vote of the nearest images."""
    return Learner(NEAREST, partial(_vote, options), _prepare, _rows, MOST, QUICK)


def neighbours_regressor(options: Options) -> Learner:
    """Return the mean of the nearest images."""
    return Learner(NEAREST, partial(_mean, options), _prepare, _rows, MOST, QUICK)


def _logistic(options: Options) -> Any:  # Any: scikit-learn has no types
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    penalty = PENALTY if options["penalty"] == "auto" else float(options["penalty"])
    return make_pipeline(StandardScaler(), LogisticRegression(C=1 / penalty, max_iter=100))


def ridge(options: Options) -> Any:  # Any: as above
    """Return ridge regression on scaled rows, unfitted."""
    from sklearn.linear_model import Ridge, RidgeCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    penalty = options["penalty"]
    ridge = RidgeCV(np.logspace(*STRENGTHS)) if penalty == "auto" else Ridge(float(penalty))
    return make_pipeline(StandardScaler(), ridge)


def _vote(options: Options) -> Any:  # Any: as above
    from sklearn.neighbors import KNeighborsClassifier

    return KNeighborsClassifier(options["count"], algorithm="brute")


def _mean(options: Options) -> Any:  # Any: as above
    from sklearn.neighbors import KNeighborsRegressor

    return KNeighborsRegressor(options["count"], algorithm="brute")


def _prepare(train: Subset) -> tuple[None, Floats]:
    """Learn nothing: the rows of images are their pixels."""
    return None, _rows(None, train)


def pixel_rows(subset: Subset) -> Floats:
    """Return the pixels of images as rows (n, D)."""
    return _rows(None, subset)


def _rows(_nothing: None, subset: Subset) -> Floats:
    """Return the pixels of images as rows, from 0 to 1, of large images those of a smaller copy."""
    images = subset.examples.array
    rows = [_small(images[subset.index[start : start + 512]]) for start in range(0, len(subset), 512)]
    return np.concatenate(rows) if rows else np.empty((0, 1), np.float32)


def _small(images: NDArray[np.generic]) -> Floats:
    """Average images (n, H, W, C) over squares of pixels, so that no side is longer than `SIDE`; (n, D) rows."""
    n, height, width = images.shape[:3]
    step = -(-max(height, width) // SIDE)
    whole = images[:, : height - height % step or height, : width - width % step or width].astype(np.float32) / 255
    if step > 1 and min(height, width) >= step:
        rows, columns = whole.shape[1] // step, whole.shape[2] // step
        whole = whole.reshape(n, rows, step, columns, step, -1).mean(axis=(2, 4))
    return whole.reshape(n, -1).astype(np.float32)
