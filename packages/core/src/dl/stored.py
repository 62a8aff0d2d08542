"""Convert stored JSON back to the type it was written from.

Python's own parser reads the text and msgspec checks it against the type. msgspec's parser would refuse what dl
writes: an interval with an infinite end, and a path that is no Unicode.
"""

import json
from typing import Any, TypeVar

Value = TypeVar("Value")


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
