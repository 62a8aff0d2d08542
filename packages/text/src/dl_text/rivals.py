"""Cheap rivals of a network on texts: linear models and naive Bayes on words and pairs of words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from dl.data.examples import Subset, row_of
from dl.data.ragged import as_text
from dl.domain import Rival

MOST = 10_000  # training texts
LONGEST = 5_000  # characters of a text


def rivals(learner: str) -> Sequence[Rival]:
    """Return learners on TF-IDF weights of words and pairs, as classifiers or regressors."""
    if learner != "classifier":
        return (Rival("linear", "ridge regression on words and pairs", _ridge, _weights, MOST),)
    return (
        Rival("linear", "logistic regression on words and pairs", _logistic, _weights, MOST),
        Rival("naive-bayes", "naive Bayes on words and pairs", _bayes, _weights, MOST),
    )


def _logistic() -> Any:  # Any: scikit-learn has no types
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=10, max_iter=200, tol=1e-3)


def _bayes() -> Any:  # Any: as above
    from sklearn.naive_bayes import MultinomialNB

    return MultinomialNB(alpha=0.1)


def _ridge() -> Any:  # Any: as above
    from sklearn.linear_model import RidgeCV

    return RidgeCV(np.logspace(-1, 3, 5))


def _weights(train: Subset, other: Subset) -> tuple[Any, Any]:  # Any: sparse matrices
    """Return the TF-IDF weights of the words and pairs of both sets, learnt from the first."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectorizer = TfidfVectorizer(ngram_range=(1, 2), min_df=2 if len(train) >= 100 else 1, sublinear_tf=True)
    try:
        learnt = vectorizer.fit_transform(_texts(train))
    except ValueError:  # no word that scikit-learn knows as one: characters then
        vectorizer = TfidfVectorizer(analyzer="char", ngram_range=(1, 3))
        learnt = vectorizer.fit_transform(_texts(train))
    return learnt, vectorizer.transform(_texts(other))


def _texts(subset: Subset) -> list[str]:
    return [as_text(row_of(subset.examples.inputs, int(k)))[:LONGEST] for k in subset.index]
