"""How soon the command line answers: `dl --help` and `dl ls`, as a user waits for them. Asked for: at most 0.25 s.

Beside them the least that a program with the same two libraries takes: one verb of typer that prints a table of rich.
"""

import statistics
import sys
import tempfile
from pathlib import Path

from benchmarks.measuring import in_turn, publish, ratios, run_cold, run_dl

ROUNDS = 25
LEAST = "a verb that prints one row"
PROGRAM = """
import typer
from rich.console import Console
from rich.table import Table

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def ls(kind: str = "") -> None:
    table = Table("name")
    table.add_row("mnist")
    Console().print(table)


app()
"""


def main() -> None:
    """Print and keep the table."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "least.py").write_text(PROGRAM, encoding="utf-8")
        kept = in_turn(
            {
                LEAST: lambda: run_cold(sys.executable, "least.py", folder=folder).seconds,
                "dl --help": lambda: run_dl("--help", folder=folder).seconds,
                "dl ls": lambda: run_dl("ls", folder=folder).seconds,
            },
            ROUNDS,
        )
    times = ratios(kept, LEAST)
    rows = [
        {
            "command": command,
            "median s": round(statistics.median(seconds), 3),
            "least s": round(min(seconds), 3),
            "times the first": round(times[command], 2),
            "asked for": "" if command == LEAST else "0.25",
        }
        for command, seconds in kept.items()
    ]
    publish("startup", "Answering without torch", rows)
