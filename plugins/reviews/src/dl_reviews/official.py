"""The official IMDB archive with both halves: downloaded on request, or given as a file or an extracted folder.

Nothing is extracted to disk: the reviews are read from the stream, and everything else in the archive is skipped. The
download is verified by its hash.
"""

import os
import re
import tarfile
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dl import regular
from dl.data.cache import cache_root
from dl.data.packaged import expect_sha256
from dl.errors import BadFile
from dl.terminal import safe_text
from dl_reviews.packaged import Review

MEMBER = re.compile(r"aclImdb/(train|test)/(neg|pos)/(\d{1,6})_(\d{1,2})\.txt")
LARGEST = 1 << 20  # bytes of one review; the longest published one has 14 thousand


@dataclass(frozen=True)
class Archive:
    """A published archive.

    Args:
        url: Of the archive.
        sha256: Of its bytes.
        per_class: Number of negative, and of positive, reviews in each half.
    """

    url: str
    sha256: str
    per_class: int

    @property
    def name(self) -> str:
        """Its file name."""
        return self.url.rsplit("/", 1)[-1]


# The publishers give no hash; this one is pinned by many projects. As md5: 7c2ac02c03563afcf9b574c7e56c153a.
ACL_IMDB = Archive(
    "https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz",
    "c40f74a18d3b61f90feba1e17730e0d38e8b97c05fde7008942e91923d1658fe",
    12_500,
)


def download(known: Archive = ACL_IMDB) -> Path:
    """Return the archive in the user's cache folder or in ``$DL_CACHE``; download it first if it is missing.

    Raises:
        BadFile: If it cannot be downloaded, or differs from the published one.
    """
    import pooch

    folder = cache_root() / "reviews"  # not a `cache_folder`: a download stays until the user removes it
    try:
        return Path(pooch.retrieve(known.url, f"sha256:{known.sha256}", known.name, folder))
    except (OSError, ValueError) as error:  # network errors are OSErrors; ValueError is a wrong hash
        reason = " ".join(str(error).split())[:200]
        raise BadFile(
            f"{known.url} cannot be downloaded: {reason}  give the folder it lies in with data_dir=, or leave "
            "official=yes out to use the packaged half"
        ) from error


def find(given: str, known: Archive = ACL_IMDB) -> Path:
    """Find the archive or the folder ``aclImdb`` at a path or inside it.

    Raises:
        BadFile: If there is neither.
    """
    path = Path(os.path.expanduser(given))
    for place in (path / "aclImdb", path):
        if os.path.isdir(place / "train" / "pos"):
            return place
    for place in (path / known.name, path):
        if os.path.isfile(place):
            return place
    raise BadFile(
        f"data_dir={safe_text(given, None)!r} holds neither {known.name} nor a folder aclImdb  get it from {known.url}"
    )


def read(place: Path, half: str, known: Archive = ACL_IMDB) -> Iterator[Review]:
    """Read one half, sorted by label and number: the same order from an archive and from a folder.

    Args:
        place: What `find` or `download` returned.
        half: ``train`` or ``test``.
        known: The published archive; for a folder only the number of reviews is checked.

    Raises:
        BadFile: If the archive differs from the published one, a review cannot be read, or some are missing.
    """
    found: dict[tuple[int, int], Review] = {}
    try:
        files = _files_in_archive(place, half, known) if place.is_file() else _files_in_folder(place, half)
        for name, content in files:
            label, number = _label_and_number(name)
            found[label, number] = Review(_decode(content, place, name), label, name)
    except (OSError, EOFError, tarfile.TarError, zlib.error) as error:
        raise BadFile(f"{str(place)!r} cannot be read: {error}  get it again from {known.url}") from error
    counts = Counter(label for label, _ in found)
    if (counts[0], counts[1]) != (known.per_class, known.per_class):
        raise BadFile(
            f"{str(place)!r}: expected {known.per_class:,} negative and as many positive reviews in {half}, found "
            f"{counts[0]:,} and {counts[1]:,}  get it again from {known.url}"
        )
    return (found[key] for key in sorted(found))


def _is_review(name: str, half: str) -> bool:
    match = MEMBER.fullmatch(name)
    return match is not None and match[1] == half


def _label_and_number(name: str) -> tuple[int, int]:
    """Return 1 for a positive review and 0 for a negative one, and its number among them."""
    _, _, kind, file = name.split("/")
    return int(kind == "pos"), int(file.partition("_")[0])


def _files_in_archive(path: Path, half: str, known: Archive) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of the archive members that are reviews of this half."""
    with regular.open_regular(path) as stream:
        expect_sha256(stream, path, known.sha256, f"get it again from {known.url}")
    with tarfile.open(path, "r|gz") as archive:
        for member in archive:
            if not _is_review(member.name, half):
                continue
            content = archive.extractfile(member) if member.isreg() and member.size <= LARGEST else None
            if content is None:
                raise BadFile(f"{str(path)!r}: {member.name} is not a plain file of at most {LARGEST:,} bytes")
            yield member.name, content.read()


def _files_in_folder(place: Path, half: str) -> Iterator[tuple[str, bytes]]:
    """Yield the same from an extracted folder; links are refused."""
    for kind in ("neg", "pos"):
        with os.scandir(place / half / kind) as entries:
            for entry in entries:
                name = f"aclImdb/{half}/{kind}/{entry.name}"
                if not _is_review(name, half):
                    continue
                if not entry.is_file(follow_symlinks=False) or entry.stat().st_size > LARGEST:
                    raise BadFile(f"{entry.path!r} is not a plain file of at most {LARGEST:,} bytes")
                yield name, regular.read_bytes(entry.path)


def _decode(content: bytes, place: Path, name: str) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise BadFile(f"{str(place)!r}: {name} is not UTF-8 at byte {error.start}") from error
