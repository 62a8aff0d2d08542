"""Reading images for a prediction: files, folders and lists of paths, stored as a preparation expects them."""

import csv
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from dl.data import Examples
from dl.domain import Preparation
from dl.errors import BadData, BadFile
from dl.scan import NAMED, stable_ids, walk
from dl.tables import is_table
from dl.tables.table import read_table
from dl.terminal import safe_text
from dl_vision.cache import decode_all
from dl_vision.decode import inspect, strict_pillow
from dl_vision.listed import PATHS, find_files

COLUMNS = ("path", "file", "image", "filename")


def read(paths: Sequence[Path], preparation: Preparation) -> Examples:
    """Read image files, folders (all files below them) and CSV files with a column of paths, in this order.

    Images are resized and converted to what the preparation was learnt on; targets are zeros.

    Raises:
        BadData: If nothing is there, or the preparation is not of grey or rgb images.
        BadFile: If a file cannot be read as an image, or a list not as a list.
    """
    channels, height, width = preparation.input_shape
    if channels not in (1, 3):
        raise BadData(f"image files are grey or rgb; this run was trained on {channels} channels")
    files = [file for path in paths for file in _files_of(path)]
    if not files:
        raise BadData(f"no image in {', '.join(repr(safe_text(path)) for path in paths[:NAMED]) or 'an empty list'}")
    with strict_pillow():
        facts = [inspect(file) for file in files]
    images = np.empty((len(files), height, width, channels), np.uint8)
    bad = decode_all(images, files, facts)
    if bad:
        shown = ", ".join(repr(safe_text(f"{files[at]}: {why}")) for at, why in list(bad.items())[:NAMED])
        raise BadFile(f"{len(bad):,} of {len(files):,} files cannot be read as images: {shown}")
    ids = stable_ids([fact.digest for fact in facts], files)
    return Examples(images, np.zeros(len(files), np.int64), ids, (), tuple(files))


def _files_of(path: Path) -> Iterator[str]:
    if path.is_dir():
        stat = path.stat()
        yield from sorted(file for file, _ in walk(path, {(stat.st_dev, stat.st_ino)}))
    elif path.suffix.lower() == ".csv":
        yield from _files_listed(path)
    elif is_table(path):
        yield from _files_of_table(path)
    elif path.is_file():
        yield str(path)
    else:
        raise BadFile(f"{safe_text(path)!r} is {'no regular file' if path.exists() else 'not there'}")


def _files_of_table(path: Path) -> Iterator[str]:
    """Give the files that a table lists in its column of paths, relative to the table."""
    table = read_table(path, {}, PATHS, labelled=False)
    names = [cell.strip() for cell in table.cells()]
    files, missing = find_files(path.parent, names)
    for at, why in missing.items():
        raise BadFile(f"{table.sources[at]}: {safe_text(names[at])!r}: {why}")
    yield from (file.path for file in files)


def _files_listed(path: Path) -> Iterator[str]:
    """Give the files that a CSV lists in its column of paths, or in its only column; relative to the CSV."""
    shown = repr(safe_text(path))
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            rows = list(csv.reader(stream, strict=True))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadFile(f"{shown} cannot be read as comma-separated UTF-8 text: {error}") from error
    if not rows or not any(rows):
        raise BadFile(f"{shown} is empty; expected a column named {' or '.join(COLUMNS)}")
    column, start = _column(rows[0], path)
    for line, row in enumerate(rows[start:], start + 1):
        if not row:
            continue
        if len(row) != len(rows[0]):
            raise BadFile(f"{shown} line {line}: {len(row)} cells, but {len(rows[0])} columns")
        file = path.parent / row[column]
        if "\0" in row[column] or not file.is_file():
            raise BadFile(f"{shown} line {line}: no file {safe_text(row[column])!r}")
        yield os.fspath(file)


def _column(header: Sequence[str], path: Path) -> tuple[int, int]:
    """Return which column holds the paths, and the row at which they begin: 0 for an only column without a name."""
    names = [name.strip().lower() for name in header]
    wanted = [at for at, name in enumerate(names) if name in COLUMNS]
    if len(wanted) > 1:
        raise BadFile(f"{safe_text(path)!r} has several columns of paths: {', '.join(names[at] for at in wanted)}")
    if wanted:
        return wanted[0], 1
    if len(names) == 1:
        is_file = "\0" not in header[0] and (path.parent / header[0]).is_file()
        return 0, 0 if is_file else 1
    found = ", ".join(repr(safe_text(name)) for name in header[:NAMED])
    raise BadFile(f"{safe_text(path)!r}: expected a column named {' or '.join(COLUMNS)}; found {found}")
