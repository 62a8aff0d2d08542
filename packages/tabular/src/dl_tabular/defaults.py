"""Defaults of tables by their number of rows."""

from __future__ import annotations

from collections.abc import Sequence

from dl.defaults import Default, FitFacts, enough_epochs

STEPS = 1_000  # optimizer steps that a dense network needs at least
LEAST, MOST = 20, 100  # epochs
MANY = 5_000  # training rows from which the recipe is left as it is
SIZES = ((300, 8), (1_000, 16), (2_000, 32), (MANY, 64))  # batch sizes below a number of rows


def defaults(facts: FitFacts) -> Sequence[Default]:
    """Return what follows from the number of rows."""
    if facts.train >= MANY:
        return ()
    size = next(size for rows, size in SIZES if facts.train < rows)
    rows, steps = f"{facts.train:,} training rows", facts.steps(size)
    epochs = enough_epochs(steps, STEPS, LEAST, MOST)
    return (
        Default("batch_size", size, f"{rows}: small batches take more steps"),
        Default("epochs", epochs, f"{rows} at {steps} steps an epoch: about {STEPS} steps are needed"),
    )
