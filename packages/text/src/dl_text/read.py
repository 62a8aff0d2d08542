"""Read texts for a prediction as UTF-8 bytes: files, folders, the lines of stdin, or strings.

The preprocessor encodes them later, so that texts are shown as they were read.
"""

import sys
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path

import numpy as np

from dl.data.examples import Examples, LeftOut, concatenate_examples
from dl.data.file_kinds import choose_kind
from dl.data.folders import NAMED, report_unreadable, stable_ids, walk, warn_passed_over
from dl.data.paths import explain_missing
from dl.data.ragged import of_bytes
from dl.errors import BadData, BadFile
from dl.terminal import safe_text
from dl_text.decode import digest_of, known_encoding, to_utf8
from dl_text.folder import TEXTS, read_files

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
    read = []
    for stdin, some in groupby(paths, lambda path: str(path) == STDIN):
        alike = list(some)
        read += [_lines(encoding) for _ in alike] if stdin else [_files(alike, encoding, skip)]
    if not any(map(len, read)):
        raise BadData(f"no text in {', '.join(repr(safe_text(path)) for path in paths[:NAMED]) or 'an empty list'}")
    return concatenate_examples(read)


def read_strings(strings: Sequence[str], *, skip: bool = False) -> Examples:
    """Take strings as texts; each is named by its beginning.

    Args:
        strings: The texts.
        skip: Whether to leave out those that are empty or not valid Unicode.

    Raises:
        BadData: If there is none, or one is empty or not valid Unicode and ``skip`` is False.
    """
    contents: list[bytes] = []
    sources: list[str] = []
    left_out: list[LeftOut] = []
    for number, string in enumerate(strings, 1):
        content = _utf8(string)
        if isinstance(content, bytes):
            contents.append(content)
            sources.append(safe_text(string, SHOWN))
            continue
        if not skip:
            raise BadData(f"text {number}: {content}")
        left_out.append(LeftOut(len(contents), f"text {number}", content))
    if not contents:
        raise BadData("no text was given")
    return replace(_examples(contents, sources), left_out=tuple(left_out))


def _utf8(string: str) -> bytes | str:
    """Return the UTF-8 bytes of a text, or the reason why it is none."""
    try:
        return to_utf8(string.encode(), "utf-8")
    except UnicodeEncodeError as error:
        return f"character {error.start + 1} is not a Unicode character"
    except BadFile as error:
        return str(error).replace("the file", "it")


def _examples(contents: Sequence[bytes], sources: Sequence[str]) -> Examples:
    ids = stable_ids([digest_of(content) for content in contents], sources)
    return Examples(of_bytes(contents), np.zeros(len(contents), np.int64), ids, (), tuple(sources))


def _files(several: Sequence[Path], encoding: str, skip: bool) -> Examples:
    paths = [file for path in several for file in _files_of(path)]
    read = read_files(paths, encoding)
    if read.bad:
        report_unreadable([f"{paths[at]}: {why}" for at, why in read.bad.items()], len(paths), "text", skip=skip)
    places = np.searchsorted(read.kept, [*read.bad]).tolist()
    left_out = tuple(LeftOut(at, paths[bad], why) for at, (bad, why) in zip(places, read.bad.items(), strict=True))
    sources = tuple(paths[at] for at in read.kept)
    ids = stable_ids(read.digests, sources)
    return Examples(read.texts, np.zeros(len(sources), np.int64), ids, (), sources, left_out=left_out)


def _files_of(path: Path) -> list[str]:
    """Return a file, or the texts below a folder, sorted by path; files of another kind are passed over and named."""
    if path.is_dir():
        stat = path.stat()
        found = sorted(file for file, _ in walk(path, {(stat.st_dev, stat.st_ino)}))
        kept = choose_kind(found, TEXTS.suffixes)
        warn_passed_over([file for file, keep in zip(found, kept, strict=True) if not keep])
        return [file for file, keep in zip(found, kept, strict=True) if keep]
    if path.is_file():
        return [str(path)]
    raise BadFile(f"{safe_text(path)!r} is {explain_missing(path)}")


def _lines(encoding: str) -> Examples:
    try:
        text = to_utf8(sys.stdin.buffer.read(), encoding)
    except BadFile as error:
        raise BadFile(f"stdin cannot be read as text: {str(error).replace('the file', 'it')}") from error
    lines = [(number, line.rstrip(b"\r")) for number, line in enumerate(text.split(b"\n"), 1)]
    kept = [(number, line) for number, line in lines if line.strip()]
    return _examples([line for _, line in kept], [f"line {number}" for number, _ in kept])
