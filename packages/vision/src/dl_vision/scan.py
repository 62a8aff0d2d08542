"""Finding images: which folders are parts and classes, and which files lie in them. No image is opened here.

A folder is read once, whatever links point at it; hidden files, what systems leave behind, and whatever is no regular
file (pipes, sockets, broken links) are passed over.
"""

import os
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISDIR, S_ISREG

from dl.errors import BadData, BadFile
from dl.terminal import safe_text

PARTS = {"train": "train", "val": "val", "valid": "val", "validation": "val", "test": "test"}  # by folder name
LITTER = {"thumbs.db", "desktop.ini", "__macosx"}
SUFFIXES = (
    *(".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".gif", ".bmp", ".dib", ".tif", ".tiff", ".webp"),
    *(".ppm", ".pgm", ".pbm", ".pnm", ".jp2", ".avif", ".ico", ".qoi"),
)
EXPECTED = "expected a folder of images for each class, as in cat/1.png dog/2.png"


@dataclass(frozen=True, slots=True)
class ImageFile:
    """A file that should be an image.

    Args:
        path: Where it lies.
        label: Number of its class.
        stamp: Size, times of change in nanoseconds and inode: a file with the same stamp has not been written since.
    """

    path: str
    label: int
    stamp: tuple[int, int, int, int]


@dataclass(frozen=True)
class Found:
    """The classes of one part, sorted by name, and its files in order of class and name."""

    folder: Path
    classes: tuple[str, ...]
    files: list[ImageFile]


def find_parts(root: Path) -> dict[str, Path]:
    """Return the folder of each part; without train / val / test folders inside, all of it is the training part.

    Raises:
        BadData: If this is no folder, is empty, or its parts do not fit together.
    """
    if not root.is_dir():
        found = "is a file" if root.exists() else "is not there"
        raise BadData(f"{_shown(root)} {found}; {EXPECTED}")
    folders = _folders(root)
    inside = [name for name in folders if name.lower() in PARTS]
    others = [name for name in folders if name.lower() not in PARTS]
    if not inside or (others and not _has_folders(root, inside)):
        return {"train": root}
    if others:
        raise BadData(
            f"{_shown(root)} holds {safe_text(others[0])!r} beside {inside[0]!r}; expected train, val, test only"
        )
    parts: dict[str, Path] = {}
    for name in inside:
        part = PARTS[name.lower()]
        if part in parts:
            raise BadData(f"{_shown(root)} holds both {parts[part].name!r} and {name!r}; keep one of them")
        parts[part] = root / name
    if "train" not in parts:
        raise BadData(f"{_shown(root)} holds {', '.join(map(repr, inside))} but no train folder")
    return parts


def find_classes(folder: Path) -> Found:
    """Find the class folders of a part and every file below them.

    Raises:
        BadData: If there are images without class folders, names that differ only in case, or a class without a file.
        BadFile: If a folder cannot be read.
    """
    classes = tuple(_folders(folder))
    files_beside = [entry.name for entry, stat in _entries(folder) if S_ISREG(stat.st_mode)]
    loose = [name for name in files_beside if name.lower().endswith(SUFFIXES)]
    if loose:
        where = "beside the class folders" if classes else "but no class folders"
        raise BadData(f"{_shown(folder)} holds {len(loose)} images, as {safe_text(loose[0])!r}, {where}; {EXPECTED}")
    if not classes:
        found = "no class folders" if files_beside else "nothing"
        raise BadData(f"{_shown(folder)} holds {found}; {EXPECTED}")
    _refuse_twins(classes)
    seen = {_identity(folder / name) for name in classes} | {
        _identity(up) for up in (folder, *folder.resolve().parents)
    }
    files: list[ImageFile] = []
    for label, name in enumerate(classes):
        inside = sorted(walk(folder / name, seen))
        if not inside:
            raise BadData(f"class {safe_text(name)!r} in {_shown(folder)} has no image; remove the folder or fill it")
        files += [ImageFile(path, label, stamp) for path, stamp in inside]
    return Found(folder, classes, files)


def walk(folder: Path, seen: set[tuple[int, int]]) -> Iterator[tuple[str, tuple[int, int, int, int]]]:
    """Give path and stamp of every regular file below a folder, in no order; folders in ``seen`` are not entered.

    Raises:
        BadFile: If a folder cannot be read.
    """
    waiting = [folder]
    while waiting:
        for entry, stat in _entries(waiting.pop()):
            if S_ISREG(stat.st_mode):
                yield entry.path, (stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino)
            elif (stat.st_dev, stat.st_ino) not in seen:
                seen.add((stat.st_dev, stat.st_ino))
                waiting.append(Path(entry.path))


def _entries(folder: Path) -> Iterator[tuple[os.DirEntry[str], os.stat_result]]:
    """Give the files and folders in a folder, links followed, one by one."""
    try:
        with os.scandir(folder) as found:
            for entry in found:
                if entry.name.startswith(".") or entry.name.lower() in LITTER:
                    continue
                stat = _stat(entry)
                if stat and (S_ISREG(stat.st_mode) or S_ISDIR(stat.st_mode)):
                    yield entry, stat
    except OSError as error:
        raise BadFile(f"folder {_shown(folder)} cannot be read: {error.strerror}") from error


def _stat(entry: os.DirEntry[str]) -> os.stat_result | None:
    try:
        return entry.stat()
    except OSError:  # a broken link, or one that leads to itself
        return None


def _folders(folder: Path) -> list[str]:
    return sorted(entry.name for entry, stat in _entries(folder) if S_ISDIR(stat.st_mode))


def _has_folders(root: Path, names: list[str]) -> bool:
    return any(_folders(root / name) for name in names)


def _refuse_twins(classes: tuple[str, ...]) -> None:
    """Refuse names that a person, or another file system, would take for one."""
    seen: dict[str, str] = {}
    for name in classes:
        twin = seen.setdefault(unicodedata.normalize("NFC", name).casefold(), name)
        if twin != name:
            both = f"{safe_text(twin)!r} and {safe_text(name)!r}"
            raise BadData(f"the classes {both} differ only in case; merge them or rename one")


def _identity(folder: Path) -> tuple[int, int]:
    stat = folder.stat()
    return stat.st_dev, stat.st_ino


def _shown(path: Path) -> str:
    return repr(safe_text(path))
