"""Scikit-learn's data sets as examples, with a fixed test set: one row in five, chosen by a hash of its content."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import datasets

from dl.data.examples import Dataset, Examples, content_number
from dl_tabular.rows import rows_of

TEST_SHARE = 5  # one example in five is in the test set
BRIGHTEST = 16  # largest pixel value of the digits
OWN_TEST = "the test set is dl's own: the rows whose hash is divisible by 5; it is the same in every run"

TITLES = {
    "digits": "handwritten digits of 43 people, as scikit-learn ships them",
    "wine": "wines of three growers in one region of Italy",
    "breast-cancer": "breast tumours, Wisconsin diagnostic",
    "diabetes": "diabetes patients and their illness a year later",
}
SOURCES = {
    "digits": "UCI, optical recognition of handwritten digits, the part of writers kept apart",
    "wine": "UCI, wine recognition; Forina et al.",
    "breast-cancer": "UCI, breast cancer Wisconsin (diagnostic); Street, Wolberg, Mangasarian 1993",
    "diabetes": "Efron, Hastie, Johnstone, Tibshirani 2004, least angle regression",
}


def load(name: str) -> Dataset:
    """Load one of the four data sets."""
    inputs, targets, names = _READ[name]()
    numbers = np.array([content_number(np.ascontiguousarray(row).tobytes()) for row in inputs], np.int64)
    order = np.argsort(numbers)  # independent of the meaning of the rows
    inputs, targets, numbers = inputs[order], targets[order], numbers[order]
    test = numbers % TEST_SHARE == 0

    def examples(chosen: NDArray[np.bool_]) -> Examples:
        return Examples(inputs[chosen], targets[chosen], numbers[chosen], names)

    return Dataset(
        name=name,
        train=examples(~test),
        open_test=lambda: examples(test),
        title=TITLES[name],
        licence="CC BY 4.0" if name != "diabetes" else "not stated",
        source=SOURCES[name],
        notes=(OWN_TEST,),
    )


_Read = tuple[NDArray[Any], NDArray[np.generic], tuple[str, ...]]  # Any: images, or a structured type


def _digits() -> _Read:
    found = datasets.load_digits()
    pixels = np.round(found.images * (255 / BRIGHTEST)).astype(np.uint8)
    return pixels[..., None], found.target.astype(np.int64), tuple(map(str, found.target_names))


def _table(read: Callable[[], Any]) -> _Read:  # Any: scikit-learn's bunch of arrays
    found = read()
    columns = {str(name): found.data[:, k] for k, name in enumerate(found.feature_names)}
    names = tuple(map(str, getattr(found, "target_names", ()))) or ("progression",)
    kind = np.int64 if len(names) > 1 else np.float64
    return rows_of(columns), found.target.astype(kind), names


_READ: dict[str, Callable[[], _Read]] = {
    "digits": _digits,
    "wine": lambda: _table(datasets.load_wine),
    "breast-cancer": lambda: _table(datasets.load_breast_cancer),
    "diabetes": lambda: _table(lambda: datasets.load_diabetes(scaled=False)),
}
