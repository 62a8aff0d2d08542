"""Convert stored JSON back to the type it was written from.

Python's own parser reads the text and msgspec checks it against the type. msgspec's parser would refuse what dl
writes: an interval with an infinite end, and a path that is no Unicode.
"""

import hashlib
import json
from typing import Any, TypeVar

Value = TypeVar("Value")
SEAL = "seal"  # key of the checksum of all other keys of an object


def from_json(text: str | bytes, kind: type[Value]) -> Value:
    """Read a value of a type from JSON, ignoring unknown keys of later versions of dl.

    Args:
        text: The JSON, as `json.dumps` writes it.
        kind: A dataclass, or a container such as ``tuple[Finding, ...]``.

    Raises:
        ValueError: If it is no JSON or not of the type, with the path of what is wrong, like ``$.parameters``.
    """
    return convert(parse_json(text), kind)


def convert(content: Any, kind: type[Value]) -> Value:  # Any: JSON
    """Convert parsed JSON to a type, ignoring unknown keys.

    Raises:
        ValueError: If it is not of the type, with the path of what is wrong.
    """
    import msgspec  # imported here: it takes 20 ms, and `dl ls` and `dl --help` do not need it

    return msgspec.convert(content, kind)


def parse_json(text: str | bytes) -> Any:  # Any: JSON
    """Parse JSON.

    Raises:
        ValueError: If it is none, or nested more deeply than Python can follow.
    """
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def parse_object(text: str | bytes) -> dict[str, Any]:  # Any: JSON
    """Parse a JSON object.

    Raises:
        ValueError: If it is none.
    """
    found = parse_json(text)
    if not isinstance(found, dict):
        raise ValueError(f"it holds a {type(found).__name__}, not an object")
    return found


def as_text(content: Any) -> str:  # Any: what json takes
    """Return JSON as dl writes it into files."""
    return json.dumps(content, indent=1, ensure_ascii=True) + "\n"


def seal_text(content: dict[str, Any]) -> str:  # Any: JSON
    """Return the JSON of an object with a checksum of its own."""
    return as_text(content | {SEAL: _hashed(as_text(content).encode())})


def need_whole(text: str | bytes) -> None:
    """Refuse an object that is not what was written; one without a checksum, as an earlier dl wrote it, passes.

    Raises:
        ValueError: If its checksum differs, or it is no object.
    """
    unseal(text, parse_object(text))


def from_sealed(text: str | bytes, kind: type[Value]) -> Value:
    """Read a value from an object with a checksum; one without, as an earlier dl wrote it, is read as well.

    Raises:
        ValueError: If its checksum differs, or as `from_json`.
    """
    content = parse_object(text)
    unseal(text, content)
    return convert(content, kind)


def unseal(text: str | bytes, content: dict[str, Any]) -> None:  # Any: JSON
    """Take the checksum out of an object that was parsed from a text; one that has none is left as it is.

    As a rule the text is still the one that was written: its own bytes are compared, which is ten times as fast.

    Raises:
        ValueError: If the checksum differs.
    """
    seal = content.pop(SEAL, None)
    if seal is None:
        return
    written, tail = text if isinstance(text, bytes) else text.encode(), f',\n "{SEAL}": "{seal}"\n}}\n'.encode()
    if written.endswith(tail) and _hashed(written[: -len(tail)] + b"\n}\n") == seal:
        return
    if seal != _hashed(as_text(content).encode()):
        raise ValueError("it is not what was written, its checksum differs; restore it from a copy")


def _hashed(written: bytes) -> str:
    return hashlib.sha256(written).hexdigest()
