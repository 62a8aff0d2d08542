"""Rank the rows of a prediction within their queries, where the file or frame names these as the run's data did."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from dl.data.examples import Examples
from dl.data.memory import FRAME, Given
from dl.errors import BadData
from dl.options import Options
from dl.tables.columns import quote
from dl.tables.options import is_table
from dl.tables.source import BadRows
from dl.tables.stream import file_name
from dl.tables.table import check_table_options, open_table
from dl.terminal import safe_text


def query_cells(examples: Examples, sources: Sequence[Path], raw: Given | None, options: Options) -> list[str]:
    """Return the query of each row of a prediction, (n,); of a run on data in memory, or without a table, none.

    Args:
        examples: As they were read, from paths or memory.
        sources: The paths.
        raw: Inputs in memory, or None.
        options: Of reading; ``group_on`` names the column.

    Raises:
        BadData: If a table lacks the column.
    """
    column = str(options.get("group_on", ""))
    if not column:
        return []
    if raw is not None and raw.form == FRAME:
        if column not in raw.values.column_names:
            raise BadData(_missing("the frame", column))
        cells = [str(cell) for cell in raw.values.column(column).to_pylist()]
        return cells if len(cells) == len(examples) else []
    tables = [path for path in sources if is_table(path)]
    if not tables or len(tables) < len(sources):
        return []
    by_name: dict[str, str] = {}
    for path in tables:
        by_name |= _of_table(path, column, options)
    return [by_name.get(source, "") for source in examples.every_source()]


def _missing(what: str, column: str) -> str:
    return f"{what} has no column {quote(column)}, which names the query of a row; rows are ranked within their query"


def _of_table(path: Path, column: str, options: Options) -> dict[str, str]:
    """Return the query of each row of a table by the name of the row."""
    source = open_table(path, check_table_options(options))
    if column not in source.columns:
        raise BadData(_missing(file_name(path), column))
    found: dict[str, str] = {}
    for batch in source.batches((column,), BadRows(path, source.unit, True)):
        for row, cell in zip(batch.rows.tolist(), batch.cells[column].to_pylist(), strict=True):
            found[f"{file_name(path)} {source.unit} {row}"] = (cell or "").strip()
    return found


def ranks(scores: Sequence[float], queries: Sequence[str]) -> list[tuple[int, str]]:
    """Return the rank of each row within its query, 1 for the highest score and shared by equal ones, and it in words.

    Args:
        scores: (n,) of the rows.
        queries: (n,) of the rows.
    """
    members: dict[str, list[float]] = defaultdict(list)
    for score, query in zip(scores, queries, strict=True):
        members[query].append(score)
    found: list[tuple[int, str]] = []
    for score, query in zip(scores, queries, strict=True):
        rank = 1 + sum(other > score for other in members[query])
        found.append((rank, f"rank {rank} of {len(members[query])} in {safe_text(query, 40)}"))
    return found
