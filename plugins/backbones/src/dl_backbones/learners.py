"""Linear models of scikit-learn on learnt features: what a network on photographs has to beat."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dl.backbone import digest_of
from dl.data.examples import Subset
from dl.errors import BadRun
from dl.features import Extractor
from dl.learner import Learner
from dl.options import Options
from dl_backbones.models import extractor
from dl_vision.learners import ridge

LEAST, LARGEST = 64, 128  # pixels of a side to which images are enlarged and reduced: 0.02 s an image on a core
PHOTOGRAPH = 48  # pixels of a side from which coloured images are taken for photographs
ANSWERED = 2_000  # validation images at most where it is a rival
MOST = 2_000  # training images of ``dl baseline``
PENALTY = 1.0  # of logistic regression, on features as they are
Floats = NDArray[np.float32]


def classifier(options: Options) -> Learner:
    """Return logistic regression."""
    answer = "logistic regression on learnt features"
    return Learner(answer, partial(_logistic, options), _prepare, _rows, MOST, suits=suits)


def regressor(options: Options) -> Learner:
    """Return ridge regression."""
    answer = "ridge regression on learnt features"
    return Learner(answer, partial(ridge, options), _prepare, _rows, MOST, suits=suits)


def suits(train: Subset, val: Subset) -> bool:
    """Return whether images are likely photographs, coloured and not small, and few enough beside a fit."""
    shape = train.examples.array.shape[1:]
    return len(shape) == 3 and shape[2] == 3 and min(shape[:2]) >= PHOTOGRAPH and len(val) <= ANSWERED


def _logistic(options: Options) -> Any:  # Any: scikit-learn has no types
    from sklearn.linear_model import LogisticRegression

    penalty = PENALTY if options["penalty"] == "auto" else float(options["penalty"])
    return LogisticRegression(C=1 / penalty, max_iter=200)


def _prepare(train: Subset) -> tuple[str, Floats]:
    """Return the digest of the network that computes the rows, and the rows of the training set."""
    learnt = digest_of(_extractor(train).body).hex()
    return learnt, _rows(learnt, train)


def _rows(learnt: str, subset: Subset) -> Floats:
    """Return the features of images, (n, F).

    Raises:
        BadRun: If the network has other weights than when the learner was fitted.
    """
    of_images = _extractor(subset)
    if digest_of(of_images.body).hex() != learnt:
        raise BadRun("the network whose features were learnt has other weights now; install the versions of the run")
    return of_images.features(subset.examples, subset.index)


def features(subset: Subset) -> Floats:
    """Return the features of images, (n, F)."""
    return _extractor(subset).features(subset.examples, subset.index)


def _extractor(subset: Subset) -> Extractor:
    height, width, channels = subset.examples.array.shape[1:]
    return extractor(channels, height, width, LEAST, LARGEST)
