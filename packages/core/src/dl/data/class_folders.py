"""Arrays in files by class: what a domain needs whose inputs are arrays of one shape, each in a file of its own.

The domain says what its files are called and how one is read; parts, classes, ids and messages are made here.
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
from dl.data.folders import (
    Wanted,
    find_classes,
    find_splits,
    holds_files_like,
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
        wanted: What the files are, for the messages.
        read_file: From a path, the array in it, of one shape and type in all files. What it raises for a file that is
            none - a ValueError with the reason - is said in one line with the file's name.
    """

    wanted: Wanted
    read_file: Callable[[Path], Array]

    def open_path(self, path: Path, options: Options) -> Dataset:
        """Read a user's own folder as `Domain.open_path` does; the test part is read when it is opened.

        Raises:
            BadData: If there are no two classes, or the arrays are not of one shape.
            BadFile: If a file cannot be read.
        """
        root = Path(os.path.abspath(path.expanduser()))  # noqa: PTH100 - links keep the name the user gave
        parts = find_splits(root, self.wanted)
        classes = find_classes(parts["train"], self.wanted).classes
        train = self._part(root, parts["train"], None, ())
        later = partial(self._part, root, classes=classes, shape=train.array.shape[1:])
        return Dataset(
            root.name,
            train,
            open_test=partial(later, parts["test"]) if "test" in parts else None,
            val=later(parts["val"]) if "val" in parts else None,
            title=f"{len(train):,} {self.wanted.many} of {len(classes)} classes",
            source=str(root),
        )

    def read(self, paths: Sequence[Path], shape: tuple[int, ...]) -> Examples:
        """Read files, or all files below folders, for a prediction; targets are zeros.

        Args:
            paths: Of files and folders.
            shape: Of each array in training.

        Raises:
            BadData: If there is no file, or an array is of another shape.
            BadFile: If a path is not there, or a file cannot be read.
        """
        files = [file for path in paths for file in self._files(path)]
        if not files:
            raise BadData(f"no {self.wanted.one} in {', '.join(repr(safe_text(path)) for path in paths)}")
        return self._examples([str(file) for file in files], list(map(str, files)), np.zeros(len(files)), (), shape)

    def recognize(self, path: Path, options: Options) -> float:
        """Return how surely a path holds such files, as `Domain.recognize` does: by their names."""
        return 1.0 if path.is_dir() and holds_files_like(path, self.wanted) else 0.0

    def _part(self, root: Path, folder: Path, classes: tuple[str, ...] | None, shape: tuple[int, ...]) -> Examples:
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
            raise BadFile(f"{safe_text(file)!r} is no {self.wanted.one}: {safe_text(reason)}") from error

    def _examples(
        self, files: Sequence[str], names: Sequence[str], targets: Array, classes: Sequence[str], shape: tuple[int, ...]
    ) -> Examples:
        """Read files in this order; ``shape`` is that of every array, or empty for that of the first."""
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
