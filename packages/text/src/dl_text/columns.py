"""Texts in a column of a table, beside columns of other kinds."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from dl.data.ragged import Ragged, offsets_of
from dl.domain import Claim, ColumnKind, Preprocessor, ReadColumns
from dl.options import Options
from dl.tables.columns import Column, quote
from dl.tables.features import Features
from dl.tables.gather import utf8_bytes
from dl.words import many

WORDS = 5  # of a cell in the mean, from which it is a text: names and places have fewer
SIGNS = 20  # of a cell in the mean, in a script without blanks between words
DISTINCT = 0.5  # share of the cells that differ, beyond which they are texts rather than categories


def claims(column: Column, _folder: Path) -> Claim | None:
    """Tell whether a column holds texts: cells of several words, most of which differ."""
    cells = column.cells
    if not cells:
        return None
    words = float(np.mean([len(cell.split()) for cell in cells]))
    signs = float(np.mean([len(cell) if _without_blanks(cell) else 0 for cell in cells]))
    if words < WORDS and signs < SIGNS:
        return None
    different = len(set(cells))
    size = f"{words:.0f} words" if words >= WORDS else f"{signs:.0f} characters"
    if different > DISTINCT * len(cells):
        return Claim(f"texts of {size}")
    return Claim(f"a text of {size}, though of {many(len(cells), 'cell')} only {different:,} differ", sure=False)


def _without_blanks(cell: str) -> bool:
    """Return whether a cell is mostly of letters beyond those of alphabets, as Chinese."""
    return 2 * sum(sign >= "\u2e80" for sign in cell) > len(cell)


def read(features: Features, _options: Options, _preprocessor: Preprocessor | None) -> ReadColumns:
    """Read one column as texts; a cell without a text is an empty one."""
    ((name, column),) = features.columns.items()
    values, bounds = utf8_bytes(column.combine_chunks())
    texts = Ragged(values.copy(), offsets_of(np.diff(bounds).astype(np.int64)))
    missing = int((texts.lengths == 0).sum())
    notes = [f"column {quote(name)}: {missing_of(missing, len(texts))} no text, and an empty one in its place"]
    return ReadColumns(texts, np.ones(len(texts), bool), notes if missing else ())


def missing_of(missing: int, of: int) -> str:
    """Return how many rows lack something, as a verb follows it."""
    return f"{missing:,} of {many(of, 'row')} {'has' if missing == 1 else 'have'}"


COLUMNS = ColumnKind(claims, read)
