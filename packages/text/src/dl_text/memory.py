"""Texts in memory: strings, paths of text files, or a frame with a column of texts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from dl.data.examples import Dataset, Examples
from dl.data.memory import FRAME, PATHS, TEXTS, Given
from dl.data.ragged import Ragged
from dl.domain import Preprocessor
from dl.errors import BadData
from dl.options import Options
from dl.tables.gather import content_ids
from dl.tables.memory import open_frame
from dl.tables.table import LONGEST_TEXT, RowNames, read_source
from dl_text.read import read_paths, read_strings


def from_memory(given: Given, options: Options, preprocessor: Preprocessor | None) -> Dataset:
    """Take texts.

    Raises:
        BadData: If these are none, or one is empty.
        BadFile: If a path leads to no text.
    """
    if given.form == FRAME and given.values.num_columns:
        return read_source(open_frame(given), options, LONGEST_TEXT, labelled=False).dataset()
    if given.form == TEXTS:
        found = read_strings(given.values, skip=options.get("bad_rows") == "skip")
        named = found if preprocessor is not None else replace(found, sources=RowNames("text", np.arange(len(found))))
        return Dataset("texts", _told_apart(named))
    if given.form == PATHS:
        return Dataset("texts", _told_apart(read_paths(given.values, str(options["encoding"]))))
    raise BadData(f"text reads strings, paths or a frame; {given.words} was given")


def _told_apart(examples: Examples) -> Examples:
    """Return the examples with distinct ids for equal texts."""
    assert isinstance(examples.inputs, Ragged)
    return replace(examples, ids=content_ids(examples.inputs))
