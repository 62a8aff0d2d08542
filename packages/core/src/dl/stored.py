"""Convert stored JSON back to the type it was written from.

Python's own parser reads the text and msgspec checks it against the type. msgspec's parser would refuse what dl
writes: an interval with an infinite end, and a path that is no Unicode.
"""

import json
from typing import TypeVar

Value = TypeVar("Value")


def from_json(text: str | bytes, kind: type[Value]) -> Value:
    """Read a value of a type from JSON, ignoring unknown keys of later versions of dl.

    Args:
        text: The JSON, as `json.dumps` writes it.
        kind: A dataclass, or a container such as ``tuple[Finding, ...]``.

    Raises:
        ValueError: If it is no JSON or not of the type, with the path of what is wrong, like ``$.parameters``.
    """
    import msgspec  # imported here: it takes 20 ms, and `dl ls` and `dl --help` do not need it

    try:
        return msgspec.convert(json.loads(text), kind)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
