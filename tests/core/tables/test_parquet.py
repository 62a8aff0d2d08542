"""Parquet: types become cells, and what is no Parquet file is one line."""

import datetime
import decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dl.errors import BadData, BadFile

TEXTS = ["some words", "more words", "other words", "no words"]


@pytest.fixture
def parquet(tmp_path):
    """A function that writes columns of any type: parquet(label=[...])."""

    def write(texts=TEXTS, **columns):
        pq.write_table(pa.table({"text": texts, **columns}), tmp_path / "a.parquet", row_group_size=3)
        return tmp_path / "a.parquet"

    return write


@pytest.mark.parametrize(
    ("label", "names"),
    [
        (pa.array(["x", "y"] * 2).dictionary_encode(), ("x", "y")),
        (pa.array(["x", "y"] * 2, pa.large_string()), ("x", "y")),
        (pa.array([b"x", b"y"] * 2), ("x", "y")),
        (pa.array([True, False] * 2), ("false", "true")),
        (pa.array([7, 8] * 2, pa.uint8()), ("7", "8")),
        (pa.array([1.0, 0.0] * 2), ("0", "1")),
        (pa.array([decimal.Decimal("1"), decimal.Decimal("2")] * 2), ("1", "2")),
    ],
)
def test_every_flat_type_can_be_classes(parquet, opened, label, names):
    assert opened(parquet(label=label)).names == names


def test_floats_keep_every_digit(parquet, opened):
    values = [0.1, 1 / 3, 1e-300, 12345.678901234567]
    assert opened(parquet(label=values)).targets.tolist() == values


def test_times_of_any_type_sort(parquet, opened):
    days = [datetime.date(2024, 1, day) for day in (4, 2, 3, 1)]
    moments = pa.array([datetime.datetime(2024, 1, day, tzinfo=datetime.UTC) for day in (4, 2, 3, 1)])
    for column in (pa.array(days), moments, moments.cast(pa.timestamp("ns"))):
        times = opened(parquet(label=["x", "y"] * 2, at=column), time_on="at").times
        assert times.argsort().tolist() == [3, 1, 2, 0]


def test_large_texts_are_read(parquet, opened):
    assert opened(parquet(pa.array(TEXTS, pa.large_string()), label=["x", "y"] * 2)).cells() == TEXTS


def test_nested_values_are_refused_with_the_column(parquet, opened):
    path = parquet(label=["x", "y"] * 2, image=[{"bytes": b"x"}] * 4)
    assert opened(path).names == ("x", "y")
    with pytest.raises(BadData, match=r"column 'image' holds values of the type struct.*; target needs single values"):
        opened(path, target="image")


def test_a_cut_or_foreign_file_is_one_line(parquet, opened, tmp_path):
    content = parquet(label=["x", "y"] * 2).read_bytes()
    for damaged in (content[: len(content) // 2], content[:-4], b"text,label\na,b\n", b"", content[20:]):
        (tmp_path / "b.parquet").write_bytes(damaged)
        with pytest.raises(BadFile, match=r"'b\.parquet' is not a complete Parquet file") as caught:
            opened(tmp_path / "b.parquet")
        assert "\n" not in str(caught.value)


def test_a_table_without_rows_says_so(parquet, opened):
    with pytest.raises(BadData, match=r"a\.parquet has a header but no rows: text, label"):
        opened(parquet(pa.array([], pa.string()), label=pa.array([], pa.string())))


def test_a_packed_parquet_file_is_refused(tmp_path, opened):
    (tmp_path / "a.parquet.gz").write_bytes(b"x")
    with pytest.raises(BadFile, match="is a compressed Parquet file"):
        opened(tmp_path / "a.parquet.gz")


def test_bytes_that_are_no_text_are_named_with_column_and_row(parquet, opened):
    labels = ["x", "y"] * 2
    raw = pa.array([b"some words", b"more words", b"other words", b"caf\xe9"])
    said = r"a\.parquet row 4: column 'text' holds bytes that are not utf-8 text"
    with pytest.raises(BadFile, match=said):
        opened(parquet(raw, label=labels))
    claimed = pa.Array.from_buffers(pa.string(), 4, raw.buffers())  # the file says that it is text
    with pytest.raises(BadFile, match=said):
        opened(parquet(claimed, label=labels))
