"""Defaults of texts by their number: the recipe ``fast`` as it stands is for tens of thousands."""

from __future__ import annotations

from collections.abc import Sequence

from dl.defaults import Default, FitFacts, enough_epochs

MANY = 20_000  # training texts from which three epochs of the recipe are enough
STEPS = 900


def defaults(facts: FitFacts) -> Sequence[Default]:
    """Return what follows from the number of texts."""
    if facts.train >= MANY:
        return ()
    size = 16 if facts.train < 1_000 else 32 if facts.train < 5_000 else 64
    texts, steps = f"{facts.train:,} training texts", facts.steps(size)
    epochs = enough_epochs(facts, size, STEPS, 3)
    return (
        Default("batch_size", size, f"{texts}: small batches take more steps"),
        Default("epochs", epochs, f"{texts} at {steps} steps an epoch: about {STEPS} steps are needed"),
    )
