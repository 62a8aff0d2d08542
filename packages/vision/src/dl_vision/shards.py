"""Read images from WebDataset shards: tar files in which ``0001.jpg`` and ``0001.cls`` are an image and its class.

A few large files are what object stores and network disks read fast. A shard is indexed once, and an image is read at
its place in it; nothing is unpacked. The class is a name or a number. Shards lie in one folder, or in train / val /
test folders. Source: the WebDataset format, Aizman, Maltby and Breuel 2019; read by Python's own `tarfile`.
"""

from __future__ import annotations

import os
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dl import regular
from dl.data.examples import Dataset
from dl.data.folders import FoundFile, ScannedFolder, Wanted, number_labels, walk
from dl.errors import BadData, BadFile
from dl.options import Options
from dl.terminal import safe_text
from dl_vision.cache import read_facts
from dl_vision.decode import LARGEST_FILE, Packed
from dl_vision.folder import SUFFIXES, InspectedSplit, open_folder

SUFFIX = ".tar"
CLASS = "cls"
LONGEST = 1000  # bytes of the name of a class
EXPECTED = "expected tar files with an image and its class side by side, as 0001.jpg and 0001.cls"
SHARDS = Wanted("image", "images", SUFFIXES, EXPECTED, by_content=True)


@dataclass(frozen=True)
class _Sample:
    image: Packed
    stamp: tuple[int, int, int, int]
    label: str | None


def holds_shards(path: Path) -> bool:
    """Return whether a folder holds tar files, itself or in the folders in it, and no other files but hidden ones."""
    any_shard, folders = False, [path]
    while folders:
        with os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                if entry.is_dir():
                    folders += [path / entry.name] if os.path.dirname(entry.path) == str(path) else []  # noqa: PTH120
                elif not entry.name.lower().endswith(SUFFIX):
                    return False
                else:
                    any_shard = True
    return any_shard


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
    for one in samples:
        if one.label is None:
            raise BadData(f"{safe_text(one.image)!r} has no class; {EXPECTED}")
    names = {str(one.label) for one in samples}
    found = sorted(names, key=int if all(name.isdecimal() for name in names) else None)
    numbers = {name: number for number, name in enumerate(found)}
    files = [FoundFile(one.image, numbers[str(one.label)], one.stamp) for one in samples]
    split = ScannedFolder(folder, tuple(found), files)
    return InspectedSplit(split, number_labels(split, classes), read_facts(files, cache))


def _inspect_all(folder: Path, _classes: tuple[str, ...] | None, cache: Path | None) -> InspectedSplit:
    files = [FoundFile(one.image, 0, one.stamp) for one in _samples(folder)]
    return InspectedSplit(ScannedFolder(folder, (), files), [0] * len(files), read_facts(files, cache))


def _samples(folder: Path) -> Iterator[_Sample]:
    """Yield the images of all shards below a folder, by the names of shards and images.

    Raises:
        BadData: If there is none.
    """
    stat, any_image = folder.stat(), False
    for path, stamp in sorted(walk(folder, {(stat.st_dev, stat.st_ino)})):
        if path.lower().endswith(SUFFIX):
            for sample in _samples_of(path, stamp):
                any_image = True
                yield sample
    if not any_image:
        raise BadData(f"{safe_text(folder)!r} holds no image; {EXPECTED}")


def _samples_of(path: str, stamp: tuple[int, int, int, int]) -> Iterator[_Sample]:
    size, _, changed, inode = stamp
    images, labels = dict[str, tarfile.TarInfo](), dict[str, str]()
    try:
        with regular.open_regular(path) as stream, tarfile.open(fileobj=stream, mode="r:") as shard:
            for member in shard:
                key, suffix = _parted(member.name)
                if not member.isreg() or member.sparse is not None:
                    continue
                if member.offset_data + member.size > size:
                    raise tarfile.ReadError(f"{member.name} is cut off")
                if suffix == CLASS and member.size <= LONGEST:
                    stream.seek(member.offset_data)
                    labels[key] = stream.read(member.size).decode("utf-8", "replace").strip()
                elif f".{suffix}".endswith(SUFFIXES) and member.size <= LARGEST_FILE:
                    images[key] = member
    except (tarfile.TarError, OSError, ValueError) as error:
        why = safe_text(error, 100)
        raise BadFile(f"{safe_text(path)!r} cannot be read as an uncompressed tar file: {why}") from error
    for key, member in sorted(images.items()):
        packed = Packed.of(path, member.name, member.offset_data, member.size)
        yield _Sample(packed, (member.size, member.offset_data, changed, inode), labels.get(key) or None)


def _parted(name: str) -> tuple[str, str]:
    """Part the name of a member into the key that a sample's files share, and a suffix in lower case."""
    folder, _, last = name.rpartition("/")
    key, _, suffix = last.partition(".")
    return f"{folder}/{key}", suffix.lower()
