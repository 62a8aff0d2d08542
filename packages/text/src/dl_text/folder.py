"""Read a folder of text files by class, or with train / val / test folders inside, as a data set.

The archive of film reviews (aclImdb) has this layout: its lists beside the class folders and its folder of unlabelled
reviews are skipped and noted. The test set stays closed until it is opened.
"""

import os
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dl.data.examples import Dataset, Examples
from dl.data.file_kinds import passed_over
from dl.data.folders import (
    ScannedFolder,
    SkippedFiles,
    Wanted,
    files_beside,
    find_classes,
    find_splits,
    number_labels,
    relative_name,
    stable_ids,
    unreadable_message,
    walk,
    warn_passed_over,
)
from dl.data.ragged import Ragged, of_bytes
from dl.errors import BadData, BadFile
from dl.options import Options
from dl.terminal import safe_text
from dl.words import many, were
from dl_text.decode import digest_of, known_encoding, read_file, to_utf8

EXPECTED = (
    "expected a folder of text files for each class, as in good/1.txt bad/2.txt; to learn the texts themselves: "
    "--task next-token"
)
TEXTS = Wanted("text", "texts", (".txt",), EXPECTED, loose=True, unlabelled=("unsup", "unlabelled", "unlabeled"))


@dataclass(frozen=True)
class ReadTexts:
    """Decoded texts, their positions in the request, content hashes, and the reason for each unreadable file."""

    texts: Ragged
    kept: list[int]
    digests: list[bytes]
    bad: dict[int, str]


def open_path(path: Path, options: Options) -> Dataset:
    """Read a folder of text files as a data set.

    Raises:
        BadData: If the folder holds fewer than two classes, or its splits do not agree.
        BadFile: If a file is not text in this encoding and ``bad_files`` is stop.
        BadOption: If the encoding is unknown.
    """
    root = Path(os.path.abspath(path.expanduser()))  # noqa: PTH100 - links in the path keep the name the user gave
    encoding, skip = known_encoding(str(options["encoding"])), options["bad_files"] == "skip"
    splits = find_splits(root, TEXTS)
    found = {name: find_classes(splits[name], TEXTS) for name in ("train", "val") if name in splits}
    classes = found["train"].classes
    labels = {name: number_labels(split, None if name == "train" else classes) for name, split in found.items()}
    read = {name: read_files([file.path for file in split.files], encoding) for name, split in found.items()}
    bad = [line for name in found for line in _bad_files(root, found[name], read[name])]
    if bad and not skip:
        raise BadFile(unreadable_message(repr(safe_text(root)), bad, sum(map(len, labels.values())), "text"))
    _refuse_empty_class(found["train"], read["train"])
    examples = {name: _examples(root, found[name], labels[name], read[name], classes) for name in found}
    return Dataset(
        name=root.resolve().name or "texts",
        train=examples["train"],
        open_test=_test_opener(root, splits["test"], classes, encoding, skip) if "test" in splits else None,
        val=examples.get("val"),
        title=f"{len(examples['train']):,} texts of {len(classes)} classes",
        source=str(root),
        skipped=(*(line for name in found for line in _inside(root, found[name], found[name].skipped)), *bad),
        notes=passed_over(
            [
                *files_beside(root, splits),
                *(line for name in found for line in _inside(root, found[name], found[name].passed)),
            ]
        ),
    )


def open_unlabelled(path: Path, options: Options) -> Dataset:
    """Read a text file, or all text files below a folder, as texts without a target.

    Raises:
        BadData: If there is no text file.
        BadFile: If a file is not text in this encoding and ``bad_files`` is stop.
        BadOption: If the encoding is unknown.
    """
    root = Path(os.path.abspath(path.expanduser()))  # noqa: PTH100 - links in the path keep the name the user gave
    encoding, skip = known_encoding(str(options["encoding"])), options["bad_files"] == "skip"
    if not root.is_dir():
        train, bad = _texts(root, [str(root)], encoding, skip=False)
        return Dataset(root.stem or "text", train, title="a text", source=str(root))
    folders = find_splits(root, TEXTS)
    splits = {name: _text_files(folder) for name, folder in folders.items()}
    passed = [relative_name(root, path) for name in ("train", "val") if name in folders for path in splits[name][1]]
    train, bad = _texts(root, splits["train"][0], encoding, skip)
    val = _texts(root, splits["val"][0], encoding, skip) if "val" in splits else None
    return Dataset(
        name=root.resolve().name or "texts",
        train=train,
        open_test=(lambda: _texts(root, splits["test"][0], encoding, skip)[0]) if "test" in splits else None,
        val=val[0] if val else None,
        title=many(len(train), "text"),
        source=str(root),
        skipped=(*bad, *(val[1] if val else ())),
        notes=passed_over([*files_beside(root, folders), *passed]),
    )


def _text_files(folder: Path) -> tuple[list[str], list[str]]:
    """Return the text files below a folder, and the other files, sorted by path.

    Raises:
        BadData: If there is no text file.
    """
    stat = folder.stat()
    every = sorted(path for path, _ in walk(folder, {(stat.st_dev, stat.st_ino)}))
    found = [path for path in every if path.lower().endswith(TEXTS.suffixes)]
    if not found:
        raise BadData(f"{safe_text(folder)!r} holds no .txt file; expected texts, in one folder or several")
    return found, [path for path in every if not path.lower().endswith(TEXTS.suffixes)]


def _texts(root: Path, paths: list[str], encoding: str, skip: bool) -> tuple[Examples, list[str]]:
    """Read files as examples without a target; return also the reasons for the files left out."""
    read = read_files(paths, encoding)
    sources = [relative_name(root, path) or root.name for path in paths]
    bad = [f"{sources[at]}: {why}" for at, why in read.bad.items()]
    if bad and len(paths) == 1:
        raise BadFile(f"{safe_text(paths[0])!r} cannot be read as text: {next(iter(read.bad.values()))}")
    if bad and not skip:
        raise BadFile(unreadable_message(repr(safe_text(root)), bad, len(paths), "text"))
    if not read.kept:
        raise BadData(f"{safe_text(root)!r} holds no readable text")
    kept = tuple(sources[at] for at in read.kept)
    return Examples(read.texts, np.empty((len(kept), 0)), stable_ids(read.digests, kept), (), kept), bad


def read_files(paths: Sequence[str], encoding: str) -> ReadTexts:
    """Read the files as texts, in this order.

    Raises:
        BadData: If memory is exhausted.
    """
    contents: list[bytes] = []
    kept: list[int] = []
    digests: list[bytes] = []
    bad: dict[int, str] = {}
    for position, path in enumerate(paths):
        try:
            content = read_file(path)
            contents.append(to_utf8(content, encoding))
        except BadFile as error:
            bad[position] = str(error)
            continue
        except OSError as error:
            bad[position] = (error.strerror or str(error)).lower()
            continue
        except MemoryError as error:
            raise BadData(f"{safe_text(path)!r} cannot be read: out of memory") from error
        kept.append(position)
        digests.append(digest_of(content))
    return ReadTexts(of_bytes(contents), kept, digests, bad)


def _test_opener(
    root: Path, folder: Path, classes: tuple[str, ...], encoding: str, skip: bool
) -> Callable[[], Examples]:
    """Return a function that reads the test set; nothing of it is read before."""

    def open_test() -> Examples:
        found = find_classes(folder, TEXTS)
        labels = number_labels(found, classes)
        read = read_files([file.path for file in found.files], encoding)
        bad = _bad_files(root, found, read)
        if bad and not skip:
            raise BadFile(unreadable_message(repr(safe_text(root)), bad, len(labels), "text"))
        if not read.kept:
            raise BadData(f"{str(folder)!r} holds no readable text")
        if bad:
            warnings.warn(
                f"{were(len(bad), 'test file', 'skipped')}: {', '.join(map(safe_text, bad[:3]))}",
                SkippedFiles,
                stacklevel=2,
            )
        warn_passed_over(_inside(root, found, found.passed))
        return _examples(root, found, labels, read, classes)

    return open_test


def _examples(
    root: Path, found: ScannedFolder, labels: Sequence[int], read: ReadTexts, classes: tuple[str, ...]
) -> Examples:
    sources = tuple(relative_name(root, found.files[at].path) for at in read.kept)
    targets: NDArray[np.int64] = np.array([labels[at] for at in read.kept], np.int64)
    return Examples(read.texts, targets, stable_ids(read.digests, sources), classes, sources)


def _inside(root: Path, found: ScannedFolder, lines: Sequence[str]) -> list[str]:
    """Return lines that begin with a path in the folder of a split, as paths from the root."""
    inside = relative_name(root, str(found.folder))
    return [f"{inside}/{line}" if inside else line for line in lines]


def _bad_files(root: Path, found: ScannedFolder, read: ReadTexts) -> list[str]:
    return [f"{relative_name(root, found.files[at].path)}: {why}" for at, why in read.bad.items()]


def _refuse_empty_class(train: ScannedFolder, read: ReadTexts) -> None:
    left = {train.files[position].label for position in read.kept}
    for number, name in enumerate(train.classes):
        if number not in left:
            raise BadData(f"class {safe_text(name)!r} has no readable text in {safe_text(train.folder)!r}")
