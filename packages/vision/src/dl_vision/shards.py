"""Read images from WebDataset shards: tar files in which ``0001.jpg`` and ``0001.cls`` are an image and its class.

A few large files are what object stores and network disks read fast. A shard is indexed once, and an image is read at
its place in it; nothing is unpacked. The class is a name or a number. Shards lie in one folder, or in train / val /
test folders, perhaps beside an index of them. A shard that ends without the end mark of a tar file was cut off, or is
damaged where it ends, and is refused: `tarfile` would pass over what comes after.
Source: the WebDataset format, Aizman, Maltby and Breuel 2019; read by Python's own `tarfile`.
"""

from __future__ import annotations

import os
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from dl import regular
from dl.data.examples import Dataset
from dl.data.file_kinds import is_about
from dl.data.folders import FoundFile, ScannedFolder, Wanted, number_labels, walk
from dl.errors import BadData, BadFile
from dl.options import Options
from dl.terminal import safe_text
from dl.words import many
from dl_vision.cache import read_facts
from dl_vision.decode import LARGEST_FILE, Packed
from dl_vision.folder import SUFFIXES, InspectedSplit, open_folder

SUFFIX = ".tar"
COMPRESSED = (".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz", ".tar.zst", ".tar.lz4")
MAGIC = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\x04\x22\x4d\x18": "lz4",
}
INDEXES = (".idx", ".json", ".parquet")  # what tools write beside shards: offsets, counts, metadata
CLASS = "cls"
LONGEST = 1000  # bytes of the name of a class
EXPECTED = "expected tar files with an image and its class side by side, as 0001.jpg and 0001.cls"
SHARDS = Wanted("image", "images", SUFFIXES, EXPECTED, by_content=True)


@dataclass(frozen=True)
class _Sample:
    image: Packed
    stamp: tuple[int, int, int, int]
    label: str | None
    beside: tuple[str, ...]  # without a class, the suffixes of what else has its key


@dataclass
class _Members:
    """What a shard holds, by the keys of its samples."""

    images: dict[str, tarfile.TarInfo] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    others: dict[str, list[str]] = field(default_factory=dict)


def holds_shards(path: Path) -> bool:
    """Return whether a folder holds tar files, itself or in the folders in it, and nothing else but what is about them.

    Compressed ones count, so that they are refused by their name; hidden files do not.
    """
    any_shard, folders = False, [path]
    while folders:
        with os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                if _is_folder(entry):
                    folders += [path / entry.name] if os.path.dirname(entry.path) == str(path) else []  # noqa: PTH120
                elif entry.name.lower().endswith((SUFFIX, *COMPRESSED)):
                    any_shard = True
                elif not (is_about(entry.name) or entry.name.lower().endswith(INDEXES)):
                    return False
    return any_shard


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads to itself
        return False


def open_shards(path: Path, options: Options) -> Dataset:
    """Read a folder of shards as a data set.

    Raises:
        BadData: If an image has no class, or the shards hold fewer than two.
        BadFile: If a shard is damaged, or an image is and ``bad_files`` is stop.
    """
    return open_folder(path, options, SHARDS, _inspect)


def open_unlabelled_shards(path: Path, options: Options) -> Dataset:
    """Read a folder of shards as a data set without classes.

    Raises:
        BadData: If there is no image.
        BadFile: As `open_shards`.
    """
    return open_folder(path, options, SHARDS, _inspect_all)


def _inspect(folder: Path, classes: tuple[str, ...] | None, cache: Path | None) -> InspectedSplit:
    samples = list(_samples(folder))
    _refuse_without_class([one for one in samples if one.label is None], len(samples))
    names = {str(one.label) for one in samples}
    found = sorted(names, key=int if all(name.isdecimal() for name in names) else None)
    numbers = {name: number for number, name in enumerate(found)}
    files = [FoundFile(one.image, numbers[str(one.label)], one.stamp) for one in samples]
    split = ScannedFolder(folder, tuple(found), files)
    return InspectedSplit(split, number_labels(split, classes), read_facts(files, cache))


def _refuse_without_class(samples: list[_Sample], of: int) -> None:
    """Refuse samples without a class.

    Raises:
        BadData: With the first of them, and what it has in place of one.
    """
    if samples:
        first = samples[0]
        has = f" but a {' and a '.join(f'.{suffix}' for suffix in first.beside)}" if first.beside else ""
        others = f", as {many(len(samples) - 1, 'other')} of {of:,} images" if len(samples) > 1 else ""
        raise BadData(f"{safe_text(first.image)!r} has no class{has}{others}; {EXPECTED}")


def _inspect_all(folder: Path, _classes: tuple[str, ...] | None, cache: Path | None) -> InspectedSplit:
    files = [FoundFile(one.image, 0, one.stamp) for one in _samples(folder)]
    return InspectedSplit(ScannedFolder(folder, (), files), [0] * len(files), read_facts(files, cache))


def _samples(folder: Path) -> Iterator[_Sample]:
    """Yield the images of all shards below a folder, by the names of shards and images.

    Raises:
        BadData: If there is none.
        BadFile: If a shard cannot be read.
    """
    stat, any_image = folder.stat(), False
    for path, stamp in sorted(walk(folder, {(stat.st_dev, stat.st_ino)})):
        if path.lower().endswith((SUFFIX, *COMPRESSED)):
            for sample in _samples_of(path, stamp):
                any_image = True
                yield sample
    if not any_image:
        raise BadData(f"{safe_text(folder)!r} holds no image; {EXPECTED}")


def _samples_of(path: str, stamp: tuple[int, int, int, int]) -> Iterator[_Sample]:
    size, _, changed, inode = stamp
    try:
        with regular.open_regular(path) as stream:
            _refuse_compressed(path, stream)
            found = _members(stream, size)
    except (tarfile.TarError, OSError, ValueError) as error:
        raise BadFile(f"{safe_text(path)!r} cannot be read as a tar file: {safe_text(error, 160)}") from error
    for key, member in sorted(found.images.items()):
        packed = Packed.of(path, member.name, member.offset_data, member.size)
        place = (member.size, member.offset_data, changed, inode)
        label = found.labels.get(key) or None
        yield _Sample(packed, place, label, () if label else tuple(found.others.get(key, ())))


def _refuse_compressed(path: str, stream: IO[bytes]) -> None:
    """Refuse a shard that is compressed, whatever it is called: an image in it has no place of its own.

    Raises:
        BadFile: With the kind of compression.
    """
    start = stream.read(max(map(len, MAGIC)))
    stream.seek(0)
    for magic, kind in MAGIC.items():
        if start.startswith(magic):
            raise BadFile(f"{safe_text(path)!r} is compressed by {kind}; keep shards as plain tar files")


def _members(stream: IO[bytes], size: int) -> _Members:
    """Return the images, classes and other members of a shard; of two members of one name the later one counts.

    Raises:
        tarfile.ReadError: If it is damaged or cut off, or a sample has two images.
    """
    found = _Members()
    with tarfile.open(fileobj=stream, mode="r:") as shard:
        for member in shard:
            if member.offset_data + member.size > size:
                raise tarfile.ReadError(f"it is cut off within {member.name}")
            if member.isreg() and member.sparse is None:
                _sort_in(found, member, stream)
    _need_end(stream, shard.offset)
    return found


def _sort_in(found: _Members, member: tarfile.TarInfo, stream: IO[bytes]) -> None:
    key, suffix = _parted(member.name)
    if not key:
        return
    if suffix == CLASS and member.size <= LONGEST:
        stream.seek(member.offset_data)
        found.labels[key] = stream.read(member.size).decode("utf-8", "replace").strip()
    elif f".{suffix}".endswith(SUFFIXES) and member.size <= LARGEST_FILE:
        if (other := found.images.get(key, member)).name != member.name:
            raise tarfile.ReadError(f"{other.name} and {member.name} are two images of one sample; keep one of them")
        found.images[key] = member
    elif suffix:
        found.others.setdefault(key, []).append(suffix)


def _need_end(stream: IO[bytes], end: int) -> None:
    """Check that nothing but the end mark, blocks of zeros, stands where the members end.

    Raises:
        tarfile.ReadError: If something else does, or nothing.
    """
    stream.seek(end)
    rest = stream.read(tarfile.RECORDSIZE + tarfile.BLOCKSIZE)
    if len(rest) < tarfile.BLOCKSIZE:
        raise tarfile.ReadError(f"it is cut off at byte {end:,}, where its end mark is missing")
    if any(rest[: tarfile.BLOCKSIZE]):
        raise tarfile.ReadError(f"it is damaged at byte {end:,}")
    if any(rest):
        raise tarfile.ReadError(f"it goes on behind its end mark at byte {end:,}, as tar files that were joined")


def _parted(name: str) -> tuple[str, str]:
    """Part the name of a member into the key that a sample's files share, and a suffix in lower case.

    The key of a hidden file, as macOS writes them beside others, is empty.
    """
    folder, _, last = name.rpartition("/")
    key, _, suffix = last.partition(".")
    return (f"{folder}/{key}" if key else ""), suffix.lower()
