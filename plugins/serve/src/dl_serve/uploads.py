"""Files that were sent, in a private folder, so that they are read as ``dl predict`` reads files; removed at once.

A name that a client chose becomes a plain name without folders; a table that lists paths may only list files that were
sent along with it.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir

from PIL import Image

from dl.domain import Domain
from dl.options import Options
from dl.processes import HOST, is_running
from dl.tables.options import COMPRESSED, DELIMITED, JSON, PARQUET, is_table, suffix_of
from dl.tables.source import BadRows
from dl.tables.table import check_table_options, open_table
from dl_serve.errors import Refused

PREFIX = "dl-serve-"
LONGEST_NAME = 100  # bytes
MOST_COLUMNS = 10_000
TEXTS = (".txt", ".md")
MOST_CELLS = 10_000_000  # of a table: its lines times its columns
BOMB = 1 << 62  # pixels
QUOTED = re.compile(rb'"[^"]*"')
STRING = re.compile(rb'"((?:[^"\\]|\\.)*+)(?:"|\\?\Z)(\s*+:)?', re.DOTALL)  # matches at every quote, so in linear time
UNSAFE = re.compile(r"[^\w.() -]+")
HEADERS = ("PNG", "JPEG", "MPO", "GIF", "BMP", "DIB", "TIFF", "WEBP", "PPM", "JPEG2000", "AVIF", "ICO", "QOI")


def safe_name(name: str, taken: set[str], otherwise: str) -> str:
    """Return a plain name for a file, none of those taken, and add it to them."""
    plain = UNSAFE.sub("_", re.split(r"[/\\]", name)[-1]).encode()[-LONGEST_NAME:].decode(errors="ignore")
    found = base = plain.strip(". ") or otherwise
    number = len(taken)  # not from 1 on, as thousands of files may have one name
    while found.lower() in taken:
        number += 1
        found = f"{Path(base).stem}-{number}{Path(base).suffix}"
    taken.add(found.lower())
    return found


@contextmanager
def folder_of(files: Sequence[tuple[str, bytes]]) -> Iterator[list[Path]]:
    """Write files into a private folder, which is removed in the end.

    Args:
        files: Names as they were sent, and contents.
    """
    if not files:
        yield []
        return
    with TemporaryDirectory(prefix=f"{PREFIX}{os.getpid()}-") as folder:
        taken: set[str] = set()
        paths = [Path(folder) / safe_name(name, taken, f"file-{at}") for at, (name, _) in enumerate(files, 1)]
        for path, (_, content) in zip(paths, files, strict=True):
            path.write_bytes(content)
        yield paths


def remove_left() -> None:
    """Remove the private folders of services that were killed while they read a request."""
    for folder in Path(gettempdir()).glob(f"{PREFIX}*-*"):
        number = folder.name.removeprefix(PREFIX).partition("-")[0]
        if number.isdecimal() and not is_running(int(number), HOST):
            shutil.rmtree(folder, ignore_errors=True)


def check_file(name: str, content: bytes) -> int:
    """Refuse a file that unpacks to more than its size; return the pixels of an image, 0 of another file.

    Raises:
        Refused: With the reason.
    """
    path = Path(name)
    suffix = suffix_of(path)
    if path.suffix.lower() in COMPRESSED or suffix in PARQUET:
        raise Refused(415, f"{name!r} is compressed, so that its size is not known; send CSV or JSON lines")
    if suffix in DELIMITED + JSON:
        _check_width(name, content, _columns(content, suffix in JSON))
        return 0
    pixels = _pixels(content)
    if not pixels and suffix not in TEXTS:
        raise Refused(415, f"{name!r} is no image, no table and no text; send one of these")
    return pixels


def lines_of(name: str, content: bytes) -> int:
    """Return how many rows a file has at most, before it is read; 1 for what is no table."""
    suffix = suffix_of(Path(name))
    if suffix in JSON:
        lines = content.rstrip().count(b"\n") + 1
        return max(lines, content.count(b"{")) if suffix == ".json" else lines
    if suffix in DELIMITED:
        plain = QUOTED.sub(b"", content).rstrip()
        return max(plain.count(b"\n"), plain.count(b"\r"))  # the first line names the columns
    return 1


def _columns(content: bytes, is_json: bool) -> int:
    """Return how many columns a table has at most: of JSON all names in it, since each line may bring its own."""
    if not is_json:
        return 1 + max(map(content.partition(b"\n")[0].count, (b",", b";", b"\t", b"|")))
    names = set()
    for found in STRING.finditer(content):
        if found[2]:
            names.add(found[1])
        if len(names) > MOST_COLUMNS:
            break
    return len(names)


def _check_width(name: str, content: bytes, columns: int) -> None:
    """Refuse a table with too many columns or cells.

    Raises:
        Refused: With the number.
    """
    if columns > MOST_COLUMNS:
        raise Refused(413, f"{name!r} has more than {MOST_COLUMNS:,} columns")
    if columns * lines_of(name, content) > MOST_CELLS:
        raise Refused(413, f"{name!r} has more than {MOST_CELLS:,} cells; send fewer rows at once")


def _pixels(content: bytes) -> int:
    """Return the number of pixels that the header of an image states; 0 if it is no image."""
    Image.init()
    try:
        with Image.open(BytesIO(content), formats=[one for one in HEADERS if one in Image.OPEN]) as image:
            return image.width * image.height
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        return BOMB
    except Exception:  # pillow's readers raise exceptions of every kind; who reads the file will name the fault
        return 0


def check_tables(paths: Sequence[Path], domain: Domain, options: Options) -> None:
    """Refuse a table that names a file beyond those that were sent; tables of texts and of numbers name none.

    Raises:
        Refused: With the column of the first such cell.
    """
    if domain.from_strings is not None or (domain.columns is not None and domain.columns.together):
        return
    checked = check_table_options(options)
    for path in filter(is_table, paths):
        source = open_table(path, checked)
        names = [name for name in source.columns if name not in source.nested]
        for batch in source.batches(names, BadRows(path, source.unit, skip=True)):
            for name in names:
                if any(isinstance(cell, str) and leads_away(cell) for cell in batch.cells[name].to_pylist()):
                    raise Refused(400, f"{path.name!r}, column {name!r}: send files along, and list their names alone")


def leads_away(cell: str) -> bool:
    """Return whether a cell, read as a path, leads out of the folder of its table."""
    word = cell.strip()
    steps = re.split(r"[/\\]", word)
    return word.startswith(("/", "\\", "~")) or ".." in steps or re.match(r"[A-Za-z]:", word) is not None
