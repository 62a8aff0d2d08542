"""Read CSV and TSV: the dialect is inferred from the first bytes, the rows are parsed by pyarrow block by block.

Separator and quotes are inferred and noted. Rows are numbered as in a spreadsheet: the header is row 1; blank rows are
skipped.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dl.data.examples import Index
from dl.errors import BadData, BadFile, DLError
from dl.options import Options
from dl.tables.options import suffix_of
from dl.tables.quotes import QuoteScanner
from dl.tables.source import BadRows, Source, TableBatch, check_columns
from dl.tables.stream import TextStream, file_name
from dl.terminal import safe_text

HEAD = 100_000  # bytes that the dialect is inferred from; below the csv module's limit for one cell
BLOCKS = (1 << 22, 1 << 26, 1 << 29)  # bytes parsed at once: a row must fit into a block
SEPARATORS = {",": "commas", "\t": "tabs", ";": "semicolons", "|": "bars"}
COUNTED = 200  # rows that vote for a separator


@dataclass(frozen=True)
class Dialect:
    """The dialect of a delimited file.

    Args:
        separator: Between cells.
        quotes: Whether quotes enclose cells.
        escaped: Whether a quote inside a quoted cell is escaped with a backslash instead of doubled.
    """

    separator: str
    quotes: bool = True
    escaped: bool = False


def open_delimited(path: Path, options: Options) -> Source:
    """Infer the dialect and the columns of a CSV or TSV file.

    Raises:
        BadFile: If it is empty or not text.
        BadData: If its first row is no valid header.
    """
    encoding = str(options["encoding"])
    with TextStream(path, encoding) as stream:
        head = stream.read(HEAD)
        whole = len(head) < HEAD
        notes = [f"encoded in {stream.detected}"] if stream.detected else []
    if not head.strip(b"\0 \t\r\n"):
        raise BadFile(f"{file_name(path)!r} is empty")
    text = _complete(path, head, whole)
    usual = "\t" if suffix_of(path) in (".tsv", ".tab") else ","
    dialect = _dialect(text, usual, whole, quoted=options["quotes"] != "none")
    if dialect.separator != usual:
        notes.append(f"cells separated by {SEPARATORS[dialect.separator]}")
    if not dialect.quotes and options["quotes"] == "auto":
        notes.append("quotes taken as plain characters")
    if dialect.escaped:
        notes.append("quotes within cells written with a backslash")
    first = next(iter(_rows(text, dialect)), [])
    columns = _columns(path, first, named=bool(options["header"]))
    given = first if options["header"] else None

    def batches(wanted: Sequence[str], bad: BadRows) -> Iterator[TableBatch]:
        return _batches(path, encoding, dialect, columns, given, wanted, bad)

    return Source(path, "row", columns, batches, notes=tuple(notes), header=bool(options["header"]))


def _complete(path: Path, head: bytes, whole: bool) -> str:
    """Return the complete lines of the head, as text."""
    if whole:
        return head.decode()
    cut = max(head.rfind(b"\n"), head.rfind(b"\r"))
    if cut < 0:
        raise BadData(
            f"{file_name(path)} line 1 has more than {HEAD:,} bytes; a table begins with the names of its columns"
        )
    return head[: cut + 1].decode()


def _dialect(text: str, usual: str, whole: bool, *, quoted: bool) -> Dialect:
    """Infer separator and quotes: those with which most rows have as many cells as the header."""
    best, most = Dialect(usual, quoted), (-1.0, False, 0)
    for separator in dict.fromkeys((usual, *SEPARATORS)):
        dialect = Dialect(separator, quoted)
        rows = _rows(text, dialect)[:COUNTED]
        width = len(rows[0]) if rows else 0
        share = sum(len(row) == width for row in rows) / max(len(rows), 1)
        if width > 1 and (round(share, 1), separator == usual, width) > most:
            best, most = dialect, (round(share, 1), separator == usual, width)
    if not quoted or _is_strict(text, best, whole):
        return best
    escaped = Dialect(best.separator, escaped=True)
    if '\\"' in text and _is_strict(text, escaped, whole):
        return escaped
    plain = Dialect(best.separator, quotes=False)
    if best.separator == "\t" and len({len(row) for row in _rows(text, plain)}) == 1:
        return plain
    return best


def _reader(text: str, dialect: Dialect, *, strict: bool) -> Iterator[list[str]]:
    return csv.reader(
        io.StringIO(text, newline=""),
        delimiter=dialect.separator,
        quoting=csv.QUOTE_MINIMAL if dialect.quotes else csv.QUOTE_NONE,
        escapechar="\\" if dialect.escaped else None,
        strict=strict,
    )


def _rows(text: str, dialect: Dialect) -> list[list[str]]:
    """Return the rows that are not blank."""
    return [row for row in _reader(text, dialect, strict=False) if row]


def _is_strict(text: str, dialect: Dialect, whole: bool) -> bool:
    """Return whether every quote is in an allowed place; the last row may be cut."""
    try:
        for _ in _reader(text, dialect, strict=True):
            pass
    except csv.Error as error:
        return not whole and "end of data" in str(error)
    return True


def _columns(path: Path, first: list[str], *, named: bool) -> tuple[str, ...]:
    if not named:
        return tuple(str(at + 1) for at in range(len(first)))
    names = tuple(name.strip() or f"column {at + 1}" for at, name in enumerate(first))
    if not any(name.strip() for name in first):
        raise BadData(f"{file_name(path)} row 1 names no column; use header=no if the file has no header")
    check_columns(path, names)
    return names


def _batches(
    path: Path,
    encoding: str,
    dialect: Dialect,
    columns: tuple[str, ...],
    given: list[str] | None,
    wanted: Sequence[str],
    bad: BadRows,
) -> Iterator[TableBatch]:
    """Parse the file with small blocks first; at a row that does not fit, continue from that row with larger ones."""
    done, reported = 0, 0
    for block in BLOCKS:
        scanner = QuoteScanner(path, dialect.separator, escaped=dialect.escaped) if dialect.quotes else None
        with TextStream(path, encoding, scanner) as stream:
            parsed = _Parsed(stream, dialect, columns, given, wanted, block)
            try:
                for batch in parsed.batches():
                    reported = _report_uneven(parsed, reported, bad)
                    fresh = batch.rows > done
                    if fresh.all():
                        yield batch
                    elif fresh.any():
                        yield TableBatch(
                            batch.rows[fresh],
                            {name: cells[int(np.argmax(fresh)) :] for name, cells in batch.cells.items()},
                        )
                    done = max(done, int(batch.rows[-1]))
                _report_uneven(parsed, reported, bad)
                return
            except _TooLong:
                reported = _report_uneven(parsed, reported, bad)
    raise BadFile(
        f"{file_name(path)}: a row after row {max(done, 1)} has more than {BLOCKS[-1] >> 20} MB; is a quote missing?"
    )


def _report_uneven(parsed: _Parsed, reported: int, bad: BadRows) -> int:
    """Report the rows with more or fewer cells than the header, each once; return the last one."""
    for row, cells in parsed.uneven:
        if row > reported:
            reported, width = row, len(parsed.columns)
            bad.report_row(row, f"{cells} cells, but {'the header names' if parsed.given else 'row 1 has'} {width}")
    return reported


class _TooLong(Exception):
    """A row that does not fit into a block."""


class _Parsed:
    """One pass of pyarrow over the text."""

    def __init__(
        self,
        stream: TextStream,
        dialect: Dialect,
        columns: tuple[str, ...],
        given: list[str] | None,
        wanted: Sequence[str],
        block: int,
    ) -> None:
        self.stream, self.dialect, self.columns, self.given = stream, dialect, columns, given
        self.wanted, self.block = wanted, block
        self.uneven: list[tuple[int, int]] = []  # row number and number of cells

    def batches(self) -> Iterator[TableBatch]:
        """Yield the rows.

        Raises:
            _TooLong: If a row does not fit into a block.
            BadFile: If pyarrow cannot parse it.
        """
        import pyarrow as pa

        row = 2 if self.given is not None else 1
        names = dict(zip(self.columns, self.given or self.columns, strict=True))
        try:
            for parsed in self._reader(names):
                if not parsed.num_rows:
                    continue
                rows = self._numbers(row, parsed.num_rows)
                row = int(rows[-1]) + 1
                yield TableBatch(rows, {name: parsed.column(at) for at, name in enumerate(self.wanted)})
        except DLError:
            raise
        except (pa.ArrowException, OSError, ValueError, KeyError) as error:
            if "straddl" in str(error):
                raise _TooLong from error
            if "Empty CSV" in str(error):  # a header without a line end
                return
            raise BadFile(f"{file_name(self.stream.path)} cannot be parsed: {safe_text(error, 200)}") from error

    def _reader(self, names: dict[str, str]) -> Iterator[Any]:  # Any: pyarrow has no types
        import pyarrow as pa
        from pyarrow import csv as arrow_csv

        def uneven(found: Any) -> str:  # Any: as above
            self.uneven.append((found.number, found.actual_columns))
            return "skip"

        included = [names[name] for name in self.wanted]
        reader: Iterator[Any] = arrow_csv.open_csv(
            self.stream,
            read_options=arrow_csv.ReadOptions(
                use_threads=False,
                block_size=self.block,
                column_names=None if self.given is not None else list(self.columns),
            ),
            parse_options=arrow_csv.ParseOptions(
                delimiter=self.dialect.separator,
                quote_char='"' if self.dialect.quotes else False,
                escape_char="\\" if self.dialect.escaped else False,
                newlines_in_values=self.dialect.quotes,
                invalid_row_handler=uneven,
            ),
            convert_options=arrow_csv.ConvertOptions(
                check_utf8=False,  # checked by the stream
                column_types=dict.fromkeys(included, pa.string()),
                strings_can_be_null=False,
                include_columns=included,
            ),
        )
        return reader

    def _numbers(self, first: int, count: int) -> Index:
        """Return the numbers of the next rows, skipping the uneven ones."""
        gone = np.array([row for row, _ in self.uneven if row >= first], np.int64)
        numbers = np.arange(first, first + count + len(gone))
        return numbers[~np.isin(numbers, gone)][:count]
