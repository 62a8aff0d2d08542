"""Read Parquet files; values of every type become text cells, as in the other formats."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dl.data.examples import Index
from dl.data.paths import explain_missing
from dl.errors import BadFile, DLError
from dl.tables.source import BadRows, Source, TableBatch, check_columns
from dl.tables.stream import file_name
from dl.terminal import safe_text

BATCH = 1 << 24  # bytes of text in a batch, roughly
MOST = 1 << 16  # rows in a batch


def open_parquet(path: Path) -> Source:
    """Read the columns of a Parquet file.

    Raises:
        BadFile: If it is missing or not a complete Parquet file.
        BadData: If two columns share a name.
    """
    if not path.is_file():
        raise BadFile(f"{file_name(path)!r} is {explain_missing(path)}")
    with _ParquetErrors(path):
        schema = _opened(path).schema_arrow
    columns = tuple(map(str, schema.names))
    check_columns(path, columns)
    nested = {
        name: f"values of the type {safe_text(kind, 60)}"
        for name, kind in zip(columns, schema.types, strict=True)
        if is_nested(kind)
    }

    def batches(wanted: Sequence[str], bad: BadRows) -> Iterator[TableBatch]:
        return _batches(path, wanted)

    return Source(path, "row", columns, batches, nested=nested)


def _batches(path: Path, wanted: Sequence[str]) -> Iterator[TableBatch]:
    first = 1
    with _ParquetErrors(path):
        file = _opened(path)
        for batch in file.iter_batches(_rows_at_once(file.metadata), columns=list(wanted), use_threads=False):
            if not batch.num_rows:
                continue
            rows = np.arange(first, first + batch.num_rows, dtype=np.int64)
            first += batch.num_rows
            yield TableBatch(rows, {name: _checked(path, name, batch.column(name), rows) for name in wanted})


def _opened(path: Path) -> Any:  # Any: pyarrow has no types
    from pyarrow import parquet

    return parquet.ParquetFile(path, memory_map=False, pre_buffer=False)


def _rows_at_once(metadata: Any) -> int:  # Any: as above
    """Return the number of rows that make about `BATCH` bytes."""
    size = sum(metadata.row_group(at).total_byte_size for at in range(metadata.num_row_groups))
    return int(max(1, min(MOST, BATCH * max(metadata.num_rows, 1) // max(size, 1))))


def is_nested(kind: Any) -> bool:  # Any: as above
    """Return whether cells of a type hold more than single values."""
    from pyarrow import types

    return bool(types.is_nested(kind))


def _checked(path: Path, name: str, column: Any, rows: Index) -> Any:  # Any: as above
    """Return the cells as text.

    Raises:
        BadFile: Naming the first row with invalid bytes.
    """
    import pyarrow as pa

    try:
        return as_text(column)
    except pa.ArrowInvalid as error:
        cells = column.cast(pa.binary()).to_pylist()
        row = next((row for row, cell in zip(rows.tolist(), cells, strict=True) if not _is_text(cell or b"")), None)
        if row is None:
            raise
        where = f"{file_name(path)} row {row}: column {safe_text(name)!r}"
        raise BadFile(f"{where} holds bytes that are not utf-8 text; write the column again as text") from error


def _is_text(cell: bytes) -> bool:
    try:
        cell.decode()
    except UnicodeDecodeError:
        return False
    return True


def as_text(column: Any) -> Any:  # Any: as above
    """Return the cells as text: numbers with all their digits, times in ISO 8601."""
    import pyarrow as pa
    from pyarrow import types

    if types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if types.is_null(column.type):
        return pa.nulls(len(column), pa.string())
    text = column if types.is_string(column.type) else column.cast(pa.string())
    text.validate(full=True)  # the declared type of a file proves nothing
    return text


class _ParquetErrors:
    """A context that turns every error of pyarrow into a one-line `BadFile`."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if (
            error is None
            or isinstance(error, (DLError, GeneratorExit, KeyboardInterrupt))
            or not isinstance(error, Exception)
        ):
            return
        why = safe_text(str(error).split("\n")[0] or type(error).__name__, 160)
        raise BadFile(f"{file_name(self.path)!r} is not a complete Parquet file: {why}") from error
