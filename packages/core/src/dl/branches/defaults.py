"""Defaults of inputs of several kinds: how long to train by the number of rows, and of each domain what prepares.

Nothing here imports torch. The numbers are those of texts, chosen by ``python -m benchmarks defaults``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from dl.defaults import Default, FitFacts, enough_epochs, stopping
from dl.options import Value
from dl.specs import DomainSpec

MANY = 15_000  # training rows from which the recipe is enough
STEPS = 900  # optimizer steps after which a network of branches has learnt what it can
MOST = 40  # epochs
SIZES = ((300, 8), (1_000, 16), (5_000, 32), (MANY, 64))  # batch sizes below a number of rows
FEW_TO_JUDGE = 1_000  # validation rows below which right answers are too coarse to choose an epoch by
OF_TRAINING = ("weight-averaging", "early-stopping")  # regularizers that are decided here
AVERAGED = 0.99  # of the moving average of the weights that is kept at a step

Model = Mapping[str, Value]  # the name of a network, and its options
Names = Mapping[str, Mapping[str, str]]  # of each domain, its options by their names among the options of all


def defaults(
    facts: FitFacts,
    specs: Sequence[DomainSpec],
    options: Mapping[str, Mapping[str, str]],
    encoders: Mapping[str, Model],
) -> list[Default]:
    """Return what follows from the number of rows, and what each domain prepares by its own defaults.

    Args:
        facts: Of the fit.
        specs: The domains that are composed.
        options: Of each domain, the names of its options by their names among the options of all.
        encoders: The default network of each domain, with the options of its recipe.
    """
    return [*_of_training(facts), *_of_domains(facts, specs, options, encoders)]


def _of_training(facts: FitFacts) -> list[Default]:
    if facts.train >= MANY:
        return []
    rows, size = f"{facts.train:,} training rows", next(size for number, size in SIZES if facts.train < number)
    steps = facts.steps(size)
    epochs = enough_epochs(steps, STEPS, int(facts.options["epochs"]), MOST)
    smooth = f"{steps} steps an epoch: single steps sway the scores"
    found = [
        Default("batch_size", size, f"{rows}: small batches take more steps"),
        Default("epochs", epochs, f"{rows}, {steps} steps an epoch: it takes about {STEPS}, in at most {MOST} epochs"),
        Default("weight-averaging", AVERAGED, smooth, is_regularizer=True),
    ]
    if facts.val < FEW_TO_JUDGE:
        reason = f"{facts.val:,} validation rows: right answers alone are too coarse to choose an epoch by"
        found += [Default("monitor", "loss", reason), stopping(epochs)]
    return found


def _of_domains(
    facts: FitFacts,
    specs: Sequence[DomainSpec],
    options: Mapping[str, Mapping[str, str]],
    encoders: Mapping[str, Model],
) -> list[Default]:
    """Return the defaults of each domain that is there on how its inputs are prepared."""
    found: dict[str, Default] = {}
    for spec in specs:
        for branch in (one for one in facts.data.branches if one.domain == spec.name):
            names = {own: name for name, own in options[spec.name].items()}
            data = replace(facts.data, shape=branch.shape, length=branch.length, branches=())
            model = encoders[spec.name]
            given = {**facts.options, **model, **_own(facts.options, options[spec.name])}
            own = replace(facts, data=data, model=str(model["name"]), options=given)
            for one in _prepared(spec.defaults(own), names):
                found.setdefault(one.name, one)
    return list(found.values())


def _own(given: Mapping[str, Value], options: Mapping[str, str]) -> dict[str, Value]:
    return {own: given[name] for name, own in options.items() if name in given}


def _prepared(found: Sequence[Default], names: Mapping[str, str]) -> list[Default]:
    """Return the defaults on how inputs are prepared, and on regularizers of the domain, not on the training."""
    regularizers = [one for one in found if one.is_regularizer and one.name not in OF_TRAINING]
    options = [one for one in found if not one.is_regularizer and one.name in names]
    return [*(replace(one, name=names[one.name]) for one in options), *regularizers]
