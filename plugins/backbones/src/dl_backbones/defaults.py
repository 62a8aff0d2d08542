"""Defaults of networks learnt on photographs, by the number of images and what of the network is trained."""

from __future__ import annotations

from collections.abc import Sequence

from dl.defaults import Default, FitFacts, enough_epochs
from dl_vision.defaults import defaults as from_the_start

HEAD_STEPS, HEAD_RATE, HEAD_BATCH = 900, 0.003, 64  # of a head on features
FINE_STEPS, FINE_RATE, FINE_BATCH = 300, 0.001, 32  # where stages are trained as well
LEAST_BATCH = 8
MOST = 60  # epochs
DECAY = 0.05


def defaults(facts: FitFacts) -> Sequence[Default]:
    """Return what follows from the number of images: steps enough for a head, few and small ones for fine-tuning."""
    if facts.options["weights"] == "none":
        return from_the_start(facts)
    fine = int(facts.options["unfreeze"]) > 0
    steps, rate, batch = (FINE_STEPS, FINE_RATE, FINE_BATCH) if fine else (HEAD_STEPS, HEAD_RATE, HEAD_BATCH)
    size = min(batch, max(LEAST_BATCH, facts.train // 20))
    images, each = f"{facts.train:,} training images", facts.steps(size)
    epochs = enough_epochs(each, steps, 2, MOST)
    what = "stages that have learnt already take few small steps" if fine else "a head on features is soon trained"
    found = [
        Default("batch_size", size, images),
        Default("epochs", epochs, f"{images}, {each} steps an epoch: {what}"),
        Default("lr", rate, what),
        Default("optimizer", "adamw", "weights that nothing asks for decay"),
        Default("weight_decay", DECAY, "weights that nothing asks for decay"),
        Default("schedule", "one-cycle", "from small steps to large ones and back"),
    ]
    return found
