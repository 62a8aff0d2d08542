"""Split a body of ``multipart/form-data`` that is in memory as a whole.

Source: RFC 7578 and RFC 2046, section 5.1. The common parsers look at byte after byte in Python and put large parts
into files; the body is here already, so it is split at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from email.message import Message
from email.parser import HeaderParser

from dl_serve.errors import Refused

LONGEST_HEAD = 4096  # bytes of the headers of a part
LONGEST_BOUNDARY = 70  # RFC 2046
WRONG = "the body is no multipart/form-data"


@dataclass(frozen=True)
class Part:
    """A part of a form.

    Args:
        name: Of the field.
        filename: As the client gave it; None for a plain field.
        content: Of the part.
    """

    name: str
    filename: str | None
    content: bytes


def split_parts(content_type: str, body: bytes, most: int) -> list[Part]:
    """Split a form into its parts.

    Args:
        content_type: The header, with the boundary.
        body: Of the request.
        most: Number of parts.

    Raises:
        Refused: If it is no form, or has too many parts.
    """
    head = Message()
    head["content-type"] = content_type
    boundary = head.get_param("boundary")
    if not isinstance(boundary, str) or not 1 <= len(boundary) <= LONGEST_BOUNDARY or not boundary.isascii():
        raise Refused(400, f"{WRONG}: its content type names no boundary")
    mark = b"--" + boundary.encode("ascii")
    pieces = (b"\r\n" + body).split(b"\r\n" + mark, most + 2)
    if len(pieces) < 2 or not (pieces[-1].startswith(b"--") or len(pieces) > most + 2):
        raise Refused(400, f"{WRONG}: its end is missing")
    if len(pieces) > most + 2:
        raise Refused(413, f"a form of more than {most:,} parts; send fewer at once")
    return [_part(piece) for piece in pieces[1:-1]]


def _part(piece: bytes) -> Part:
    """Read the headers of a part.

    Raises:
        Refused: If they are missing, or too long.
    """
    head, blank, content = piece.partition(b"\r\n\r\n")
    if not blank or len(head) > LONGEST_HEAD:
        raise Refused(400, f"{WRONG}: a part has no headers, or headers of more than {LONGEST_HEAD:,} bytes")
    text = head.decode("utf-8", "replace").lstrip(" \t").removeprefix("\r\n")
    try:
        found = HeaderParser().parsestr(text)
        name, filename = found.get_param("name", header="content-disposition"), found.get_filename()
    except (ValueError, LookupError) as error:  # an encoding that does not exist
        raise Refused(400, f"{WRONG}: the headers of a part cannot be read") from error
    if not isinstance(name, str):
        raise Refused(400, f"{WRONG}: a part has no name")
    return Part(name, filename, content)
