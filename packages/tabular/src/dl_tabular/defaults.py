"""Defaults of tables by their number of rows: the recipe ``fast`` as it stands is for thousands.

Chosen by ``python -m benchmarks defaults``.
"""

from __future__ import annotations

from collections.abc import Sequence

from dl.defaults import Default, FitFacts, enough_epochs, stopping

MANY = 5_000  # training rows from which the recipe is left as it is
STEPS = 1_000  # optimizer steps that a dense network needs
LEAST, MOST = 20, 100  # epochs
DROPOUT = 0.3
SIZES = ((300, 8), (1_000, 16), (2_000, 32), (MANY, 64))  # batch sizes below a number of rows


def defaults(facts: FitFacts) -> Sequence[Default]:
    """Return what follows from the number of rows."""
    if facts.train >= MANY:
        return ()
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
