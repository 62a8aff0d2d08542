"""The text domain: the functions that core calls to read, prepare and draw texts."""

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from dl.data.examples import Dataset, Examples, Subset, concatenate_examples, without_target
from dl.data.file_kinds import share_of_kind
from dl.data.groups import grouped, without_group_by_name
from dl.domain import Domain, Preprocessor
from dl.options import Options
from dl.tables.options import is_table, refuse_options
from dl.tables.table import LONGEST_TEXT, looks_like, read_raw_table, read_table
from dl_text import exported, folder, language, prepare
from dl_text.columns import COLUMNS
from dl_text.draw import draw, sketch
from dl_text.learners import word_rows
from dl_text.memory import from_memory
from dl_text.read import read_paths, read_strings
from dl_text.windows import cut

CAPTIONS = 0.9  # so that a text beside each image is its caption
SENTENCE = 20  # mean characters of a cell from which a column holds texts rather than categories


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
        generate=language.generate,
        from_memory=from_memory,
        columns=COLUMNS,
        rows=word_rows,
        prepare=exported.prepare,
    )


def learn(subset: Subset, options: Options) -> Preprocessor:
    """Learn a preprocessor: for a causal language model if the texts have no target, otherwise for a classifier."""
    return language.learn(subset, options) if without_target(subset.examples) else prepare.learn(subset, options)


def restore(settings: dict[str, Any]) -> Preprocessor:  # Any: JSON
    """Rebuild a preprocessor of either kind from its settings.

    Raises:
        BadRun: If they are not the settings of a text preprocessor.
    """
    return language.restore(settings) if "longest" in settings else prepare.restore(settings)


def read(paths: Sequence[Path], _preprocessor: Preprocessor, options: Options) -> Examples:
    """Read texts for a prediction from files, folders, the lines of stdin, and the input columns of tables.

    Args:
        paths: Of files, folders and tables; ``-`` for stdin.
        options: Of the run's data.

    Raises:
        BadData: If there is no text.
        BadFile: If a file cannot be read.
    """
    encoding, skip = str(options["encoding"]), options["bad_files"] == "skip"
    found = []
    for table, some in groupby(paths, lambda path: is_table(path) and not path.is_dir()):
        alike = list(some)
        if table:
            found += [read_raw_table(path, options, LONGEST_TEXT).examples() for path in alike]
        else:
            found.append(read_paths(alike, encoding, skip=skip))
    return concatenate_examples(found) if found else read_paths(paths, encoding)


def open_path(path: Path, options: Options) -> Dataset:
    """Read a user's own texts: a table, or a folder of texts by class.

    Raises:
        BadData: If the texts cannot be used for training.
        BadFile: If a file cannot be read.
    """
    if is_table(path) and not path.is_dir():
        return read_table(path, options, LONGEST_TEXT).dataset()
    others = {name: value for name, value in without_group_by_name(options).items() if name != "encoding"}
    refuse_options(others, str(path), "a folder")
    return grouped(folder.open_path(path, options), options)


def open_unlabelled(path: Path, options: Options) -> Dataset:
    """Read a user's own texts without a target: a table's column, a file, or all ``.txt`` files below a folder.

    Raises:
        BadData: If there is no text.
        BadFile: If a file cannot be read.
    """
    if is_table(path) and not path.is_dir():
        return read_table(path, options, LONGEST_TEXT, labelled=False).dataset()
    other = {name: value for name, value in options.items() if name not in ("encoding", "target_as")}
    refuse_options(other, str(path), "a folder" if path.is_dir() else "a text")
    return folder.open_unlabelled(path, options)


def recognize(path: Path, options: Options) -> float:
    """Rate from 0 to 1 whether a path holds texts: a folder by its share of files, a table by its cells."""
    if path.is_dir():
        return CAPTIONS * share_of_kind(path, folder.TEXTS.suffixes)
    if path.suffix.lower() in folder.TEXTS.suffixes:
        return 1.0
    length = looks_like(path, options, LONGEST_TEXT) if is_table(path) else 0.0
    return 0.5 if length >= SENTENCE else 0.2 if length else 0.0
