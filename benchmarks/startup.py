"""How soon the command line answers: `dl --help` and `dl ls`, as a user waits for them. Asked for: at most 0.25 s."""

import statistics
import tempfile
from pathlib import Path

from benchmarks.measuring import publish, run_dl

ROUNDS = 15


def main() -> None:
    """Print and keep the table."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for arguments in (("--help",), ("ls",)):
            times = [run_dl(*arguments, folder=Path(folder)).seconds for _ in range(ROUNDS)]
            rows.append(
                {
                    "command": f"dl {' '.join(arguments)}",
                    "median s": round(statistics.median(times), 3),
                    "least s": round(min(times), 3),
                    "asked for": "0.25",
                }
            )
    publish("startup", "Answering without torch", rows)
