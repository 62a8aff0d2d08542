"""The ledger: every look that was taken at a test part, a line of JSON each, beside the runs.

It stands beside the runs, for the looks at one test part add up over all runs that were tried on it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from dl.errors import BadRun

LEDGER = "test-ledger.jsonl"  # name of the file


def read_ledger(path: Path) -> list[dict[str, Any]]:
    """Read every look that was noted, oldest first. Any: as JSON holds them.

    Raises:
        BadRun: If a line is not a look, naming it, or the file cannot be read.
    """
    if not path.exists():
        return []
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise BadRun(f"{path} cannot be read: {error.strerror}") from error
    looks = []
    for number, line in enumerate(lines, start=1):
        try:
            looks.append(dict(json.loads(line)))
        except (ValueError, TypeError, RecursionError) as error:
            raise BadRun(f"{path}: line {number} is not a look at a test part") from error
    return looks
