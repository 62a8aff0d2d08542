"""Defaults of images by their number: the recipe ``fast`` as it stands is for tens of thousands."""

from __future__ import annotations

from collections.abc import Sequence

from dl.defaults import Default, FitFacts, enough_epochs

MANY = 20_000  # training images from which two epochs of the recipe are enough
STEPS = 900  # optimizer steps after which the convnet has learnt what it can


def defaults(facts: FitFacts) -> Sequence[Default]:
    """Return what follows from the number of images and their size."""
    if facts.train >= MANY:
        return ()
    size = 16 if facts.train < 500 else 32 if facts.train < 2_000 else 64 if facts.train < 5_000 else 128
    images, steps = f"{facts.train:,} training images", facts.steps(size)
    epochs = enough_epochs(facts, size, STEPS, 2)
    return (
        Default("batch_size", size, f"{images}: small batches take more steps"),
        Default("epochs", epochs, f"{images} at {steps} steps an epoch: about {STEPS} steps are needed"),
    )
