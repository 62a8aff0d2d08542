"""Read arrays of one shape from a folder of files by class, for a domain with one file per example.

The domain provides the suffixes and a function that reads one file; splits, classes, ids and errors are handled here.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dl.data.examples import Dataset, Examples
from dl.data.file_kinds import passed_over, share_of_kind
from dl.data.folders import (
    Wanted,
    files_beside,
    find_classes,
    find_splits,
    number_labels,
    relative_name,
    stable_ids,
    walk,
)
from dl.data.paths import explain_missing
from dl.errors import BadData, BadFile
from dl.options import Options
from dl.terminal import safe_text

Array = NDArray[Any]  # Any: numbers of the domain's own type


@dataclass(frozen=True)
class ClassFolders:
    """A folder for each class, perhaps below train, val and test, with a file for each example.

    Args:
        wanted: The kind of files.
        read_file: Reads the array in a file, of one shape and dtype in all files. Its ValueError for an invalid file
            becomes a one-line error with the file's name.
    """

    wanted: Wanted
    read_file: Callable[[Path], Array]

    def open_path(self, path: Path, options: Options) -> Dataset:
        """Read a user's own folder, as `Domain.open_path`; the test set is read when it is opened.

        Raises:
            BadData: If there are fewer than two classes, or the arrays differ in shape.
            BadFile: If a file cannot be read.
        """
        root = Path(os.path.abspath(path.expanduser()))  # noqa: PTH100 - links keep the name the user gave
        splits = find_splits(root, self.wanted)
        found = find_classes(splits["train"], self.wanted)
        classes, inside = found.classes, relative_name(root, str(found.folder))
        passed = [f"{inside}/{name}" if inside else name for name in found.passed]
        train = self._read_split(root, splits["train"], None, ())
        later = partial(self._read_split, root, classes=classes, shape=train.array.shape[1:])
        return Dataset(
            root.name,
            train,
            open_test=partial(later, splits["test"]) if "test" in splits else None,
            val=later(splits["val"]) if "val" in splits else None,
            title=f"{len(train):,} {self.wanted.many} of {len(classes)} classes",
            source=str(root),
            notes=passed_over([*files_beside(root, splits), *passed]),
        )

    def read(self, paths: Sequence[Path], shape: tuple[int, ...]) -> Examples:
        """Read files, or all files below folders, for a prediction; targets are zeros.

        Args:
            paths: Of files and folders.
            shape: Of the training arrays.

        Raises:
            BadData: If there is no file, or an array has another shape.
            BadFile: If a path does not exist, or a file cannot be read.
        """
        files = [file for path in paths for file in self._files(path)]
        if not files:
            raise BadData(f"no {self.wanted.one} in {', '.join(repr(safe_text(path)) for path in paths)}")
        return self._examples([str(file) for file in files], list(map(str, files)), np.zeros(len(files)), (), shape)

    def recognize(self, path: Path, options: Options) -> float:
        """Rate the share of such files in a folder, by their suffixes, as `Domain.recognize`."""
        return share_of_kind(path, self.wanted.suffixes) if path.is_dir() else 0.0

    def _read_split(
        self, root: Path, folder: Path, classes: tuple[str, ...] | None, shape: tuple[int, ...]
    ) -> Examples:
        found = find_classes(folder, self.wanted)
        labels, files = np.array(number_labels(found, classes)), [file.path for file in found.files]
        names = [relative_name(root, file) for file in files]
        return self._examples(files, names, labels, classes or found.classes, shape)

    def _files(self, path: Path) -> list[Path]:
        if path.is_dir():
            below = sorted(name for name, _ in walk(path, set()))
            return [Path(name) for name in below if name.lower().endswith(self.wanted.suffixes)]
        if not path.is_file():
            raise BadFile(f"{safe_text(path)!r} is {explain_missing(path)}")
        return [path]

    def _read(self, file: str) -> Array:
        try:
            return self.read_file(Path(file))
        except (OSError, ValueError, TypeError, EOFError) as error:
            reason = " ".join(str(error).split()) or type(error).__name__
            raise BadFile(f"{safe_text(file)!r} is not a valid {self.wanted.one}: {safe_text(reason)}") from error

    def _examples(
        self, files: Sequence[str], names: Sequence[str], targets: Array, classes: Sequence[str], shape: tuple[int, ...]
    ) -> Examples:
        """Read files in this order; ``shape`` is the expected shape, or empty for that of the first array."""
        arrays = [self._read(file) for file in files]
        wanted, whose = (shape, "in training") if shape else (arrays[0].shape, f"in {safe_text(names[0])!r}")
        for array, name in zip(arrays, names, strict=True):
            if array.shape != wanted:
                found = f"{safe_text(name)!r} holds {_size(array.shape)} values, but it is {_size(wanted)} {whose}"
                raise BadData(f"{found}; all {self.wanted.many} must be of one shape")
        digests = [blake2b(array.tobytes(), digest_size=16).digest() for array in arrays]
        ids = stable_ids(digests, names)
        return Examples(np.stack(arrays), targets.astype(np.int64), ids, tuple(classes), tuple(names))


def _size(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))
