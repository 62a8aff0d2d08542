"""Learners of scikit-learn on texts: linear models and naive Bayes on words and pairs of words."""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from dl.data.examples import Subset, row_of
from dl.data.projection import project_inputs
from dl.data.ragged import Ragged, as_text
from dl.learner import Learner
from dl.options import Options

MOST = 10_000  # training texts
QUICK = 2_000_000  # bytes
LONGEST = 5_000  # characters of a text
PENALTY = 0.1  # of logistic regression
Learnt = dict[str, Any]  # Any: arrays and flags
STRENGTHS = (-1, 3, 5)  # exponents of ten of the least and the greatest penalty of ridge regression, and their number


def linear_classifier(options: Options) -> Learner:
    """Return logistic regression."""
    answer = "logistic regression on words and pairs"
    return Learner(answer, partial(_logistic, options), _prepare, _weights, MOST, QUICK)


def linear_regressor(options: Options) -> Learner:
    """Return ridge regression."""
    return Learner("ridge regression on words and pairs", partial(_ridge, options), _prepare, _weights, MOST, QUICK)


def bayes_classifier(options: Options) -> Learner:
    """Return multinomial naive Bayes."""
    return Learner("naive Bayes on words and pairs", partial(_bayes, options), _prepare, _weights, MOST, QUICK)


def _logistic(options: Options) -> Any:  # Any: scikit-learn has no types
    from sklearn.linear_model import LogisticRegression

    penalty = PENALTY if options["penalty"] == "auto" else float(options["penalty"])
    return LogisticRegression(C=1 / penalty, max_iter=200)


def _ridge(options: Options) -> Any:  # Any: as above
    from sklearn.linear_model import Ridge, RidgeCV

    penalty = options["penalty"]
    return RidgeCV(np.logspace(*STRENGTHS)) if penalty == "auto" else Ridge(float(penalty))


def _bayes(options: Options) -> Any:  # Any: as above
    from sklearn.naive_bayes import MultinomialNB

    return MultinomialNB(alpha=options["smoothing"])


def word_rows(subset: Subset) -> Any:  # Any: an array or a sparse matrix
    """Return the TF-IDF weights of words and pairs as rows (n, D); of tokens counts of their runs."""
    inputs = subset.examples.inputs
    if isinstance(inputs, Ragged) and inputs.values.dtype != np.uint8:
        return project_inputs(inputs, subset.index)
    return _prepare(subset)[1]


def _prepare(train: Subset) -> tuple[Learnt, Any]:  # Any: a sparse matrix
    """Learn the TF-IDF weights of words and pairs."""
    texts = _texts(train)
    try:
        vectorizer = _vectorizer(min_df=2 if len(train) >= 100 else 1)
        rows = vectorizer.fit_transform(texts)
    except ValueError:  # no word that scikit-learn knows as one: characters then
        vectorizer = _vectorizer(characters=True)
        rows = vectorizer.fit_transform(texts)
    terms = [term.encode("utf-8", "surrogatepass") for term in vectorizer.get_feature_names_out()]
    learnt = {  # arrays: of a million terms a dict is large when stored
        "terms": np.frombuffer(b"".join(terms), np.uint8),
        "lengths": np.array([len(term) for term in terms], np.int64),
        "idf": vectorizer.idf_,
        "characters": vectorizer.analyzer == "char",
    }
    return learnt, rows


def _weights(learnt: Learnt, subset: Subset) -> Any:  # Any: a sparse matrix
    flat, ends = learnt["terms"].tobytes(), np.cumsum(learnt["lengths"]).tolist()
    terms = [flat[start:end].decode("utf-8", "surrogatepass") for start, end in pairwise([0, *ends])]
    vocabulary = {term: number for number, term in enumerate(terms)}
    vectorizer = _vectorizer(characters=learnt["characters"], vocabulary=vocabulary)
    vectorizer.idf_ = learnt["idf"]
    return vectorizer.transform(_texts(subset))


def _vectorizer(*, characters: bool = False, **given: Any) -> Any:  # Any: arguments and a class of scikit-learn
    from sklearn.feature_extraction.text import TfidfVectorizer

    if characters:
        return TfidfVectorizer(analyzer="char", ngram_range=(1, 3), **given)
    return TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, **given)


def _texts(subset: Subset) -> list[str]:
    return [as_text(row_of(subset.examples.inputs, int(k)))[:LONGEST] for k in subset.index]
