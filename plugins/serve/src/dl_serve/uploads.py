"""Files that were sent, in a private folder, so that they are read as ``dl predict`` reads files; removed at once.

A name that a client chose becomes a plain name without folders; a table that lists paths may only list files that were
sent along with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image

from dl.domain import Domain
from dl.options import Options
from dl.tables.options import COMPRESSED, DELIMITED, JSON, PARQUET, is_table, suffix_of
from dl.tables.source import BadRows
from dl.tables.table import check_table_options, open_table
from dl_serve.errors import Refused

PREFIX = "dl-serve-"
LONGEST_NAME = 100  # signs
MOST_COLUMNS = 10_000
TEXTS = (".txt", ".md")
BOMB = 1 << 62  # pixels
UNSAFE = re.compile(r"[^\w.() -]+")
HEADERS = ("PNG", "JPEG", "MPO", "GIF", "BMP", "DIB", "TIFF", "WEBP", "PPM", "JPEG2000", "AVIF", "ICO", "QOI")


def safe_name(name: str, taken: set[str], otherwise: str) -> str:
    """Return a plain name for a file, none of those taken, and add it to them."""
    base = UNSAFE.sub("_", re.split(r"[/\\]", name)[-1]).strip(". ")[-LONGEST_NAME:] or otherwise
    number, found = 1, base
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
    with TemporaryDirectory(prefix=PREFIX) as folder:
        taken: set[str] = set()
        paths = [Path(folder) / safe_name(name, taken, f"file-{at}") for at, (name, _) in enumerate(files, 1)]
        for path, (_, content) in zip(paths, files, strict=True):
            path.write_bytes(content)
        yield paths


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
        _check_width(name, content)
        return 0
    pixels = _pixels(content)
    if not pixels and suffix not in TEXTS:
        raise Refused(415, f"{name!r} is no image, no table and no text; send one of these")
    return pixels


def _check_width(name: str, content: bytes) -> None:
    """Refuse a table whose first line holds too many columns.

    Raises:
        Refused: With the number.
    """
    head = content.partition(b"\n")[0]
    if max(map(head.count, (b",", b";", b"\t", b"|"))) >= MOST_COLUMNS:
        raise Refused(413, f"{name!r} has more than {MOST_COLUMNS:,} columns")


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
