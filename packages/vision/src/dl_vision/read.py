"""Read images for a prediction from files, folders and tables of paths, in the shape the preprocessor expects."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dl.data.examples import Examples, LeftOut
from dl.data.folders import NAMED, report_unreadable, stable_ids, walk, warn_passed_over
from dl.data.paths import explain_missing
from dl.domain import Preprocessor
from dl.errors import BadData, BadFile
from dl.options import Options
from dl.tables.options import is_table
from dl.tables.table import open_table, read_raw_table
from dl.terminal import safe_text
from dl_vision.cache import decode_all
from dl_vision.decode import inspect, line_height, strict_pillow
from dl_vision.folder import SUFFIXES, is_other_file
from dl_vision.listed import PATHS, find_files


def read(paths: Sequence[Path], preprocessor: Preprocessor, options: Options) -> Examples:
    """Read image files, folders (all files below them) and tables with a column of paths, in this order.

    Images are converted to the size and colour of the training images; targets are zeros.

    Args:
        paths: Of files, folders and tables.
        preprocessor: Of the run.
        options: Of the run's data.

    Raises:
        BadData: If there is no image, or the run was not trained on grey or rgb images.
        BadFile: If a file cannot be read as an image, or a table not as a table.
    """
    channels, height, width = preprocessor.input_shape
    if channels not in (1, 3):
        raise BadData(f"image files are grey or rgb; this run was trained on {channels} channels")
    found = [one for path in paths for one in _files_of(path, options)]
    files = [one.source for one in found if not one.reason]
    if not files:
        raise BadData(f"no image in {', '.join(repr(safe_text(path)) for path in paths[:NAMED]) or 'an empty list'}")
    with strict_pillow():
        facts = [inspect(file) for file in files]
    images = np.empty((len(files), height, width, channels), np.uint8)
    bad = decode_all(images, files, facts, as_lines=bool(line_height(options)))
    if bad:
        lines = [f"{files[at]}: {why}" for at, why in bad.items()]
        report_unreadable(lines, len(files), "images", skip=options["bad_files"] == "skip")
    kept = [at for at in range(len(files)) if at not in bad]
    sources = tuple(files[at] for at in kept)
    ids = stable_ids([facts[at].digest for at in kept], sources)
    left_out = _left_out(found, bad)
    inputs = images[kept] if bad else images
    return Examples(inputs, np.zeros(len(kept), np.int64), ids, (), sources, left_out=left_out)


@dataclass(frozen=True)
class _Entry:
    """A file to read, or a row or file that cannot be used, with the reason."""

    source: str
    reason: str = ""


def _left_out(found: Sequence[_Entry], bad: Mapping[int, str]) -> tuple[LeftOut, ...]:
    """Return the entries that are not read, with their places among the others.

    Args:
        found: All entries.
        bad: Why files could not be decoded, by position among the entries without a reason.
    """
    left_out, files, kept = [], 0, 0
    for one in found:
        reason = one.reason or bad.get(files, "")
        files += not one.reason
        if reason:
            left_out.append(LeftOut(kept, one.source, reason))
        else:
            kept += 1
    return tuple(left_out)


def _files_of(path: Path, options: Options) -> Iterator[_Entry]:
    if path.is_dir():
        yield from map(_Entry, _images_below(path))
    elif is_table(path):
        yield from _files_listed(path, options)
    elif path.is_file():
        yield _Entry(str(path))
    else:
        raise BadFile(f"{safe_text(path)!r} is {explain_missing(path)}")


def _images_below(path: Path) -> list[str]:
    """Return the images below a folder, sorted by path; files of another kind are passed over and named."""
    stat = path.stat()
    found = sorted(file for file, _ in walk(path, {(stat.st_dev, stat.st_ino)}))
    doubtful = [file for file in found if not file.lower().endswith(SUFFIXES)]
    with strict_pillow():
        others = [file for file in doubtful if is_other_file(file, inspect(file))]
    warn_passed_over(others)
    gone = set(others)
    return [file for file in found if file not in gone]


def _files_listed(path: Path, options: Options) -> Iterator[_Entry]:
    """Yield the files listed in the column of paths of a table, relative to the table."""
    columns = open_table(path, options).columns
    if len(columns) == 1 and not find_files(path.parent, columns)[1]:  # the header is the path of a file
        options = {**options, "header": False}
    table = read_raw_table(path, options, PATHS)
    names = [cell.strip() for cell in table.cells()]
    files, missing = find_files(path.parent, names)
    if missing:
        bad = [f"{table.sources[at]}: {names[at]}: {why}" for at, why in missing.items()]
        report_unreadable(bad, len(names), "images", skip=options["bad_files"] == "skip")
    paths = iter(files)
    read = [_Entry(names[at], missing[at]) if at in missing else _Entry(next(paths).path) for at in range(len(names))]
    for gone in reversed(table.left_out):
        read.insert(gone.at, _Entry(gone.source, gone.reason))
    yield from read
