"""What a tracker costs: whole commands in processes of their own, with no logger, with none once more, and with each.

Asked for: the training, from its first step to the end of its last epoch as the run's history has it, takes at most
1.02 of that without a logger. What comes before and after it, such as the imports of a tracker and the report that it
gets, is not of the training, and stands beside it as seconds of the whole command. ``none again`` is the same fit as
``none``: its row is the noise, and what lies in its range cannot be told from no cost. The contenders take turns, every
other round in the reverse order; the first round, in which databases are made, is a warm-up. ``$ROUNDS`` is the number
of the others, and ``$EPOCHS`` that of each fit.
"""

import os
import tempfile
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from statistics import median

from benchmarks.measuring import publish, run_dl
from dl.runs.run import open_run

LOGGERS = ("csv", "tensorboard", "wandb", "mlflow")
NONE, AGAIN = "none", "none again"
FIT = ("fit", "vision", "mnist", "--model", "dense", "--recipe", "book-dense", "--accelerator", "cpu", "--no-rivals")
EPOCHS = int(os.environ.get("EPOCHS", "8"))
ROUNDS = int(os.environ.get("ROUNDS", "5"))


@dataclass(frozen=True)
class Fitted:
    """The seconds of a fit.

    Args:
        training: From the first step to the end of the last epoch.
        epoch: Of the median epoch.
        command: From start to end of the process.
    """

    training: float
    epoch: float
    command: float


def main() -> None:
    """Print and keep the table."""
    rows = measure((*FIT, f"epochs={EPOCHS}"), LOGGERS, ROUNDS)
    title = f"A fit with a tracker to one without, {ROUNDS} rounds: dl {' '.join(FIT)} epochs={EPOCHS}"
    publish("trackers", title, rows, "asked for: at most 1.02 of the training, by the median")


def measure(fit: tuple[str, ...], loggers: tuple[str, ...], rounds: int) -> list[dict[str, object]]:
    """Return a row for no logger, twice, and for each: ratios of training in the same round, and the seconds more."""
    os.environ["WANDB_MODE"] = "offline"
    kept: dict[str, list[Fitted]] = {logger: [] for logger in (NONE, AGAIN, *loggers)}
    with tempfile.TemporaryDirectory() as name:
        runs = {logger: partial(fitted, fit, logger, Path(name)) for logger in kept}
        for number in range(rounds + 1):
            for logger in kept if number % 2 else reversed(kept):
                seconds = runs[logger]()
                if number:
                    kept[logger].append(seconds)
    return [row(logger, kept[logger], kept[NONE]) for logger in kept]


def fitted(fit: tuple[str, ...], logger: str, folder: Path) -> Fitted:
    """Fit in a process of its own, in a folder of runs that all fits with this logger share."""
    runs = folder / logger.replace(" ", "-")
    chosen = () if logger in (NONE, AGAIN) else ("--logger", logger)
    command = run_dl(*fit, *chosen, "--runs", str(runs), folder=folder).seconds
    ends = [0.0, *open_run("last", runs).history.column("seconds")]
    return Fitted(ends[-1], median(after - before for before, after in pairwise(ends)), command)


def row(logger: str, found: list[Fitted], without: list[Fitted]) -> dict[str, object]:
    """Return the row of a logger, in pairs with the fits without one."""
    pairs = list(zip(found, without, strict=True))
    of_training = [one.training / none.training for one, none in pairs]
    more = [one.command - none.command for one, none in pairs]
    return {
        "logger": logger,
        "of the training": median(of_training),
        "range": f"{min(of_training):.3f}-{max(of_training):.3f}",
        "of its median epoch": median(one.epoch / none.epoch for one, none in pairs),
        "training, least s": min(one.training for one in found),
        "whole command, more s": median(more),
        "range of these s": f"{min(more):.1f}-{max(more):.1f}",
    }
