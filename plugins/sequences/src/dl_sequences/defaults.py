"""Defaults of series by their number: the recipe ``fast`` as it stands is for a few thousand."""

from __future__ import annotations

from collections.abc import Sequence

from dl.defaults import Default, FitFacts, enough_epochs, stopping

STEPS = 3_000  # optimizer steps that a small network on series needs
OF_WINDOWS = 1_500  # that it needs on windows, which overlap
LEAST, MOST = 10, 80  # epochs
SIZES = ((500, 16), (2_000, 32), (20_000, 64))  # batch sizes below a number of series
LARGEST = 128
FEW_TO_JUDGE = 1_000  # validation series below which a share of right answers is too coarse to choose an epoch by


def defaults(facts: FitFacts) -> Sequence[Default]:
    """Return what follows from the number of series."""
    series = f"{facts.train:,} training {'windows' if facts.options.get('horizon') else 'series'}"
    size = next((size for number, size in SIZES if facts.train < number), LARGEST)
    steps = facts.steps(size)
    enough = OF_WINDOWS if facts.options.get("horizon") else STEPS
    epochs = enough_epochs(steps, enough, LEAST, MOST)
    found = [
        Default("batch_size", size, f"{series}: {'small' if size < LARGEST else 'larger'} batches are enough steps"),
        Default("epochs", epochs, f"{series}, {steps} steps an epoch: about {enough:,}, in {LEAST} to {MOST} epochs"),
        stopping(epochs),
    ]
    if facts.options.get("horizon") and facts.data.target == "numbers":
        reason = "a forecast begins at a value of its window, in the same scale"
        found.append(Default("target_scale", "plain", reason))
    if facts.val < FEW_TO_JUDGE and facts.data.target != "numbers":
        reason = f"{facts.val:,} validation series: right answers are too coarse to choose an epoch by"
        found.append(Default("monitor", "loss", reason))
    return found
