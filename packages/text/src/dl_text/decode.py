"""Decode the bytes of a file to a text in UTF-8, or raise a one-line reason."""

import codecs
import os
from hashlib import blake2b

from dl import regular
from dl.errors import BadFile, BadOption
from dl.terminal import safe_text

LARGEST_FILE = 1 << 30  # bytes
_WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def known_encoding(name: str) -> str:
    """Return Python's name of a text encoding.

    Raises:
        BadOption: If it is unknown.
    """
    try:
        "".encode(name)  # a bytes-to-bytes codec, as base64, is a LookupError too
        return codecs.lookup(name).name
    except (LookupError, ValueError) as error:
        advice = "expected a name as utf-8, latin-1, cp1252 or utf-16"
        raise BadOption(f"encoding={safe_text(name, 40)}: no encoding has this name; {advice}") from error


def read_file(path: str) -> bytes:
    """Read a whole file.

    Raises:
        BadFile: If it is larger than `LARGEST_FILE`.
        OSError: If it cannot be read.
    """
    with regular.open_regular(path) as stream:
        size = os.fstat(stream.fileno()).st_size
        if size > LARGEST_FILE:
            raise BadFile(f"{size:,} bytes are too large for a text")
        return stream.read()


def digest_of(content: bytes) -> bytes:
    """Hash the content to 16 bytes."""
    return blake2b(content, digest_size=16).digest()


def to_utf8(content: bytes, encoding: str) -> bytes:
    """Convert the content of a file to UTF-8 without a byte order mark.

    Raises:
        BadFile: With the reason alone - not in this encoding, NUL, only white space; the caller names the file.
    """
    content = content.removeprefix(codecs.BOM_UTF8) if encoding == "utf-8" else content
    try:
        text = content.decode(encoding)
        encoded = content if encoding == "utf-8" else text.encode()
    except UnicodeDecodeError as error:
        raise BadFile(_undecodable(content, encoding, error.start)) from error
    except UnicodeError as error:  # utf-16 without a byte order mark, or a lone surrogate
        raise BadFile(f"not {encoding}: {safe_text(error, 80)}") from error
    if (at := encoded.find(b"\0")) >= 0:
        raise BadFile(f"{_place(encoded, at)} is NUL: not a text, or in another encoding")
    if not text.strip():
        raise BadFile("the file is empty" if not content else "the file holds only white space")
    return encoded


def _undecodable(content: bytes, encoding: str, at: int) -> str:
    if encoding == "utf-8" and content.startswith(_WIDE):
        return "not utf-8, but it begins like utf-16; read it with encoding=utf-16"
    value = f"0x{content[at]:02x}" if at < len(content) else "the end"
    return f"{_place(content, at)} ({value}) is not {encoding}; name its encoding, as in encoding=latin-1"


def _place(content: bytes, at: int) -> str:
    return f"byte {at + 1:,} on line {content.count(10, 0, at) + 1:,}"
