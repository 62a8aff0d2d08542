"""Read texts for a prediction as UTF-8 bytes: files, folders, the lines of stdin, or strings.

The preprocessor encodes them later, so that texts are shown as they were read.
"""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from dl.data.examples import Examples
from dl.data.folders import NAMED, report_unreadable, stable_ids, walk
from dl.data.paths import explain_missing
from dl.data.ragged import Ragged, of_bytes
from dl.errors import BadData, BadFile
from dl.terminal import safe_text
from dl_text.decode import digest_of, known_encoding, to_utf8
from dl_text.folder import read_files

STDIN = "-"
SHOWN = 40  # characters of a string that serve as its name


def read_paths(paths: Sequence[Path], encoding: str = "utf-8", *, skip: bool = False) -> Examples:
    """Read text files, folders (all files below them) and the lines of stdin (``-``), in this order; targets are zeros.

    A file is one text; each non-blank line of stdin is one.

    Args:
        paths: Of files and folders.
        encoding: Of the texts.
        skip: Whether to leave out unreadable files, with a warning.

    Raises:
        BadData: If there is no text.
        BadFile: If a file or stdin cannot be read as text.
        BadOption: If the encoding is unknown.
    """
    encoding = known_encoding(encoding)
    read = [_lines(encoding) if str(path) == STDIN else _files(list(_files_of(path)), encoding, skip) for path in paths]
    sources = [source for _, names in read for source in names]
    if not sources:
        raise BadData(f"no text in {', '.join(repr(safe_text(path)) for path in paths[:NAMED]) or 'an empty list'}")
    return _examples([text for texts, _ in read for text in texts], sources)


def read_strings(strings: Sequence[str]) -> Examples:
    """Take strings as texts; each is named by its beginning.

    Raises:
        BadData: If there is none, or one is empty or not valid Unicode.
    """
    contents = []
    for number, string in enumerate(strings, 1):
        try:
            contents.append(to_utf8(string.encode(), "utf-8"))
        except UnicodeEncodeError as error:
            raise BadData(f"text {number}: character {error.start + 1} is not a Unicode character") from error
        except BadFile as error:
            raise BadData(f"text {number}: {str(error).replace('the file', 'it')}") from error
    if not contents:
        raise BadData("no text was given")
    return _examples(contents, [safe_text(string, SHOWN) for string in strings])


def _examples(contents: Sequence[bytes], sources: Sequence[str]) -> Examples:
    ids = stable_ids([digest_of(content) for content in contents], sources)
    return Examples(of_bytes(contents), np.zeros(len(contents), np.int64), ids, (), tuple(sources))


def _files(paths: Sequence[str], encoding: str, skip: bool) -> tuple[list[bytes], list[str]]:
    read = read_files(paths, encoding)
    if read.bad:
        report_unreadable([f"{paths[at]}: {why}" for at, why in read.bad.items()], len(paths), "text", skip=skip)
    return _rows(read.texts), [paths[at] for at in read.kept]


def _rows(texts: Ragged) -> list[bytes]:
    return [row.tobytes() for row in texts]


def _files_of(path: Path) -> Iterator[str]:
    if path.is_dir():
        stat = path.stat()
        yield from sorted(file for file, _ in walk(path, {(stat.st_dev, stat.st_ino)}))
    elif path.is_file():
        yield str(path)
    else:
        raise BadFile(f"{safe_text(path)!r} is {explain_missing(path)}")


def _lines(encoding: str) -> tuple[list[bytes], list[str]]:
    try:
        text = to_utf8(sys.stdin.buffer.read(), encoding)
    except BadFile as error:
        raise BadFile(f"stdin cannot be read as text: {str(error).replace('the file', 'it')}") from error
    lines = [(number, line.rstrip(b"\r")) for number, line in enumerate(text.split(b"\n"), 1)]
    kept = [(number, line) for number, line in lines if line.strip()]
    return [line for _, line in kept], [f"line {number}" for number, _ in kept]
