"""What ``--json`` prints: one document on stdout, in success and in failure, whose numbers are finite or null.

Imports the standard library alone, since an environment that does not work is told about in the same way.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

FLAG = "--json"


_printed: list[bool] = []  # not empty once this command has printed its document


def begin_command() -> None:
    """Forget the document of an earlier command of this process."""
    _printed.clear()


def print_json(content: object) -> None:
    """Print the document of this command in one line; numbers that are not finite become null."""
    print_document(json_line(content))


def print_document(line: str) -> None:
    """Print the document of this command, unless one is printed: an error or a signal behind it adds none."""
    if not _printed:
        print(line, flush=True)
        _printed.append(True)


def is_printed() -> bool:
    """Return whether this command has printed its document."""
    return bool(_printed)


def is_asked(arguments: Sequence[str]) -> bool:
    """Return whether the words of a command ask for JSON."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    return FLAG in arguments[:end]


def error_document(code: int, kind: str, line: str, command: str = "") -> str:
    """Return the document about an error.

    Args:
        code: Exit code.
        kind: Name of the class of the error.
        line: As it is printed on stderr.
        command: That mends it; empty if none is known.
    """
    return json_line({"error": {"code": code, "kind": kind, "line": line, "command": command}})


def last_document(lines: Sequence[str]) -> str:
    """Return the last line that is a document, from the output of another process; empty if none is."""
    for line in reversed(lines):
        if line.startswith(("{", "[")):
            try:
                json.loads(line)
            except ValueError:
                continue
            return line
    return ""


def json_line(content: object) -> str:
    """Return a document in one line; numbers that are not finite become null."""
    try:
        return json.dumps(content, allow_nan=False)
    except ValueError:
        return json.dumps(_finite(content), allow_nan=False)


def _finite(value: Any) -> Any:  # Any: JSON
    """Replace numbers that are not finite by None."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _finite(one) for key, one in value.items()}
    return [_finite(one) for one in value] if isinstance(value, (list, tuple)) else value
