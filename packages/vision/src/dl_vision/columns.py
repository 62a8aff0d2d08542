"""Images that a column of a table names, beside columns of other kinds."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dl.data.folders import FoundFile, ScannedFolder
from dl.domain import Claim, ColumnKind, Preprocessor, ReadColumns
from dl.errors import BadFile
from dl.options import Options
from dl.tables.columns import Column, quote
from dl.tables.features import Features
from dl.terminal import safe_text
from dl.words import many
from dl_vision.cache import Shape, open_cache, read_facts, read_pixels
from dl_vision.folder import InspectedSplit, bad_message, choose_shape
from dl_vision.listed import PATHS, find_files
from dl_vision.sizes import ChosenShape

LOOKED = 20  # files that are looked for


def claims(column: Column, folder: Path) -> Claim | None:
    """Tell whether a column names images that are there."""
    if not PATHS.score(column):
        return None
    names = [cell.strip() for cell in column.cells[:LOOKED]]
    found, _ = find_files(Path(os.path.abspath(folder)), names)  # noqa: PTH100 - as `open_list`
    if found:
        return Claim("paths of images")
    return Claim(f"paths of images, though {safe_text(names[0], 60)!r} and the next are not there", sure=False)


def read(features: Features, options: Options, preprocessor: Preprocessor | None) -> ReadColumns:
    """Read the images of one column; a row without one has a black image.

    Raises:
        BadData: If the images differ in size.
        BadFile: If an image is missing or cannot be read, and ``bad_files`` is stop.
    """
    ((name, column),) = features.columns.items()
    folder = Path(os.path.abspath(features.path.expanduser())).parent  # noqa: PTH100 - as `open_list`
    cells = column.to_pylist()
    given = np.array([at for at, cell in enumerate(cells) if cell], np.int64)
    files, missing = find_files(folder, [cells[at] for at in given])
    bad = {int(given[at]): why for at, why in missing.items()}
    found = [int(at) for number, at in enumerate(given) if number not in missing]
    images, decoded = _decode(folder, files, found, len(cells), options, preprocessor)
    bad |= decoded.bad
    lines = [f"row {features.rows[at]}: {safe_text(cells[at])}: {bad[at]}" for at in sorted(bad)]
    if not found or (lines and options["bad_files"] != "skip"):
        lines = lines or [f"column {quote(name)} names none"]
        raise BadFile(bad_message(features.path, lines, max(len(given), 1)))
    notes = _notes(name, len(cells), len(cells) - len(given), lines)
    notes += [f"column {quote(name)}: {note}" for note in decoded.chosen.notes]
    return ReadColumns(images, np.ones(len(cells), bool), notes, decoded.chosen.options)


@dataclass(frozen=True)
class _Decoded:
    """What decoding found.

    Args:
        chosen: The shape of the images.
        bad: Why files could not be read, by row.
    """

    chosen: ChosenShape
    bad: Mapping[int, str]


def _decode(
    folder: Path,
    files: Sequence[FoundFile],
    at: Sequence[int],
    rows: int,
    options: Options,
    preprocessor: Preprocessor | None,
) -> tuple[NDArray[np.uint8], _Decoded]:
    """Return the images (rows, H, W, C), and what decoding found.

    Args:
        folder: Of the table.
        files: The files that are there.
        at: Row of each file.
        rows: Number of rows.
        options: As checked.
        preprocessor: Of the run, for a prediction.
    """
    known = _shape_of(preprocessor)
    if not files:
        return np.zeros((rows, *(known or (1, 1, 1))), np.uint8), _Decoded(ChosenShape(known or (1, 1, 1)), {})
    facts = read_facts(files, cache := open_cache())
    split = InspectedSplit(ScannedFolder(folder, (), list(files)), [], facts)
    chosen = ChosenShape(known) if known else choose_shape(folder, [split], options)
    pixels = read_pixels(files, facts, chosen.shape, cache)
    found = _Decoded(chosen, {at[number]: why for number, why in pixels.bad.items()})
    if len(pixels.kept) == rows:
        return pixels.images, found
    images = np.zeros((rows, *chosen.shape), np.uint8)
    images[np.array(at)[pixels.kept]] = pixels.images
    return images, found


def _shape_of(preprocessor: Preprocessor | None) -> Shape | None:
    if preprocessor is None:
        return None
    channels, height, width = preprocessor.input_shape
    return height, width, channels


def _notes(name: str, rows: int, missing: int, unreadable: Sequence[str]) -> list[str]:
    """Count the rows without an image, and those whose image cannot be read."""
    verb = "has" if missing == 1 else "have"
    notes = [f"column {quote(name)}: {missing:,} of {many(rows, 'row')} {verb} no image, and a black one in its place"]
    notes = notes if missing else []
    if unreadable:
        count = many(len(unreadable), "image")
        notes.append(f"column {quote(name)}: {count} cannot be read, a black one in its place: {unreadable[0]}")
    return notes


COLUMNS = ColumnKind(claims, read)
