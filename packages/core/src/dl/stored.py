"""Stored values: the JSON that dl wrote, read back as the type it was written from.

Python's own parser reads the text and msgspec checks it against the type. msgspec's parser would refuse what dl
writes: an interval with an infinite end, and a path that is no Unicode.
"""

import json
from typing import TypeVar

Value = TypeVar("Value")


def from_json(text: str | bytes, kind: type[Value]) -> Value:
    """Read a value of a type from JSON, passing over the keys that a later dl may have added.

    Args:
        text: The JSON, as `json.dumps` writes it.
        kind: A dataclass, or a container such as ``tuple[Finding, ...]``.

    Raises:
        ValueError: If it is no JSON or not of the type, with the path of what is wrong, like ``$.parameters``.
    """
    import msgspec  # here, for it takes 20 ms: nothing is read back for `dl ls` or `dl --help`

    try:
        return msgspec.convert(json.loads(text), kind)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
