"""Cheap rivals of a network on images: linear models and nearest neighbours on pixels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dl.data.examples import Subset
from dl.domain import Rival

SIDE = 32  # pixels of a side, to which larger images are averaged
MOST = 5_000  # training images
Floats = NDArray[np.float32]


def rivals(learner: str) -> Sequence[Rival]:
    """Return a linear model and nearest neighbours, as classifiers or regressors."""
    linear = "logistic regression" if learner == "classifier" else "ridge regression"
    return (
        Rival("linear", f"{linear} on pixels", _linear if learner == "classifier" else _ridge, _pixels, MOST),
        Rival(
            "neighbours", "the nearest neighbours in pixels", _near if learner == "classifier" else _mean, _pixels, MOST
        ),
    )


def _linear() -> Any:  # Any: scikit-learn has no types
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=100, tol=1e-3))


def _ridge() -> Any:  # Any: as above
    from sklearn.linear_model import RidgeCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), RidgeCV(np.logspace(0, 5, 11)))


def _near() -> Any:  # Any: as above
    from sklearn.neighbors import KNeighborsClassifier

    return KNeighborsClassifier(5, algorithm="brute")


def _mean() -> Any:  # Any: as above
    from sklearn.neighbors import KNeighborsRegressor

    return KNeighborsRegressor(5, algorithm="brute")


def _pixels(train: Subset, other: Subset) -> tuple[Floats, Floats]:
    """Return the pixels of both sets as rows, from 0 to 1, of large images those of a smaller copy."""
    return _rows(train), _rows(other)


def _rows(subset: Subset) -> Floats:
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
