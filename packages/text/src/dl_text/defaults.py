"""Defaults of texts by their number: the recipes as they stand are for tens of thousands.

Chosen by ``python -m benchmarks defaults``.
"""

from __future__ import annotations

from collections.abc import Sequence

from dl.defaults import Default, FitFacts, enough_epochs, stopping

MANY = 15_000  # training texts from which the recipes are enough
RARE_PAIRS = 1_000  # training texts below which most pairs of words occur in one text alone
FEW_TO_JUDGE = 1_000  # validation texts below which a share of right answers is too coarse to choose an epoch by
STEPS = 900  # optimizer steps after which a network on texts has learnt what it can
MOST = 40  # epochs
SIZES = ((300, 8), (1_000, 16), (5_000, 32), (MANY, 64))  # batch sizes below a number of texts


def defaults(facts: FitFacts) -> Sequence[Default]:
    """Return what follows from the number of texts; of networks other than the linear bag only the epochs."""
    if facts.train >= MANY or facts.data.target == "none":
        return ()
    texts, is_linear_bag = f"{facts.train:,} training texts", facts.options.get("depth") == 0
    size = next(size for number, size in SIZES if facts.train < number) if is_linear_bag else 64
    size = size if is_linear_bag else int(facts.options["batch_size"])
    steps = facts.steps(size)
    epochs = enough_epochs(steps, STEPS, int(facts.options["epochs"]), MOST)
    found = [
        Default("batch_size", size, f"{texts}: small batches take more steps"),
        Default("epochs", epochs, f"{texts}, {steps} steps an epoch: it takes about {STEPS}, in at most {MOST} epochs"),
    ]
    if facts.val < FEW_TO_JUDGE:
        reason = f"{facts.val:,} validation texts: right answers alone are too coarse to choose an epoch by"
        found += [Default("monitor", "loss", reason), stopping(epochs)]
    if is_linear_bag and facts.options.get("weights") == "tf-idf":
        reason = f"{texts}: new texts hold many words that these do not, which must not weigh"
        found.append(Default("weights", "tf-idf-known", reason))
        if facts.train < RARE_PAIRS:
            found.append(Default("ngrams", 1, f"{texts}: most pairs of words occur in one of them alone"))
    return found
