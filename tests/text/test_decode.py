import pytest
from hypothesis import given
from hypothesis import strategies as st

from dl.errors import BadFile, BadOption
from dl_text.decode import known_encoding, read_file, to_utf8


@given(st.text(min_size=1).filter(lambda text: text.strip() and "\0" not in text))
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-8-sig"])
def test_a_text_is_the_same_from_every_encoding(encoding, text):
    text = text.removeprefix("\ufeff") or "x"
    if not text.strip() or text.startswith("\ufeff"):
        return
    assert to_utf8(text.encode(encoding), encoding) == text.encode()


def test_a_byte_order_mark_is_no_part_of_the_text():
    assert to_utf8(b"\xef\xbb\xbfhello", "utf-8") == b"hello"


def test_latin_1_is_read_where_it_is_named():
    assert to_utf8("café".encode("latin-1"), known_encoding("Latin-1")) == "café".encode()


@pytest.mark.parametrize(
    ("content", "encoding", "said"),
    [
        (b"one\ntwo\ncaf\xe9 x", "utf-8", r"byte 12 on line 3 \(0xe9\) is not utf-8; .*encoding=latin-1"),
        (b"\xe9", "utf-8", r"byte 1 on line 1 \(0xe9\)"),
        (b"cut \xe2\x82", "utf-8", r"byte 5 on line 1 \(0xe2\)"),
        (b"\xed\xa0\x80", "utf-8", r"byte 1 on line 1 \(0xed\) is not utf-8"),  # a lone surrogate
        ("hello".encode("utf-16"), "utf-8", "begins like utf-16; read it with encoding=utf-16"),
        (b"a\nb\0c", "utf-8", "byte 4 on line 2 is NUL"),
        ("hello".encode("utf-16-le"), "latin-1", "byte 2 on line 1 is NUL"),
        (b"\xff\xfea", "utf-16", "is not utf-16"),
        (b"caf\xe9", "ascii", r"byte 4 on line 1 \(0xe9\) is not ascii"),
        (b"", "utf-8", "the file is empty"),
        (b" \r\n\t", "utf-8", "holds only white space"),
        (b"\xef\xbb\xbf", "utf-8", "the file is empty"),
    ],
)
def test_what_is_no_text_is_one_reason(content, encoding, said):
    with pytest.raises(BadFile, match=said) as caught:
        to_utf8(content, encoding)
    assert str(caught.value).isprintable()


@given(st.binary(max_size=20), st.sampled_from(["utf-8", "utf-16", "utf-32", "utf-7", "latin-1", "idna", "punycode"]))
def test_any_bytes_are_a_text_or_a_bad_file(content, encoding):
    try:
        to_utf8(content, encoding).decode()
    except BadFile as error:
        assert "\n" not in str(error)


@pytest.mark.parametrize("name", ["klingon", "base64", "hex", "rot13", "", "a\0b", "x" * 500])
def test_an_encoding_that_does_not_exist_is_one_line(name):
    with pytest.raises(BadOption, match="no encoding has this name") as caught:
        known_encoding(name)
    assert str(caught.value).isprintable()


def test_a_file_larger_than_any_text_is_not_read(tmp_path):
    with (tmp_path / "large.txt").open("wb") as stream:
        stream.truncate((1 << 30) + 1)
    with pytest.raises(BadFile, match="1,073,741,825 bytes are too large for a text"):
        read_file(str(tmp_path / "large.txt"))
