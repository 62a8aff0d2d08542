"""What a tracker costs: whole fits in processes of their own, with no logger and with each, in turn.

Asked for: at most 1.02 of the fit without one. The first round, in which databases are made, is a warm-up.
"""

import os
import tempfile
from functools import partial
from pathlib import Path
from statistics import median

from benchmarks.measuring import in_turn, publish, ratios, run_dl

LOGGERS = ("csv", "tensorboard", "wandb", "mlflow")
FIT = ("fit", "vision", "mnist", "--recipe", "book-convnet", "epochs=5", "--no-rivals")
ROUNDS = 5
NONE = "none"


def main() -> None:
    """Print and keep the table."""
    rows = measure(FIT, LOGGERS, ROUNDS)
    publish("trackers", f"A fit with a tracker to one without: dl {' '.join(FIT)}", rows, "asked for: at most 1.02")


def measure(fit: tuple[str, ...], loggers: tuple[str, ...], rounds: int) -> list[dict[str, object]]:
    """Return a row for no logger and for each: the least seconds, and the medians over rounds of what it adds."""
    os.environ["WANDB_MODE"] = "offline"
    with tempfile.TemporaryDirectory() as name:

        def run(logger: str) -> float:
            chosen = () if logger == NONE else ("--logger", logger)
            return run_dl(*fit, *chosen, folder=Path(name)).seconds

        kept = in_turn({logger: partial(run, logger) for logger in (NONE, *loggers)}, rounds)
    return [
        {
            "logger": logger,
            "least s": min(kept[logger]),
            "more s": median(one - none for one, none in zip(kept[logger], kept[NONE], strict=True)),
            "of a fit without": ratio,
        }
        for logger, ratio in ratios(kept, NONE).items()
    ]
