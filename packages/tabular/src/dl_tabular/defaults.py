"""Defaults of tables by their number of rows: the recipe ``fast`` as it stands is for a few thousand.

Chosen by ``python -m benchmarks defaults``.
"""

from __future__ import annotations

from collections.abc import Sequence

from dl.defaults import Default, FitFacts, enough_epochs, stopping

MANY = 5_000  # training rows from which a wide network pays and needs no dropout
STEPS = 1_000  # optimizer steps that a dense network needs on few rows
LEAST, MOST = 20, 100  # epochs on few rows
DROPOUT = 0.3
SIZES = ((300, 8), (1_000, 16), (2_000, 32), (MANY, 64))  # batch sizes below a number of rows
WIDE = 256
AVERAGED = 0.99  # of the moving average of the weights that is kept at a step
MOST_STEPS = 30_000  # on many rows, but for five epochs


def defaults(facts: FitFacts) -> Sequence[Default]:
    """Return what follows from the number of rows."""
    return _of_many(facts) if facts.train >= MANY else _of_few(facts)


def _of_few(facts: FitFacts) -> list[Default]:
    rows = f"{facts.train:,} training rows"
    size = next(size for number, size in SIZES if facts.train < number)
    steps = facts.steps(size)
    epochs = enough_epochs(steps, STEPS, LEAST, MOST)
    found = [
        Default("batch_size", size, f"{rows}: small batches take more steps"),
        Default("epochs", epochs, f"{rows}, {steps} steps an epoch: it takes about {STEPS}, in at most {MOST} epochs"),
        Default(
            "monitor", "loss", f"{facts.val:,} validation rows: right answers are too coarse to choose an epoch by"
        ),
        stopping(epochs),
    ]
    if facts.model == "dense":
        found.append(Default("dropout", DROPOUT, f"{rows}: a network of this size would learn them by heart"))
    return found


def _of_many(facts: FitFacts) -> list[Default]:
    rows, steps = f"{facts.train:,} training rows", facts.steps(int(facts.options["batch_size"]))
    epochs = enough_epochs(steps, MOST_STEPS, 5, int(facts.options["epochs"]))
    found = [Default("epochs", epochs, f"{rows}, {steps:,} steps an epoch: about {MOST_STEPS:,} are enough")]
    if facts.model == "dense":
        found.append(Default("width", WIDE, f"{rows}: enough for a wide network"))
        found.append(Default("weight-averaging", AVERAGED, "smooths what single steps do", is_regularizer=True))
    return found
