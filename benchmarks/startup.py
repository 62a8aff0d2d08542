"""How soon the command line answers, as a user waits for it, and how soon a fit takes its first step.

Beside the verbs without torch the least that a program with the same two libraries takes: one verb of typer that prints
a table of rich. All are given in seconds of the processor as well, which other work on the machine changes less; fits
on one thread, up to the first training step.
"""

import json
import os
import random
import statistics
import sys
import tempfile
from functools import partial
from pathlib import Path
from shlex import split

from benchmarks.measuring import in_turn, publish, ratios, run_cold, run_dl

ROUNDS = 25
LEAST, HELP = "a verb that prints one row", "dl --help"
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

ASKED = {HELP: 0.25, "dl ls": 0.25} | dict.fromkeys(("dl", "dl plugins", "dl explain", "dl ls runs"), 0.5)
ASKED |= {"dl report 1": 0.5, 'dl completion --candidates -- fit vision ""': 0.3}
FITS = {"mnist": "vision mnist --recipe fast", "a CSV": "tabular rows.csv --target y", "imdb": "text imdb"}
FIT_ROUNDS = 5
# Ends the process at the first training step. An audit hook finds the module once it is imported.
FIRST_STEP = """
import json, os, resource, sys

def watch(event, _arguments):
    module = sys.modules.get("dl.training.train")
    if event == "import" and not found and hasattr(module, "train"):
        found.append(module.FitModule)
        module.FitModule.training_step = first_step

def first_step(*_):
    used = resource.getrusage(resource.RUSAGE_SELF)
    sys.__stdout__.flush()
    os.write(1, json.dumps(used.ru_utime + used.ru_stime).encode())
    os._exit(0)

found = []
sys.addaudithook(watch)
from dl.__main__ import main
main()
"""


def main() -> None:
    """Print and keep both tables."""
    _answers()
    _first_steps()


def _first_steps() -> None:
    """Print and keep the times from the command to the first training step, with the caches of an earlier fit."""
    os.environ["OMP_NUM_THREADS"] = "1"
    draw = random.Random(0)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "first.py").write_text(FIRST_STEP, encoding="utf-8")
        rows = [f"{draw.random():.3f},{draw.random():.3f},{draw.choice('ab')}" for _ in range(20_000)]
        (folder / "rows.csv").write_text("\n".join(["x,z,y", *rows]), encoding="utf-8")
        ends = {
            data: [
                run_cold(sys.executable, "first.py", "fit", *words.split(), folder=folder) for _ in range(FIT_ROUNDS)
            ]
            for data, words in FITS.items()
        }
    table = [
        {
            "fit of": data,
            "least s": round(min(one.seconds for one in ended[1:]), 2),
            "least s of one core": round(min(float(json.loads(one.stdout)) for one in ended[1:]), 2),
            "asked for": "4.0",
        }
        for data, ended in ends.items()
    ]
    publish("first-step", "From dl fit to the first step", table)


def _answers() -> None:
    """Print and keep the times of the verbs without torch."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "least.py").write_text(PROGRAM, encoding="utf-8")
        run_dl("fit", "vision", "digits", folder=folder)
        cpu: dict[str, list[float]] = {one: [] for one in (LEAST, *ASKED)}
        kept = in_turn({one: partial(_seconds, one, folder, spent) for one, spent in cpu.items()}, ROUNDS)
    cpu = {one: spent[1:] for one, spent in cpu.items()}  # without the warm-up
    times, help_times = ratios(kept, LEAST), ratios(cpu, HELP)
    rows = [
        {
            "command": command,
            "median s": round(statistics.median(seconds), 3),
            "least s": round(min(seconds), 3),
            "least s of one core": round(min(cpu[command]), 3),
            "times the first": round(times[command], 2),
            f"of one core, times {HELP}": round(help_times[command], 2),
            "asked for": "" if command == LEAST else f"{ASKED[command]}",
        }
        for command, seconds in kept.items()
    ]
    publish("startup", "Answering without torch", rows)


def _seconds(command: str, folder: Path, cpu: list[float]) -> float:
    """Return how long a command takes, and note the seconds of the processor."""
    is_least = command == LEAST
    ended = (
        run_cold(sys.executable, "least.py", folder=folder) if is_least else run_dl(*split(command)[1:], folder=folder)
    )
    cpu.append(ended.cpu)
    return ended.seconds
