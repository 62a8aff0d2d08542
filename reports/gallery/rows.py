"""A small fit for each row of the decision table in `docs/reports.md`, on data that dl brings along."""

from __future__ import annotations

import csv
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pieces import Piece

from dl.files import write_text
from dl.hookspecs import hookimpl
from dl.runs.run import Run
from dl.specs import TaskSpec

if TYPE_CHECKING:
    from dl.tasks.task import TaskKind

KEPT = ("epoch", "step", "lr", "train_loss", "val_loss", "val_mae", "val_low", "val_high", "probe_loss", "probe_mae")
PATIENCE = 120  # seconds until a fit that is to be interrupted must have begun


class Odd:
    """A plugin: a task that says of no answer that it is trivial."""

    @hookimpl
    def register_tasks(self) -> tuple[TaskSpec, ...]:
        """Register numbers without baselines."""
        return (TaskSpec("numbers", "real numbers, compared with nothing", _numbers),)


def _numbers() -> TaskKind:
    from dl.tasks.rows import REGRESSION

    return replace(REGRESSION, name="numbers", recognize=None, baselines=lambda *_: ())


def forget(run: Run) -> None:
    """Delete all but the means of each epoch, as of a run that another program wrote."""
    shutil.rmtree(run.outcomes_folder)
    file = run.path / "history.csv"
    with file.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, KEPT, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    write_text(
        run.path / "run.json", replace(run.manifest, files={}).to_json()
    )  # without checksums, as another program


def interrupt(piece: Piece, root: Path) -> None:
    """Fit in a process of its own, and kill it in its first epoch."""
    options = [f"{name}={value}" for name, value in piece.options.items() if name not in ("recipe", "rivals")]
    command = [sys.executable, "-m", "dl", "fit", piece.domain, piece.data, "--recipe", piece.options["recipe"]]
    process = subprocess.Popen([*command, "--runs", str(root), *options], stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + PATIENCE
    while not any(root.glob("*/run.json")):
        assert process.poll() is None and time.monotonic() < deadline, f"{piece.name} has not begun"
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()


def _row(
    row: str, description: str, domain: str, data: str, **more: Any
) -> Piece:  # Any: fields, and what dl.fit takes
    then, fit = more.pop("then", None), more.pop("fit", None)
    options: Mapping[str, Any] = {"recipe": "book-dense", "rivals": False, **more}
    return Piece(f"rows/{row.replace(' ', '-')}", description, (), data, options, domain, row, then, fit)


# What follows from the data alone would be good: most rows take a network that is not.
ROWS = (
    _row("distrust", "500 training digits planted into the validation set", "vision", "mnist-duplicates", epochs=2),
    _row("broken", "plain gradient descent at a rate of 1e30", "vision", "digits", lr=1e30, optimizer="sgd", val=0.4),
    _row("no epoch", "killed in its first epoch", "vision", "mnist", recipe="book-convnet", fit=interrupt),
    _row(
        "unstable",
        "plain gradient descent at a rate of 30",
        "vision",
        "digits",
        lr=30,
        optimizer="sgd",
        epochs=30,
        val=0.4,
    ),
    _row("memorized", "shuffled labels, two epochs", "vision", "mnist-shuffled", lr=0.0001, epochs=2),
    _row("nothing", "shuffled labels, a rate of one millionth", "vision", "mnist-shuffled", lr=0.000001, epochs=2),
    _row("class not found", "three epochs at a tenth of the rate", "vision", "digits", lr=0.0001, epochs=3, val=0.4),
    _row(
        "untold-but-fitted",
        "three layers on 30 patients for validation, 300 epochs",
        "tabular",
        "diabetes",
        lr=0.01,
        epochs=300,
        depth=3,
        val=30,
    ),
    _row("untold", "30 wines for validation, two epochs", "tabular", "wine", lr=0.0001, epochs=2, val=30),
    _row("rival", "two epochs beside ridge regression", "tabular", "diabetes", lr=0.0001, epochs=2, rivals=True),
    _row("large", "a bag of words, six epochs at a high rate", "text", "rotten-tomatoes", lr=0.01, epochs=6, val=0.2),
    _row("part", "patients, 60 epochs", "tabular", "diabetes", epochs=60),
    _row("turned", "1,000 digits, 30 epochs", "vision", "mnist-small", epochs=30),
    _row(
        "turned with training",
        "three layers at a rate of 0.03",
        "vision",
        "digits",
        lr=0.03,
        depth=3,
        epochs=20,
        val=0.4,
    ),
    _row("turn unknown", "a single epoch", "tabular", "wine", epochs=1, val=0.4),
    _row("gap vague", "150 digits, 40 for validation", "vision", "mnist-few", epochs=10),
    _row("gap untold", "29 wines for validation", "tabular", "wine", epochs=60),
    _row("not done", "three epochs", "vision", "digits", epochs=3, val=0.4),
    _row("common error", "patients, four epochs", "tabular", "diabetes", epochs=4),
    _row("skill unknown", "a task without a trivial answer", "tabular", "diabetes", task="numbers", epochs=40),
    _row("gap unknown", "of which the means alone were kept", "tabular", "diabetes", epochs=40, then=forget),
    _row("fine", "what follows from the data, on all digits of MNIST", "vision", "mnist", recipe="", rivals=True),
)
