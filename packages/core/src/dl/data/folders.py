"""Scan a folder of train / val / test folders, class folders and their files. No file is opened here.

A folder is read once, whatever links point at it. Hidden files, litter of operating systems and everything that is not
a regular file (pipes, sockets, broken links) are skipped; other files that are no examples are passed over and named.
"""

import os
import unicodedata
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from stat import S_ISDIR, S_ISREG

import numpy as np

from dl.data.examples import Index
from dl.data.file_kinds import LITTER, choose_kind, is_about, passed_over
from dl.errors import BadData, BadFile
from dl.terminal import safe_text
from dl.words import many

SPLITS = {"train": "train", "val": "val", "valid": "val", "validation": "val", "test": "test"}  # by folder name
TABLES = ".csv, .tsv, .jsonl, .parquet"
NAMED = 10  # bad files that a message names


class SkippedFiles(UserWarning):
    """Files of a test set or of a prediction were left out, because of ``bad_files=skip``."""


@dataclass(frozen=True)
class Wanted:
    """The kind of files to look for, with the words for messages, and what may lie beside the class folders.

    Args:
        one: Singular noun, as ``image``.
        many: Plural noun.
        suffixes: In lower case.
        expected: The expected layout, as the end of an error message.
        loose: Whether such files may lie beside class folders; they are skipped and noted.
        unlabelled: Names of folders that are no class; they are skipped and noted.
        by_content: Whether the domain opens every file below a class folder to tell its kind, whatever its suffix; else
            the suffix decides (`dl.data.file_kinds`).
    """

    one: str
    many: str
    suffixes: tuple[str, ...]
    expected: str
    loose: bool = False
    unlabelled: tuple[str, ...] = ()
    by_content: bool = False


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file below a class folder.

    Args:
        path: Of the file.
        label: Number of its class.
        stamp: Size, mtime and ctime in nanoseconds, and inode: a file with the same stamp is unchanged.
    """

    path: str
    label: int
    stamp: tuple[int, int, int, int]


@dataclass(frozen=True)
class ScannedFolder:
    """Classes sorted by name, and files in order of class and name.

    Args:
        folder: Of the split.
        classes: Names of the class folders.
        files: Below them.
        skipped: Entries that might have been examples, with the reason.
        passed: Paths of files of another kind, relative to the folder.
    """

    folder: Path
    classes: tuple[str, ...]
    files: list[FoundFile]
    skipped: tuple[str, ...] = ()
    passed: tuple[str, ...] = ()


def find_splits(root: Path, wanted: Wanted) -> dict[str, Path]:
    """Return the folder of each split; a folder without train / val / test folders is the training set.

    Raises:
        BadData: If this is not a folder, is empty, or its splits do not fit together.
    """
    if not root.is_dir():
        found = f"is a file without the suffix of a table ({TABLES})" if root.exists() else "is not there"
        raise BadData(f"{_shown(root)} {found}; {wanted.expected}")
    folders = _folders(root)
    inside = [name for name in folders if name.lower() in SPLITS]
    others = [name for name in folders if name.lower() not in SPLITS]
    if not inside or (others and not _has_folders(root, inside)):
        return {"train": root}
    if others:
        raise BadData(
            f"{_shown(root)} holds {safe_text(others[0])!r} beside {inside[0]!r}; expected train, val, test only"
        )
    splits: dict[str, Path] = {}
    for name in inside:
        split = SPLITS[name.lower()]
        if split in splits:
            raise BadData(f"{_shown(root)} holds both {splits[split].name!r} and {name!r}; keep one of them")
        splits[split] = root / name
    if "train" not in splits:
        raise BadData(f"{_shown(root)} holds {', '.join(map(repr, inside))} but no train folder")
    return splits


def find_classes(folder: Path, wanted: Wanted) -> ScannedFolder:
    """Find the class folders of a split and every file below them.

    Raises:
        BadData: If there are files without class folders, names that differ only in case, or a class without a file.
        BadFile: If a folder cannot be read.
    """
    folders = _folders(folder)
    classes = tuple(name for name in folders if name.lower() not in wanted.unlabelled)
    skipped = [f"{name}: a folder without labels, by its name" for name in folders if name not in classes]
    beside = sorted(entry.name for entry, stat in _entries(folder) if S_ISREG(stat.st_mode))
    loose = [name for name in beside if name.lower().endswith(wanted.suffixes) and not is_about(name)]
    if (loose and not wanted.loose) or not classes:
        raise _no_classes(folder, classes, beside, loose, wanted)
    _refuse_twins(classes)
    skipped += [f"{name}: beside the class folders" for name in loose]
    files = _files_by_class(folder, classes)
    kept = [True] * len(files) if wanted.by_content else choose_kind([file.path for file in files], wanted.suffixes)
    _refuse_empty_class(folder, classes, files, kept, wanted)
    passed = [name for name in beside if name not in loose]
    passed += [relative_name(folder, file.path) for file, keep in zip(files, kept, strict=True) if not keep]
    examples = [file for file, keep in zip(files, kept, strict=True) if keep]
    return ScannedFolder(folder, classes, examples, tuple(skipped), tuple(passed))


def _no_classes(
    folder: Path, classes: Sequence[str], beside: Sequence[str], loose: Sequence[str], wanted: Wanted
) -> BadData:
    """Return the error for a folder without class folders, or with examples beside them."""
    if loose:
        where = "beside the class folders" if classes else "but no class folders"
        count = f"{len(loose):,} {wanted.many}, as {safe_text(loose[0])!r}"
        return BadData(f"{_shown(folder)} holds {count}, {where}; {wanted.expected}")
    found = "no class folders" if beside else "nothing"
    return BadData(f"{_shown(folder)} holds {found}; {wanted.expected}")


def files_beside(root: Path, splits: Mapping[str, Path]) -> tuple[str, ...]:
    """Return the files beside the folders of the splits; none where the folder itself is the training set."""
    if root in splits.values():
        return ()
    return tuple(sorted(entry.name for entry, stat in _entries(root) if S_ISREG(stat.st_mode)))


def _files_by_class(folder: Path, classes: tuple[str, ...]) -> list[FoundFile]:
    seen = {_identity(folder / name) for name in classes} | {
        _identity(up) for up in (folder, *folder.resolve().parents)
    }
    files: list[FoundFile] = []
    for label, name in enumerate(classes):
        files += [FoundFile(path, label, stamp) for path, stamp in sorted(walk(folder / name, seen))]
    return files


def _refuse_empty_class(
    folder: Path, classes: tuple[str, ...], files: Sequence[FoundFile], kept: Sequence[bool], wanted: Wanted
) -> None:
    """Refuse a class folder without an example.

    Raises:
        BadData: Naming the class, and the files of another kind in it.
    """
    filled = {file.label for file, keep in zip(files, kept, strict=True) if keep}
    for label, name in enumerate(classes):
        if label in filled:
            continue
        others = [relative_name(folder / name, file.path) for file in files if file.label == label]
        raise BadData(no_example(name, folder, f"no {wanted.one}", others))


def no_example(name: str, folder: Path, lacking: str, others: Sequence[str]) -> str:
    """Return the error message for a class folder without an example.

    Args:
        name: Of the class.
        folder: That holds it.
        lacking: As ``no image``.
        others: Names of the files of another kind in it.
    """
    held = f", but {many(len(others), 'other file')}, as {safe_text(others[0])!r}" if others else ""
    return f"class {safe_text(name)!r} in {_shown(folder)} has {lacking}{held}; remove the folder or fill it"


def number_labels(found: ScannedFolder, classes: tuple[str, ...] | None) -> list[int]:
    """Return the label of each file.

    Args:
        found: The files of one split.
        classes: The classes of the training set; None if this is the training set.

    Raises:
        BadData: If the training set has only one class, or another split has a class that the training set lacks.
    """
    if classes is None and len(found.classes) < 2:
        name = safe_text(found.classes[0])
        raise BadData(f"{str(found.folder)!r} holds only one class, {name!r}; a classifier needs two")
    numbers = {name: number for number, name in enumerate(classes or found.classes)}
    for name in found.classes:
        if name not in numbers:
            known = ", ".join(safe_text(name) for name in list(numbers)[:5])
            where = f"class {safe_text(name)!r} in {str(found.folder)!r}"
            raise BadData(
                f"{where} is not in the training set, which has: {known}{', ...' if len(numbers) > 5 else ''}"
            )
    return [numbers[found.classes[file.label]] for file in found.files]


def stable_ids(digests: Sequence[bytes], sources: Sequence[str]) -> Index:
    """Hash each file's content and name to a 63-bit number that is the same in every run, (n,)."""
    hashed = [
        blake2b(digest + os.fsencode(source), digest_size=8).digest()
        for digest, source in zip(digests, sources, strict=True)
    ]
    return (np.frombuffer(b"".join(hashed), ">u8") >> 1).astype(np.int64)


def relative_name(root: Path, path: str) -> str:
    """Return a path relative to the root, with slashes on every system."""
    return path[len(str(root)) :].lstrip(os.sep).replace(os.sep, "/")


def walk(folder: Path, seen: set[tuple[int, int]]) -> Iterator[tuple[str, tuple[int, int, int, int]]]:
    """Yield path and stamp of every regular file below a folder, unordered; folders in ``seen`` are not entered.

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
    """Yield the files and folders in a folder with their stat, links followed."""
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
    """Refuse class names that differ only in case or Unicode form."""
    seen: dict[str, str] = {}
    for name in classes:
        twin = seen.setdefault(unicodedata.normalize("NFC", name).casefold(), name)
        if twin != name:
            both = f"{safe_text(twin)!r} and {safe_text(name)!r}"
            case = unicodedata.normalize("NFC", name) != unicodedata.normalize("NFC", twin)
            how = "case" if case else "how their accents are written"
            raise BadData(f"the classes {both} differ only in {how}; merge them or rename one")


def _identity(folder: Path) -> tuple[int, int]:
    stat = folder.stat()
    return stat.st_dev, stat.st_ino


def _shown(path: Path) -> str:
    return repr(safe_text(path))


def report_unreadable(bad: Sequence[str], of: int, what: str, *, skip: bool) -> None:
    """Warn of the files of a prediction that cannot be read, or refuse them.

    Args:
        bad: One line for each unreadable file.
        of: Number of all files.
        what: The expected content, as "text".
        skip: Whether unreadable files are left out.

    Raises:
        BadFile: If they are not left out, or no file can be read.
    """
    shown = ", ".join(repr(safe_text(line)) for line in bad[:NAMED]) + (", ..." if len(bad) > NAMED else "")
    count = f"{len(bad):,} of {of:,} files cannot be read as {what}"
    if not skip or len(bad) == of:
        advice = "" if len(bad) == of else "  leave them out, or continue without them: bad_files=skip"
        raise BadFile(f"{count}: {shown}{advice}")
    warnings.warn(f"{count}, and were skipped: {shown}", SkippedFiles, stacklevel=3)


def warn_passed_over(names: Sequence[str]) -> None:
    """Warn of the files of a test set or of a prediction that are of another kind."""
    for note in passed_over(names):
        warnings.warn(note, SkippedFiles, stacklevel=3)


def unreadable_message(where: str, bad: Sequence[str], of: int, what: str) -> str:
    """Return the error message for unreadable files: their number, the first of them, and the remedy.

    Args:
        where: The folder or table, quoted.
        bad: One line for each unreadable file.
        of: Number of all files.
        what: The expected content, as "text".
    """
    shown = ", ".join(repr(safe_text(line)) for line in bad[:NAMED]) + (", ..." if len(bad) > NAMED else "")
    count = f"{len(bad):,} of {of:,} files in {where} cannot be read as {what}"
    return f"{count}: {shown}  move them away, or continue without them: bad_files=skip"
