"""Bytes of a file become text, or one line that names what is wrong and where."""

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dl.errors import BadFile, BadOption
from dl.tables.stream import TextStream

ROWS = [("a good film", "pos"), ("a bad film", "neg"), ("good fun", "pos"), ("bad taste", "neg")]


def lines(rows):
    return "".join(f"{text},{label}\n" for text, label in [("text", "label"), *rows])


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_byte_order_mark_says_how_it_is_written(written, opened, encoding):
    table = opened(written("a.csv", (lines(ROWS) + "été,pos\n").encode(encoding)))
    assert table.cells()[-1] == "été" and table.roles.input == "text"
    assert any(note.startswith("encoded in utf-") for note in table.notes) == (encoding != "utf-8-sig")


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "shift_jis", "utf-16-le"])
def test_an_encoding_can_be_named(written, opened, encoding):
    text = {"shift_jis": "日本語"}.get(encoding, "été")
    assert (
        opened(written("a.csv", (lines(ROWS) + f"{text},pos\n").encode(encoding)), encoding=encoding).cells()[-1]
        == text
    )


def test_a_byte_that_is_no_text_is_named_with_its_line(written, opened):
    path = written("a.csv", (lines(ROWS) + "été,pos\n").encode("latin-1"))
    with pytest.raises(
        BadFile, match=r"a\.csv line 6: byte 0xe9 at position \d+ is not utf-8 text; .*--encoding latin-1"
    ):
        opened(path)


def test_a_byte_that_is_no_text_is_found_however_far_it_is(written, opened):
    start = lines([("x" * 999, "pos")] * 5000).encode()
    with pytest.raises(BadFile, match=rf"line 5002: byte 0xff at position {len(start):,} is not utf-8"):
        opened(written("a.csv", start + b"\xff,neg\n"))
    with pytest.raises(BadFile, match=r"line 5002: .* is not utf-8"):
        opened(written("b.csv", start + "é".encode()[:1]))


def test_text_of_two_bytes_a_character_without_a_mark_is_recognized(written, opened):
    for encoding in ("utf-16-le", "utf-16-be"):
        path = written("a.csv", lines([*ROWS, ("été", "pos")]).encode(encoding))
        with pytest.raises(BadFile, match=rf"full of NUL bytes; if it is UTF-16 text, pass --encoding {encoding}"):
            opened(path)
        assert len(opened(path, encoding=encoding)) == 5


@pytest.mark.parametrize("encoding", ["utf-9", "rot13", "hex", "", "x" * 500, "a\0b"])
def test_an_encoding_that_nobody_knows_is_refused(written, opened, encoding):
    with pytest.raises(BadOption, match="no encoding named"):
        opened(written("a.csv", lines(ROWS)), encoding=encoding)


@pytest.mark.parametrize("name", ["a.csv.gz", "a.csv.bz2", "a.csv.xz", "a.csv.zst"])
def test_an_archive_that_is_cut_or_none_is_one_line(written, opened, name):
    whole = written(
        name, {"text": [f"{number} words {hash(str(number))}" for number in range(3000)], "label": ["a", "b"] * 1500}
    ).read_bytes()
    for content in (whole[: len(whole) // 2], lines(ROWS).encode(), b""):
        with pytest.raises(BadFile, match=rf"'{name}' (is not a complete \w+ file|cannot be opened|is empty)"):
            opened(written(name, content))


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_what_is_no_file_is_one_line(tmp_path, opened, suffix):
    with pytest.raises(BadFile, match="is not there"):
        opened(tmp_path / f"gone.{suffix}")
    (tmp_path / f"folder.{suffix}").mkdir()
    os.mkfifo(tmp_path / f"pipe.{suffix}")
    for name in ("folder", "pipe"):
        with pytest.raises(BadFile, match="no regular file"):
            opened(tmp_path / f"{name}.{suffix}")


class Kept:
    """Keeps what passes by."""

    def __init__(self):
        self.seen, self.ended = b"", False

    def feed(self, text):
        self.seen += text

    def finish(self):
        self.ended = True


@settings(max_examples=50)
@given(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\ufeff"), min_size=4, max_size=50),
    st.integers(1, 7),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32", "utf-16-le"]),
)
def test_text_comes_out_as_utf_8_however_it_is_written_and_however_much_is_read_at_once(text, size, encoding):
    scanner = Kept()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.txt"
        path.write_bytes(text.encode(encoding))
        with TextStream(path, "utf-16-le" if encoding == "utf-16-le" else "utf-8", scanner) as stream:
            read = b"".join(iter(lambda: stream.read(size), b""))
    assert read == scanner.seen == text.encode() and scanner.ended


def test_lines_are_counted_as_they_are_read(written):
    stream = TextStream(written("a.txt", "one\ntwo\nthree"), "utf-8")
    assert (stream.lines, stream.read(), stream.lines, stream.read()) == (1, b"one\ntwo\nthree", 3, b"")
