"""Read a table of image paths, relative to the table, and target columns as a data set."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from dl.data.examples import Dataset
from dl.data.folders import FoundFile, ScannedFolder, stable_ids
from dl.errors import BadData, BadFile
from dl.options import Options
from dl.tables.columns import quote
from dl.tables.table import Column, InputKind, Table, read_table
from dl.terminal import safe_text
from dl_vision.cache import open_cache, read_facts, read_pixels
from dl_vision.decode import line_height
from dl_vision.folder import SUFFIXES, InspectedSplit, bad_message, choose_shape

MOST = 0.9  # share of cells that must have an image suffix


def _share_of_images(column: Column) -> float:
    share = sum(cell.strip().lower().endswith(SUFFIXES) for cell in column.cells) / max(len(column.cells), 1)
    return share if share >= MOST else 0.0


PATHS = InputKind(
    "paths of images",
    "the one with most paths",
    _share_of_images,
    ("path", "file", "image", "img", "filename", "filepath", "image_path", "file_name"),
)


def open_list(path: Path, options: Options) -> Dataset:
    """Read a table of image paths as a data set.

    Raises:
        BadData: If the table cannot be used for training, or the images differ in size.
        BadFile: If an image is missing or cannot be read, and ``bad_files`` is stop.
    """
    path = Path(os.path.abspath(path.expanduser()))  # noqa: PTH100 - links in the path keep the name the user gave
    table = read_table(path, options, PATHS)
    names = [cell.strip() for cell in table.cells()]
    files, missing = find_files(path.parent, names)
    found = np.array([at for at in range(len(names)) if at not in missing], np.int64)
    if not len(found):
        raise BadFile(bad_message(path, _lines(table, names, missing), len(names)))
    facts = read_facts(files, cache := open_cache())
    chosen = choose_shape(path.parent, [InspectedSplit(ScannedFolder(path.parent, (), files), [], facts)], options)
    pixels = read_pixels(files, facts, chosen.shape, cache, as_lines=bool(line_height(options)))
    bad = _lines(table, names, missing | {int(found[at]): why for at, why in pixels.bad.items()})
    if bad and options["bad_files"] != "skip":
        raise BadFile(bad_message(path, bad, len(names)))
    kept = found[pixels.kept]
    sources = [names[at] for at in kept]
    ids = stable_ids([facts[at].digest for at in pixels.kept], _number_duplicates(sources))
    examples = table.examples(pixels.images, ids, tuple(sources), kept=kept)
    _refuse_empty_class(table, kept)
    dataset = table.dataset(examples, bad)
    return replace(dataset, notes=(*dataset.notes, *chosen.notes), options={**dataset.options, **chosen.options})


def find_files(folder: Path, names: Sequence[str]) -> tuple[list[FoundFile], dict[int, str]]:
    """Find the files of these names, relative to the folder; return them, and the errors of the others by position."""
    files: list[FoundFile] = []
    missing: dict[int, str] = {}
    for at, name in enumerate(names):
        path = _resolve(folder, name)
        try:
            stat = os.stat(path)  # noqa: PTH116 - a million times, and the path is text
        except (OSError, ValueError) as error:
            missing[at] = (getattr(error, "strerror", None) or str(error)).lower()
            continue
        if not os.path.isfile(path):  # noqa: PTH113 - as above
            missing[at] = "not a regular file"
            continue
        files.append(FoundFile(path, 0, (stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino)))
    return files, missing


def _resolve(folder: Path, name: str) -> str:
    """Return the path of a name, whichever slashes it is written with."""
    path = os.path.join(folder, name)  # noqa: PTH118 - as above
    if "\\" in name and not os.path.exists(path):  # noqa: PTH110 - as above
        return os.path.join(folder, name.replace("\\", "/"))  # noqa: PTH118
    return path


def _lines(table: Table, names: Sequence[str], bad: dict[int, str]) -> list[str]:
    return [f"{table.sources[at]}: {safe_text(names[at])}: {bad[at]}" for at in sorted(bad)]


def _number_duplicates(names: Sequence[str]) -> list[str]:
    """Append a number to repeated names, so that every example has its own id."""
    seen: Counter[str] = Counter()
    apart = []
    for name in names:
        apart.append(f"{name}\n{seen[name]}" if seen[name] else name)
        seen[name] += 1
    return apart


def _refuse_empty_class(table: Table, kept: np.ndarray) -> None:
    """Refuse a class without a readable image.

    Raises:
        BadData: Naming it.
    """
    if table.targets.ndim > 1 or not np.issubdtype(table.targets.dtype, np.integer):
        return
    left = np.bincount(table.targets[kept].astype(np.int64), minlength=len(table.names))
    for number in np.flatnonzero(left == 0):
        raise BadData(f"class {quote(table.names[number])} has no readable image in {safe_text(str(table.path))!r}")
