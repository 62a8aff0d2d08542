"""Decompress and decode a file to a stream of UTF-8 bytes, with errors that name the line.

A broken archive, an invalid byte or an unclosed quote is an error here, so that parsers read valid text only.
"""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import lzma
import zlib
from pathlib import Path
from typing import IO, Protocol, cast

from dl import regular, work
from dl.data.paths import explain_missing
from dl.errors import BadFile, BadOption
from dl.options import short_value
from dl.terminal import safe_text

CHUNK = 1 << 20  # bytes read at once
PEEKED = 1000  # bytes that are searched for NUL bytes, the mark of UTF-16
BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose BOM is its prefix
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
BROKEN = (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError)  # raised by the readers of archives


class Scanner(Protocol):
    """Checks the text of a stream chunk by chunk."""

    def feed(self, text: bytes) -> None:
        """Check the next bytes."""

    def finish(self) -> None:
        """Check the end of the text."""


def file_name(path: Path) -> str:
    """Return the name of a file, safe to print."""
    return safe_text(path.name)


def open_bytes(path: Path) -> IO[bytes]:
    """Open a file, decompressed according to its suffix.

    Raises:
        BadFile: If it is missing or not a regular file.
    """
    try:
        if not path.is_file():
            raise BadFile(f"{file_name(path)!r} is {explain_missing(path)}")
        suffix = path.suffix.lower()
        if suffix == ".gz":
            return cast("IO[bytes]", gzip.open(path, "rb"))
        if suffix == ".bz2":
            return cast("IO[bytes]", bz2.open(path, "rb"))
        if suffix == ".xz":
            return cast("IO[bytes]", lzma.open(path, "rb"))
        if suffix == ".zst":
            import pyarrow

            return cast("IO[bytes]", pyarrow.CompressedInputStream(pyarrow.OSFile(str(path)), "zstd"))
        return regular.open_regular(path)
    except (OSError, ValueError) as error:
        raise BadFile(f"{file_name(path)!r} cannot be opened: {_reason(error)}") from error


class TextStream(io.RawIOBase):
    """A file as UTF-8 text without a byte order mark.

    Args:
        path: Of the file.
        encoding: Of its text.
        scanner: Checks the text on the way; its errors pass through.

    Raises:
        BadFile: When read, if the file cannot be decompressed or decoded; names byte and line.
        BadOption: If the encoding is unknown.
    """

    def __init__(self, path: Path, encoding: str, scanner: Scanner | None = None) -> None:
        self.path, self.scanner = path, scanner
        self.encoding = _known(encoding)
        self.lines = 1  # number of the next line
        self.source = open_bytes(path)
        packed = path.suffix.lower() in _ARCHIVES
        self.work = work.begin("reading", 0.0 if packed else path.stat().st_size)
        self.left = b""
        self.offset = 0  # decoded bytes of the file
        self.ended = False
        head = self._take(4)
        bom = next((bom for bom, name in BOMS if head.startswith(bom) and self._may_be(name)), b"")
        if bom:
            self.encoding = dict(BOMS)[bom]
        self.detected = self.encoding if bom and self.encoding != "utf-8" else ""
        skipped = len(bom) if self.encoding == "utf-8" else 0  # the other decoders need it for the byte order
        self.offset, self.waiting = skipped, head[skipped:]
        self.decoder = codecs.getincrementaldecoder(self.encoding)("strict")

    def readable(self) -> bool:
        """Return True."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Return the next ``size`` bytes of text, fewer only at the end."""
        chunks, have = [self.left], len(self.left)
        while (size < 0 or have < size) and not self.ended:
            chunks.append(self._next())
            have += len(chunks[-1])
        text = b"".join(chunks)
        cut = len(text) if size < 0 else size
        self.left = text[cut:]
        return text[:cut]

    def close(self) -> None:
        """Close the file."""
        if not self.closed:
            self.source.close()
            self.work.end()
        super().close()

    def _may_be(self, name: str) -> bool:
        """Return whether a byte order mark of this encoding fits the requested encoding."""
        return self.encoding == "utf-8" or self.encoding == name

    def _take(self, size: int) -> bytes:
        try:
            return self.source.read(size)
        except MemoryError:
            raise
        except BROKEN as error:
            suffix = self.path.suffix
            packed = suffix.lower() in _ARCHIVES
            kind = f"is not a complete {suffix[1:]} file" if packed else "is damaged"
            advice = f"; copy it again, or rename it to {file_name(self.path.with_suffix(''))} if it is not compressed"
            raise BadFile(f"{file_name(self.path)!r} {kind}: {_reason(error)}{advice if packed else ''}") from error

    def _next(self) -> bytes:
        """Return the next checked text; empty at the end."""
        raw, self.waiting = self.waiting + self._take(CHUNK), b""
        self.ended = not raw
        if self.encoding == "utf-8" and self.offset < PEEKED and raw[:PEEKED].count(0) > len(raw[:PEEKED]) // 4:
            wide = "utf-16-be" if raw[:1] == b"\0" else "utf-16-le"
            raise BadFile(f"{file_name(self.path)} is full of NUL bytes; if it is UTF-16 text, pass --encoding {wide}")
        try:
            decoded = self.decoder.decode(raw, final=self.ended)
            text = raw if self.encoding == "utf-8" else decoded.encode()
        except UnicodeError as error:
            raise self._not_text(raw, error) from error
        self.offset += len(raw)
        self.work.reach(self.offset)
        if self.scanner is not None:
            self.scanner.feed(text)
            if self.ended:
                self.scanner.finish()
        self.lines += text.count(b"\n")
        return text

    def _not_text(self, raw: bytes, error: UnicodeError) -> BadFile:
        """Build the error that names the invalid byte and its line."""
        where = file_name(self.path)
        if not isinstance(error, UnicodeDecodeError):
            return BadFile(f"{where} from line {self.lines}: not text in {self.encoding}: {error}")
        before = error.object[: error.start]  # with the bytes that the decoder had buffered
        at = self.offset + len(raw) - len(error.object) + error.start
        line = self.lines + before.count(b"\n")
        byte = f"byte 0x{error.object[error.start]:02x}" if error.start < len(error.object) else "the end"
        hint = "pass its encoding, as in --encoding latin-1" if self.encoding == "utf-8" else "try another --encoding"
        return BadFile(f"{where} line {line}: {byte} at position {at:,} is not {self.encoding} text; {hint}")


_ARCHIVES = {".gz", ".bz2", ".xz", ".zst"}


def _known(encoding: str) -> str:
    """Return the canonical name of a text encoding.

    Raises:
        BadOption: If it is unknown.
    """
    try:
        codec = codecs.lookup(encoding)
        codecs.getincrementaldecoder(encoding)
        if not getattr(codec, "_is_text_encoding", True):
            raise LookupError
    except (LookupError, ValueError, UnicodeError) as error:
        message = f"no encoding named {short_value(encoding)!r}; common ones: utf-8, latin-1, cp1252, utf-16"
        raise BadOption(message) from error
    return "utf-8" if codec.name == "utf-8-sig" else codec.name


def _reason(error: BaseException) -> str:
    strerror = getattr(error, "strerror", None)
    return safe_text(strerror.lower() if strerror else str(error) or type(error).__name__, 120)
