"""Defaults of images by their number: the recipe ``fast`` as it stands is for tens of thousands."""

from __future__ import annotations

from collections.abc import Sequence

from dl.defaults import Default, FitFacts, enough_epochs

MANY = 20_000  # training images from which two epochs of the recipe are enough
STEPS = 900  # optimizer steps after which the convnet has learnt what it can
LEAST, MOST = 2, 60  # epochs
SIZES = ((200, 8), (1_000, 16), (3_000, 32), (10_000, 64), (MANY, 128))  # batch sizes below a number of images


def defaults(facts: FitFacts) -> Sequence[Default]:
    """Return what follows from the number of images and their size."""
    if facts.train >= MANY:
        return ()
    size = next(size for images, size in SIZES if facts.train < images)
    images, steps = f"{facts.train:,} training images", facts.steps(size)
    epochs = enough_epochs(steps, STEPS, LEAST, MOST)
    return (
        Default("batch_size", size, f"{images}: small batches take more steps"),
        Default("epochs", epochs, f"{images} at {steps} steps an epoch: about {STEPS} steps are needed"),
    )
