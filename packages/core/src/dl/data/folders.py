"""Scanning folders by class: which folders are parts and classes, and which files lie in them. No file is opened here.

A folder is read once, whatever links point at it; hidden files, what systems leave behind, and whatever is no regular
file (pipes, sockets, broken links) are passed over.
"""

import os
import unicodedata
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from stat import S_ISDIR, S_ISREG

import numpy as np

from dl.data.examples import Index
from dl.errors import BadData, BadFile
from dl.terminal import safe_text

PARTS = {"train": "train", "val": "val", "valid": "val", "validation": "val", "test": "test"}  # by folder name
TABLES = ".csv, .tsv, .jsonl, .parquet"
GLANCED = 1000  # files that tell what a folder holds
NAMED = 10  # bad files that a message names
LITTER = {"thumbs.db", "desktop.ini", "__macosx"}


class SkippedFiles(UserWarning):
    """Files of a test part or of a prediction were left out, because ``bad_files=skip`` was asked for."""


@dataclass(frozen=True)
class Wanted:
    """What the files are, for the messages, and what may lie beside the class folders.

    Args:
        one: What a file is called.
        many: What several are called.
        suffixes: How their names end, in lower case. Below a class folder every file counts.
        expected: What a folder should look like.
        loose: Whether such files may lie beside class folders; they are passed over and said.
        unlabelled: Names of folders that hold no class; they are passed over and said.
    """

    one: str
    many: str
    suffixes: tuple[str, ...]
    expected: str
    loose: bool = False
    unlabelled: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file below a class folder.

    Args:
        path: Where it lies.
        label: Number of its class.
        stamp: Size, times of change in nanoseconds and inode: a file with the same stamp has not been written since.
    """

    path: str
    label: int
    stamp: tuple[int, int, int, int]


@dataclass(frozen=True)
class ScannedFolder:
    """The classes of one part, sorted by name, its files in order of class and name, and what was passed over."""

    folder: Path
    classes: tuple[str, ...]
    files: list[FoundFile]
    passed: tuple[str, ...] = ()


def glance(root: Path, wanted: Wanted) -> bool:
    """Return whether one of the first files below a folder is called as the wanted ones are."""
    seen = 0
    for _, _, names in os.walk(root):
        if any(name.lower().endswith(wanted.suffixes) for name in names[:GLANCED]):
            return True
        seen += 1 + len(names)
        if seen > GLANCED:
            break
    return False


def find_parts(root: Path, wanted: Wanted) -> dict[str, Path]:
    """Return the folder of each part; without train / val / test folders inside, all of it is the training part.

    Raises:
        BadData: If this is no folder, is empty, or its parts do not fit together.
    """
    if not root.is_dir():
        found = f"is a file, and not called as a table is ({TABLES})" if root.exists() else "is not there"
        raise BadData(f"{_shown(root)} {found}; {wanted.expected}")
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


def find_classes(folder: Path, wanted: Wanted) -> ScannedFolder:
    """Find the class folders of a part and every file below them.

    Raises:
        BadData: If there are files without class folders, names that differ only in case, or a class without a file.
        BadFile: If a folder cannot be read.
    """
    folders = _folders(folder)
    classes = tuple(name for name in folders if name.lower() not in wanted.unlabelled)
    passed = [f"{name}: a folder without labels, by its name" for name in folders if name not in classes]
    files_beside = sorted(entry.name for entry, stat in _entries(folder) if S_ISREG(stat.st_mode))
    loose = [name for name in files_beside if name.lower().endswith(wanted.suffixes)]
    if loose and not (classes and wanted.loose):
        where = "beside the class folders" if classes else "but no class folders"
        count = f"{len(loose):,} {wanted.many}, as {safe_text(loose[0])!r}"
        raise BadData(f"{_shown(folder)} holds {count}, {where}; {wanted.expected}")
    if not classes:
        found = "no class folders" if files_beside else "nothing"
        raise BadData(f"{_shown(folder)} holds {found}; {wanted.expected}")
    _refuse_twins(classes)
    passed += [f"{name}: beside the class folders" for name in loose]
    return ScannedFolder(folder, classes, _files_by_class(folder, classes, wanted), tuple(passed))


def _files_by_class(folder: Path, classes: tuple[str, ...], wanted: Wanted) -> list[FoundFile]:
    seen = {_identity(folder / name) for name in classes} | {
        _identity(up) for up in (folder, *folder.resolve().parents)
    }
    files: list[FoundFile] = []
    for label, name in enumerate(classes):
        inside = sorted(walk(folder / name, seen))
        if not inside:
            missing = f"class {safe_text(name)!r} in {_shown(folder)} has no {wanted.one}"
            raise BadData(f"{missing}; remove the folder or fill it")
        files += [FoundFile(path, label, stamp) for path, stamp in inside]
    return files


def number_labels(found: ScannedFolder, classes: tuple[str, ...] | None) -> list[int]:
    """Return the label of each file as the training part numbers them; None if this is the training part.

    Raises:
        BadData: If the training part has one class only, or another part one that the training part lacks.
    """
    if classes is None and len(found.classes) < 2:
        name = safe_text(found.classes[0])
        raise BadData(f"{str(found.folder)!r} holds one class only, {name!r}; a classifier needs two")
    numbers = {name: number for number, name in enumerate(classes or found.classes)}
    for name in found.classes:
        if name not in numbers:
            known = ", ".join(safe_text(name) for name in list(numbers)[:5])
            where = f"class {safe_text(name)!r} in {str(found.folder)!r}"
            raise BadData(
                f"{where} is not in the training part, which has: {known}{', ...' if len(numbers) > 5 else ''}"
            )
    return [numbers[found.classes[file.label]] for file in found.files]


def stable_ids(digests: Sequence[bytes], sources: Sequence[str]) -> Index:
    """Return a 63-bit number for each file, from its content and its name: the same in every run."""
    hashed = [
        blake2b(digest + os.fsencode(source), digest_size=8).digest()
        for digest, source in zip(digests, sources, strict=True)
    ]
    return (np.frombuffer(b"".join(hashed), ">u8") >> 1).astype(np.int64)


def relative_name(root: Path, path: str) -> str:
    """Return a path below the root as people are shown it, with slashes."""
    return path[len(str(root)) :].lstrip(os.sep).replace(os.sep, "/")


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


def say_bad(bad: Sequence[str], of: int, what: str, *, skip: bool) -> None:
    """Say which files of a prediction cannot be read.

    Args:
        bad: A line for each of them.
        of: How many files there are.
        what: What they should be, as "text".
        skip: Whether they are left out.

    Raises:
        BadFile: If they are not to be left out, or no other is there.
    """
    shown = ", ".join(repr(safe_text(line)) for line in bad[:NAMED]) + (", ..." if len(bad) > NAMED else "")
    count = f"{len(bad):,} of {of:,} files cannot be read as {what}"
    if not skip or len(bad) == of:
        advice = "" if len(bad) == of else "  leave them out, or go on without them: bad_files=skip"
        raise BadFile(f"{count}: {shown}{advice}")
    warnings.warn(f"{count}, and were skipped: {shown}", SkippedFiles, stacklevel=3)


def unreadable(where: str, bad: Sequence[str], of: int, what: str) -> str:
    """Say in one line how many files cannot be read, which ones first, and what to do.

    Args:
        where: The folder or the list, as it is shown.
        bad: A line for each bad file.
        of: How many files there are.
        what: What they should be, as "text".
    """
    shown = ", ".join(repr(safe_text(line)) for line in bad[:NAMED]) + (", ..." if len(bad) > NAMED else "")
    count = f"{len(bad):,} of {of:,} files in {where} cannot be read as {what}"
    return f"{count}: {shown}  move them away, or go on without them: bad_files=skip"
