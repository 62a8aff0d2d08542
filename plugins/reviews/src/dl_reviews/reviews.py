"""The data sets of film reviews, with dl's own test set where the published one is not available.

A review belongs to that test set by a hash of its text (`dl.data.examples.content_number`), so the set does not depend
on the order of the file, and exact duplicates are on one side.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from dl.data.examples import Dataset, Examples, content_number
from dl.data.packaged import locate
from dl.data.ragged import texts
from dl_reviews import official as archive
from dl_reviews.official import ACL_IMDB, Archive
from dl_reviews.packaged import COMBINED, Review, read

NAMES = ("negative", "positive")
BOOK_TRAIN = 20_000  # training reviews of the book's LSTM; the rest is the validation set
IMDB_TEST = 20  # one review in 20 is in dl's own test set, so that BOOK_TRAIN and a validation set remain
SENTENCE_TEST = 10
SENTENCE_VAL = 1_000

IMDB_TITLE = "IMDB film reviews, negative or positive"
IMDB_LICENCE = (
    "not stated by its publishers, who ask to cite Maas et al. 2011; the reviews belong to their authors; "
    f"the package {COMBINED.package}: MIT"
)
SENTENCE_LICENCE = (
    "not stated by its publishers, who ask to cite Pang and Lee 2005; the sentences belong to their authors; "
    f"the package {COMBINED.package}: MIT"
)
IMDB_LABELS = (
    "labels: the author's own stars, at most 4 of 10 is negative and at least 7 positive; reviews between are left "
    "out, so it is easier than reviews as they come"
)


def load_imdb(data_dir: str = "", official: bool = False, known: Archive = ACL_IMDB) -> Dataset:
    """Read the training set of the official archive if it is given or requested, otherwise that of the package.

    Nothing is downloaded unless ``official`` is set.

    Args:
        data_dir: Folder with the archive or its extracted content; empty for none.
        official: Whether to download the archive if no folder is given.
        known: The published archive.

    Raises:
        BadFile: If the reviews are missing, or differ from the published ones.
    """
    if data_dir or official:
        return _official(archive.find(data_dir, known) if data_dir else archive.download(known), known)
    return _packaged_imdb(locate(COMBINED))


def load_rotten_tomatoes() -> Dataset:
    """Read the training set of the sentences.

    Raises:
        BadFile: If the package's file differs from the published one.
    """
    path = locate(COMBINED)
    train, open_test = _own_splits(path, "rotten_tomatoes", SENTENCE_TEST)
    return Dataset(
        name="rotten-tomatoes",
        train=train,
        open_test=open_test,
        val_size=SENTENCE_VAL,
        title="Sentences of film reviews from Rotten Tomatoes, negative or positive",
        licence=SENTENCE_LICENCE,
        source="https://www.cs.cornell.edu/people/pabo/movie-review-data/ (Pang and Lee 2005), "
        f"from {COMBINED.package} {COMBINED.version}",
        notes=(
            "labels: whether the critic's whole review was counted as fresh or rotten; no sentence was labelled, "
            "and some do not show it",
            "as published: in lower case, with spaces around punctuation",
            "8,530 of the 10,662 published sentences; the others are not in the package",
            _own_test_note(SENTENCE_TEST),
        ),
    )


def _packaged_imdb(path: Path) -> Dataset:
    train, open_test = _own_splits(path, "imdb", IMDB_TEST)
    return Dataset(
        name="imdb",
        train=train,
        open_test=open_test,
        val_size=len(train) - BOOK_TRAIN,
        title=f"{IMDB_TITLE}; the training half, with dl's own test set",
        licence=IMDB_LICENCE,
        source="https://ai.stanford.edu/~amaas/data/sentiment/ (Maas et al. 2011), "
        f"from {COMBINED.package} {COMBINED.version}",
        notes=(
            IMDB_LABELS,
            "25,000 reviews, the training half of the published set; its test half is not in the package",
            _own_test_note(IMDB_TEST),
            "reviews of one film are in all splits, while the official test half has other films: expect a slightly "
            "lower score there; data_dir=FOLDER or official=yes uses it",
            f"the test set is small so that {BOOK_TRAIN:,} training reviews remain, as in the book, after a validation "
            "set is held out",
            "96 of the 25,000 reviews are exact duplicates of another one: 88 outside the test set, 8 within it, and "
            "none across",
        ),
    )


def _official(place: Path, known: Archive) -> Dataset:
    train = _examples(archive.read(place, "train", known))
    return Dataset(
        name="imdb",
        train=train,
        open_test=lambda: _examples(archive.read(place, "test", known)),
        val_size=0.2,  # 5,000, and BOOK_TRAIN remain
        title=f"{IMDB_TITLE}; both official halves",
        licence=IMDB_LICENCE,
        source=f"{known.url} (Maas et al. 2011)",
        notes=(
            IMDB_LABELS,
            "the test set is the official one, 25,000 reviews of films that have none in the training half",
        ),
    )


def _own_test_note(share: int) -> str:
    return (
        f"the test set is dl's own, not a published one: the texts whose hash is divisible by {share}; it is the same "
        "in every run, and exact duplicates are on one side"
    )


def _own_splits(path: Path, source: str, share: int) -> tuple[Examples, Callable[[], Examples]]:
    """Read the training set, and return it with the function that reads the test set."""

    def subset(is_test: bool) -> Examples:
        return _examples(r for r in read(path, source) if (_number(r.text) % share == 0) == is_test)

    return subset(False), lambda: subset(True)


def _examples(reviews: Iterable[Review]) -> Examples:
    """Convert reviews to examples; the id is the text's hash, plus 1 for its second copy and so on."""
    kept = list(reviews)
    copies: Counter[int] = Counter()
    ids = np.empty(len(kept), np.int64)
    for position, review in enumerate(kept):
        number = _number(review.text)
        ids[position] = number + copies[number]
        copies[number] += 1
    labels = np.array([review.label for review in kept], np.int64)
    return Examples(texts(r.text for r in kept), labels, ids, NAMES, tuple(review.where for review in kept))


def _number(text: str) -> int:
    return content_number(text.encode())
