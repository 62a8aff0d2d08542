"""Defaults of tables by their number of rows."""

from __future__ import annotations

from collections.abc import Sequence

from dl.defaults import Default, FitFacts, enough_epochs

STEPS = 1_000


def defaults(facts: FitFacts) -> Sequence[Default]:
    """Return what follows from the number of rows."""
    size = 16 if facts.train < 500 else 32 if facts.train < 2_000 else 64
    rows, steps = f"{facts.train:,} training rows", facts.steps(size)
    epochs = enough_epochs(facts, size, STEPS, 20)
    return (
        Default("batch_size", size, f"{rows}: small batches take more steps"),
        Default("epochs", epochs, f"{rows} at {steps} steps an epoch: about {STEPS} steps are needed"),
    )
