"""Defaults of texts by their number: the recipe ``fast`` as it stands is for tens of thousands."""

from __future__ import annotations

from collections.abc import Sequence

from dl.defaults import Default, FitFacts, enough_epochs

MANY = 20_000  # training texts from which three epochs of the recipe are enough
STEPS = 900  # optimizer steps after which the bag has learnt what it can
LEAST, MOST = 3, 40  # epochs
SIZES = ((300, 8), (1_000, 16), (5_000, 32), (MANY, 64))  # batch sizes below a number of texts


def defaults(facts: FitFacts) -> Sequence[Default]:
    """Return what follows from the number of texts."""
    if facts.train >= MANY:
        return ()
    size = next(size for texts, size in SIZES if facts.train < texts)
    texts, steps = f"{facts.train:,} training texts", facts.steps(size)
    epochs = enough_epochs(steps, STEPS, LEAST, MOST)
    return (
        Default("batch_size", size, f"{texts}: small batches take more steps"),
        Default("epochs", epochs, f"{texts} at {steps} steps an epoch: about {STEPS} steps are needed"),
    )
