"""What the tests of tables share: files in every format, and reading them as text."""

import bz2
import csv
import gzip
import io
import json
import lzma

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dl.tables.table import LONGEST_TEXT, read_table

PACKERS = {".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress}


def delimited(columns, separator):
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, delimiter=separator)
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    return stream.getvalue().encode()


def json_lines(columns):
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def json_array(columns):
    return b"[" + b",\n".join(json_lines(columns).splitlines()) + b"]"


def parquet(columns):
    stream = io.BytesIO()
    pq.write_table(pa.table(columns), stream)
    return stream.getvalue()


WRITERS = {
    ".csv": lambda columns: delimited(columns, ","),
    ".tsv": lambda columns: delimited(columns, "\t"),
    ".jsonl": json_lines,
    ".json": json_array,
    ".parquet": parquet,
}


def write_table(path, columns):
    """Write columns as the suffixes of the path say."""
    kinds = [suffix for suffix in path.suffixes if suffix in WRITERS]
    content = WRITERS[kinds[-1]](columns)
    content = PACKERS[path.suffix](content) if path.suffix in PACKERS else content
    path.write_bytes(pa.compress(content, "zstd", asbytes=True) if path.suffix == ".zst" else content)
    return path


@pytest.fixture(scope="session")
def write():
    """A function that writes columns as a path's suffixes say: write(path, {"text": [...]})."""
    return write_table


@pytest.fixture
def written(tmp_path):
    """A function that writes a file, of columns or as it stands: written("a.csv", {"text": [...]}) or (..., b"...")."""

    def write(name, content):
        path = tmp_path / name
        if isinstance(content, dict):
            return write_table(path, content)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.fixture
def opened():
    """A function that reads a table as text: opened(path, target="label", ...)."""

    def read(path, kind=LONGEST_TEXT, labelled=True, **options):
        return read_table(path, options, kind, labelled=labelled)

    return read


@pytest.fixture
def target(written, opened):
    """A function that reads targets: target(["a", "b"], ...) gives values, names and the note."""

    def read(*columns, **options):
        names = ["label"] if len(columns) == 1 else [f"t{at}" for at in range(len(columns))]
        texts = [f"some text {number}" for number in range(len(columns[0]))]
        path = written("a.csv", {"text": texts} | dict(zip(names, columns, strict=True)))
        table = opened(path, input="text", target=",".join(names), **options)
        return table.targets, table.names, table.notes[-1]

    return read
