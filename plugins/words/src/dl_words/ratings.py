"""Sentiment ratings of words: the lexicon of VADER, read as data, with the ten ratings of each entry.

Its rows are: entry, mean, deviation, and the ratings, from -4 (very bad) to 4 (very good). Only the ratings are used,
since the mean of one row differs from that of its ratings.
"""

import json
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from dl.data.examples import Dataset
from dl.data.packaged import PackagedFile, locate, open_checked
from dl_words.groups import TEST_SHARE, Labelled, split

STEM = 4  # first letters shared by the words of a group


VADER = PackagedFile(
    "vaderSentiment",
    "3.3.2",
    "vaderSentiment/vader_lexicon.txt",
    "1ec9c6e9ee19aade328f8beb393a6afa71a5bb3acf7d3cc22d4ef568df374bf5",
    "ratings",
)
TITLES = {
    "valence": "Words and emoticons: how good or bad people find them, from -4 to 4",
    "positive-share": "Words and emoticons: the share of people who find them good",
}
LABELS = {
    "valence": "target: the mean of the ratings of ten people, in points from -4 to 4",
    "positive-share": "target: the share of ten people who gave more than 0 points, from 0 to 1; no rating between was "
    "asked for, it is counted from theirs",
}


def read(path: Path, known: PackagedFile = VADER) -> dict[str, list[int]]:
    """Read every entry with its ratings; an entry with two rows gets the ratings of both.

    Raises:
        BadFile: If the file is missing, or differs from the published one.
    """
    with open_checked(path, known) as stream:
        content = stream.read()
    ratings: defaultdict[str, list[int]] = defaultdict(list)
    for line in content.decode().splitlines():
        entry, _mean, _deviation, given = line.split("\t")
        ratings[entry].extend(json.loads(given))
    return dict(ratings)


def load(name: str) -> Dataset:
    """Read the lexicon, and return the training set and the opener of the test set.

    Raises:
        BadFile: If the package's file differs from the published one.
    """
    ratings = read(locate(VADER))
    keys = stems(list(ratings))
    rows = [
        Labelled(entry, _target(name, given), own) for (entry, given), own in zip(ratings.items(), keys, strict=True)
    ]
    train, open_test = split(rows, (name,), np.float32)
    return Dataset(
        name=name,
        train=train,
        open_test=open_test,
        val_size=0.15,
        title=TITLES[name],
        licence="MIT, C.J. Hutto",
        source="https://github.com/cjhutto/vaderSentiment (Hutto and Gilbert 2014), "
        f"from {VADER.package} {VADER.version}",
        notes=(
            LABELS[name],
            "the words were rated alone, by ten people each, for use in short messages; scores say nothing about "
            "sentences or other raters",
            "words with a mean of 0, or on which the people disagreed widely, are not in the lexicon",
            f"groups: words that begin with the same {STEM} letters (adore, adored) are on one side of every split, "
            "and so are emoticons of the same characters",
            f"the test set is dl's own: the groups whose hash is divisible by {TEST_SHARE}",
            "hard on purpose: on new stems a linear model of character n-grams has a mean absolute error in valence of "
            "1.42 points, the median 1.51; with forms of one word on both sides it would be 0.68",
            "single words, most of them once: use tokens=chars, not words",
        ),
    )


def stems(entries: Sequence[str]) -> list[tuple[str, ...]]:
    """Return the group keys of each entry: texts that share one are in one group.

    A word of three letters belongs to the group of every stem that begins with it (win: wins, winn).
    """
    words = {entry.lower() for entry in entries if _is_word(entry)}
    known = {word[:STEM] for word in words if len(word) >= STEM}
    return [_keys(entry.lower(), known) for entry in entries]


def _is_word(entry: str) -> bool:
    return entry[:2].isalpha()  # "d:" and "o.o" are emoticons


def _keys(entry: str, known: set[str]) -> tuple[str, ...]:
    if not _is_word(entry):
        return ("".join(sorted(set(entry))),)
    if len(entry) == STEM - 1:
        return (entry, *(stem for stem in sorted(known) if stem.startswith(entry)))
    return (entry[:STEM],)


def _target(name: str, ratings: Sequence[int]) -> tuple[float, ...]:
    if name == "valence":
        return (sum(ratings) / len(ratings),)
    return (sum(rating > 0 for rating in ratings) / len(ratings),)
