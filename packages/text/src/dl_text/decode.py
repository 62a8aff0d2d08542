"""Decoding: the bytes of a file to the UTF-8 bytes of a text, or one reason in words why they are none."""

import codecs
import os
from hashlib import blake2b

from dl.errors import BadFile, BadOption
from dl.terminal import safe_text

LARGEST_FILE = 1 << 30  # bytes
_WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def known_encoding(name: str) -> str:
    """Return the name of an encoding of texts as Python writes it.

    Raises:
        BadOption: If there is none of that name.
    """
    try:
        "".encode(name)  # bytes to bytes, as base64, is a LookupError, too
        return codecs.lookup(name).name
    except (LookupError, ValueError) as error:
        advice = "expected a name as utf-8, latin-1, cp1252 or utf-16"
        raise BadOption(f"encoding={safe_text(name, 40)}: no encoding has this name; {advice}") from error


def read_file(path: str) -> bytes:
    """Read a whole file.

    Raises:
        BadFile: If it has a size that no text has.
        OSError: If the system does not give it.
    """
    with open(path, "rb") as stream:  # noqa: PTH123 - many times, and the path is text
        size = os.fstat(stream.fileno()).st_size
        if size > LARGEST_FILE:
            raise BadFile(f"{size:,} bytes are more than one text has")
        return stream.read()


def digest_of(content: bytes) -> bytes:
    """Return a 16-byte hash."""
    return blake2b(content, digest_size=16).digest()


def to_utf8(content: bytes, encoding: str) -> bytes:
    """Return the text of a file as UTF-8, without a byte order mark.

    Raises:
        BadFile: With the reason alone - not in this encoding, NUL, nothing but space; the caller knows the file's name.
    """
    content = content.removeprefix(codecs.BOM_UTF8) if encoding == "utf-8" else content
    try:
        text = content.decode(encoding)
        encoded = content if encoding == "utf-8" else text.encode()
    except UnicodeDecodeError as error:
        raise BadFile(_undecodable(content, encoding, error.start)) from error
    except UnicodeError as error:  # utf-16 without its mark, or half of a pair
        raise BadFile(f"not {encoding}: {safe_text(error, 80)}") from error
    if (at := encoded.find(b"\0")) >= 0:
        raise BadFile(f"{_place(encoded, at)} is NUL: not a text, or in another encoding")
    if not text.strip():
        raise BadFile("the file is empty" if not content else "the file holds nothing but space")
    return encoded


def _undecodable(content: bytes, encoding: str, at: int) -> str:
    if encoding == "utf-8" and content.startswith(_WIDE):
        return "not utf-8, but it begins like utf-16; read it with encoding=utf-16"
    value = f"0x{content[at]:02x}" if at < len(content) else "the end"
    return f"{_place(content, at)} ({value}) is not {encoding}; name its encoding, as in encoding=latin-1"


def _place(content: bytes, at: int) -> str:
    return f"byte {at + 1:,} on line {content.count(10, 0, at) + 1:,}"
