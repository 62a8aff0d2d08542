"""The text domain, put together: what core calls to read, prepare and draw texts."""

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from dl.data.examples import Dataset, Examples, Subset, joined, without_target
from dl.data.folders import glance
from dl.domain import Domain, Preprocessor
from dl.options import Options
from dl.tables.options import is_table, refuse_options
from dl.tables.table import LONGEST_TEXT, looks_like, read_raw_table, read_table
from dl_text import folder, language, prepare
from dl_text.draw import draw, sketch
from dl_text.memory import from_memory
from dl_text.read import read_paths, read_strings
from dl_text.windows import cut

SENTENCE = 20  # characters of a cell, on average, from which a column is rather texts than categories


def load() -> Domain:
    """Return the domain."""
    return Domain(
        open_path=open_path,
        learn=learn,
        restore=restore,
        read=read,
        draw=draw,
        sketch=sketch,
        from_strings=read_strings,
        recognize=recognize,
        open_unlabelled=open_unlabelled,
        cut=cut,
        continued=language.continued,
        from_memory=from_memory,
    )


def learn(part: Subset, options: Options) -> Preprocessor:
    """Learn what texts become: where they have no target, rows of which each token is told from those before it."""
    return language.learn(part, options) if without_target(part.examples) else prepare.learn(part, options)


def restore(settings: dict[str, Any]) -> Preprocessor:  # Any: JSON
    """Make a preprocessor of either kind again.

    Raises:
        BadRun: If these are no settings of texts.
    """
    return language.restore(settings) if "longest" in settings else prepare.restore(settings)


def read(paths: Sequence[Path], _preprocessor: Preprocessor, options: Options) -> Examples:
    """Read raw texts for a prediction: files, folders, the lines of stdin, and the input column of tables.

    Args:
        paths: Of them.
        options: As the run's own data was read.

    Raises:
        BadData: If nothing is there.
        BadFile: If a file cannot be read as what it is called.
    """
    encoding, skip = str(options["encoding"]), options["bad_files"] == "skip"
    found = []
    for table, some in groupby(paths, lambda path: is_table(path) and not path.is_dir()):
        alike = list(some)
        if table:
            found += [read_raw_table(path, options, LONGEST_TEXT).examples() for path in alike]
        else:
            found.append(read_paths(alike, encoding, skip=skip))
    return joined(found) if found else read_paths(paths, encoding)


def open_path(path: Path, options: Options) -> Dataset:
    """Read a user's own texts: a table, or a folder of texts by class.

    Raises:
        BadData: If there is nothing to learn from.
        BadFile: If a file cannot be read as what it is called.
    """
    if is_table(path) and not path.is_dir():
        return read_table(path, options, LONGEST_TEXT).dataset()
    refuse_options({name: value for name, value in options.items() if name != "encoding"}, str(path), "a folder")
    return folder.open_path(path, options)


def open_unlabelled(path: Path, options: Options) -> Dataset:
    """Read a user's own texts without a target: a table's column, a file, or all ``.txt`` files below a folder.

    Raises:
        BadData: If there is no text.
        BadFile: If a file cannot be read as what it is called.
    """
    if is_table(path) and not path.is_dir():
        return read_table(path, options, LONGEST_TEXT, labelled=False).dataset()
    told = {name: value for name, value in options.items() if name not in ("encoding", "target_as")}
    refuse_options(told, str(path), "a folder" if path.is_dir() else "a text")
    return folder.open_unlabelled(path, options)


def recognize(path: Path, options: Options) -> float:
    """Say how surely a path holds texts: a folder by files called so; a column of short words may be categories."""
    if path.is_dir():
        return 1.0 if glance(path, folder.TEXTS) else 0.0
    if path.suffix.lower() in folder.TEXTS.suffixes:
        return 1.0
    length = looks_like(path, options, LONGEST_TEXT) if is_table(path) else 0.0
    return 0.5 if length >= SENTENCE else 0.2 if length else 0.0
