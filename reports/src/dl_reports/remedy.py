"""Build the exact next command from the run's own recipe, so that it can be pasted and works.

The short form names only what differs from a plain `dl fit`; it is offered only if it resolves to exactly the intended
choices. Otherwise the recipe file of the run is named, which always does.
"""

from __future__ import annotations

import math
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np

from dl.errors import DLError
from dl.options import Value, format_value, split_named
from dl.plugins.model_file import FileName
from dl.recipes.asked import Asked
from dl.recipes.protocol import choose_protocol, protocol_of
from dl.recipes.recipe import AUTO, OF_LEARNERS, PartialRecipe, Recipe
from dl.recipes.resolve import resolve
from dl.recipes.settle import settle
from dl.runs.manifest import Baseline
from dl.specs import RegularizerSpec
from dl_reports.facts import Facts, fact, known

GROUPS = ("model_options", "train", "split", "data_options")


@dataclass(frozen=True)
class Remedy:
    """A remedy: its option, and the whole command; the command is empty if it cannot be applied."""

    typed: str
    command: str


def cross_validate(facts: Facts) -> str:
    """Return the command that scores every example by a network that never saw it; empty if one hold-out is enough."""
    recipe, parts = known(facts.kept.recipe), facts.manifest.parts
    groups, n = facts.groups("val"), parts.train + parts.val
    units = n if groups is None else round(n * len(groups) / max(parts.val, 1))
    protocol, _ = choose_protocol(units, units, timed="by time" in parts.rule)
    held_out = "hold-out" in parts.rule or "by time" in parts.rule
    if (
        recipe is None
        or recipe.from_run
        or facts.manifest.protocol
        or facts.manifest.in_memory
        or protocol.fits == 1
        or not held_out
    ):
        return ""
    if _rarest(facts) < protocol.folds:
        return ""  # which would be refused: a class cannot stand in every fold
    changes: dict[str, Any] = {"protocol": str(protocol)}  # Any: values of options
    return again(facts, **changes if recipe.split.get("val") == AUTO else changes | {"val": AUTO})


def _rarest(facts: Facts) -> float:
    """Return the examples of the rarest class on both sides; infinite where none has to be in each fold."""
    task, held_out = facts.manifest.task, known(facts.class_counts)
    if task.has_labels or not task.counts or held_out is None:
        return math.inf
    every = np.add(task.counts, held_out.examples[: len(task.counts)])
    return float(every[every > 0].min())


def again(facts: Facts, reg: Mapping[str, str] | None = None, **changes: Value) -> str:
    """Return the command that fits the run's recipe again with some options changed; empty if it would be the same fit.

    A recipe of several fits is cross-validated.

    Args:
        facts: Of the run.
        reg: Regularizers to add, each with its first option.
        changes: Other values of options.
    """
    if facts.kept.asked is not None:
        return _as_asked(facts, facts.kept.asked, changes)
    recipe = known(facts.kept.recipe)
    if recipe is None:
        return ""
    path = str(facts.kept.run.path / "recipe.toml")
    words = [f"{name}={format_value(value)}" for name, value in changes.items()]
    words += [word for name, value in (reg or {}).items() for word in ("--reg", f"{name}={value}")]
    meant = _resolved(facts, {"recipe": path}, changes, reg)
    if meant is None or meant == _of_names(facts)(recipe=path):
        return ""
    read_alike = not changes.keys() & meant.data_options.keys()  # else nobody knows what follows from the data then
    short = _short(facts, recipe, meant, list(changes)) if read_alike else ""
    return short or shlex.join(["dl", _verb(meant), "--recipe", path, *words])


def as_model(facts: Facts, rival: Baseline) -> str:
    """Return the option that fits a rival in place of the network; empty if it is no model."""
    model = facts.plugins.models.get((facts.manifest.domain, rival.name))
    return f"--model {rival.name}" if model is not None and model.is_learner else ""


def fit_rival(facts: Facts, rival: Baseline) -> str:
    """Return the command that fits a rival on the same split; empty if there is none.

    What follows from the data for the training of the network is left out.
    """
    recipe = known(facts.kept.recipe)
    if recipe is None or "data" in facts.manifest.in_memory or not as_model(facts, rival):
        return ""
    path = str(facts.kept.run.path / "recipe.toml")
    mine = _of_names(facts)(recipe=path)
    usual = _of_names(facts)(domain=recipe.domain, data=recipe.data, model=recipe.model)
    if mine is None or usual is None:
        return shlex.join(["dl", "fit", "--recipe", path, "--model", rival.name])
    of_both = {*mine.split, *mine.data_options, *(one.name for one in OF_LEARNERS)}
    options = {name: value for name, value in _differences(usual, mine).items() if name in of_both}
    flags = {"model": rival.name} | ({"task": mine.task} if mine.task != usual.task else {})
    meant = _resolved(facts, {"domain": mine.domain, "data": mine.data, **flags}, options, seed=mine.seed)
    if meant is None:
        return ""
    flags |= {"seed": str(mine.seed)} if mine.seed != usual.seed else {}
    words = [word for name, value in flags.items() for word in (f"--{name}", value)]
    words += [f"{name}={format_value(value)}" for name, value in options.items()]
    return shlex.join(["dl", _verb(meant), mine.domain, mine.data, *words])


def _as_asked(facts: Facts, asked: Asked, changes: Mapping[str, Value]) -> str:
    """Return the command that makes a fit as it was asked for, with some options changed; empty if there is none."""
    given = {**asked.options, **changes}
    given = {name: value for name, value in given.items() if name not in changes or value != AUTO}
    if not asked.data or given == asked.options:
        return ""
    changed = replace(asked, options=given)
    try:
        verb = _verb(changed.resolved(facts.plugins))
    except DLError:
        return ""
    return shlex.join(["dl", verb, *changed.words])


def _verb(recipe: Recipe) -> str:
    """Return the verb that makes the fits of a recipe."""
    return "cv" if protocol_of(recipe.split)[0].fits > 1 else "fit"


def _short(facts: Facts, recipe: PartialRecipe, meant: Recipe, first: list[str]) -> str:
    """Return the shortest ``dl fit domain data ...`` with the same choices; empty if there is none.

    It starts from the data alone, from the model, or from a recipe with this model, whichever needs the fewest options.
    A recipe with an option that would be set back to its default is not used.
    """
    if FileName.of(recipe.model):
        return ""  # the recipe beside the copy of the code is shorter
    starts: list[dict[str, str]] = [{}, {"model": recipe.model}]
    starts += [{"recipe": name} for domain, name in facts.plugins.recipes if domain == recipe.domain]
    starts += [{"task": meant.task, **start} for start in starts if meant.task]
    found = (_spelled(facts, start, meant, first) for start in starts)
    return min(filter(None, found), key=len, default="")


def _spelled(facts: Facts, start: Mapping[str, str], meant: Recipe, first: list[str]) -> str:
    """Return the command that starts from some names; empty if its choices would differ."""
    names = {"domain": meant.domain, "data": meant.data, **start}
    plain = _of_names(facts)(**names)
    if plain is None or plain.model != meant.model:
        return ""
    wanted = _differences(plain, meant)
    ordered = {name: wanted[name] for name in [*first, *wanted] if name in wanted}
    usual = _of_names(facts)(domain=meant.domain, data=meant.data, model=meant.model)
    undone = set() if usual is None else wanted.keys() - _differences(usual, meant).keys() - set(first)
    if "recipe" in start and undone:
        return ""
    named = [
        facts.plugins.regularizers[name].typed(options)
        for name, options in meant.regularizers.items()
        if plain.regularizers.get(name) != options
    ]
    resolved = _resolved(facts, names, ordered, split_named(named), meant.seed)
    if resolved != meant:
        return ""
    flags = {**start, **({} if meant.seed == plain.seed else {"seed": str(meant.seed)})}
    words = [word for name, value in flags.items() for word in (f"--{name}", value)]
    words += [f"{name}={format_value(value)}" for name, value in ordered.items()]
    words += [word for one in named for word in ("--reg", one)]
    return shlex.join(["dl", _verb(meant), meant.domain, meant.data, *words])


def _differences(plain: Recipe, meant: Recipe) -> dict[str, Value]:
    found: dict[str, Value] = {}
    for group in GROUPS:
        before: Mapping[str, Value] = getattr(plain, group)
        after: Mapping[str, Value] = getattr(meant, group)
        found |= {name: value for name, value in after.items() if before.get(name) != value}
    return found


@fact
def _of_names(facts: Facts) -> Callable[..., Recipe | None]:
    """Return the look-up of what names alone resolve to: each once for a run, since all remedies start from a few."""
    return cache(lambda **names: _resolved(facts, names))


def _resolved(
    facts: Facts,
    names: Mapping[str, str],
    options: Mapping[str, object] | None = None,
    reg: Mapping[str, object] | None = None,
    seed: int | None = None,
) -> Recipe | None:
    """Resolve the choices and settle them on the run's data; None if that is impossible."""
    try:
        found = resolve(facts.plugins, seed=seed, options=options or {}, reg=reg, **names)
        if not found.is_open:
            return found
        return None if facts.manifest.data is None else settle(found, facts.manifest.data, facts.plugins)[0]
    except DLError:
        return None


def option(facts: Facts, name: str) -> float | None:
    """Return the run's value of a numeric option of the model, the training or the split."""
    recipe = known(facts.kept.recipe)
    if recipe is None:
        return None
    for group in (recipe.model_options, recipe.train, recipe.split):
        value = group.get(name)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return float(value)
    return None


def regularize(facts: Facts) -> str:
    """Return the fit with the first of the remedies against overfitting; empty if there is none."""
    return next((one.command for one in against_overfitting(facts)), "")


@fact
def against_overfitting(facts: Facts) -> list[Remedy]:
    """Return remedies against overfitting that the run lacks: regularizers by ``offered``, else less width, or decay.

    If the model has its own dropout option, its rate is raised.
    """
    recipe = known(facts.kept.recipe)
    if recipe is None:
        return []
    task = facts.manifest.task.name
    every = facts.plugins.regularizers.values()
    fitting = [
        one for one in every if facts.plugins.regularizes(one, recipe.domain) and (not one.tasks or task in one.tasks)
    ]
    offered = sorted((spec for spec in fitting if spec.remedy), key=lambda spec: (spec.offered, spec.name))
    found = [_remedy(facts, spec) for spec in offered if spec.name not in recipe.regularizers]
    usable = [one for one in found if one.command]
    width = option(facts, "width")
    if not usable and width is not None and width >= 2:
        usable = [Remedy(f"width={int(width) // 2}", again(facts, width=int(width) // 2))]
    return usable or [Remedy("optimizer=adamw", decay(facts))]


def _remedy(facts: Facts, spec: RegularizerSpec) -> Remedy:
    """Return a regularizer as a remedy; its command is empty if it cannot be applied."""
    rate = option(facts, "dropout")
    if spec.name == "dropout" and rate is not None:
        return Remedy(f"dropout={spec.remedy}", again(facts, dropout=spec.remedy) if rate < float(spec.remedy) else "")
    return Remedy(f"--reg {spec.name}={spec.remedy}", again(facts, {spec.name: spec.remedy}))


def decay(facts: Facts) -> str:
    """Return the fit with weight decay, ten times the present one if there is any."""
    return again(facts, optimizer="adamw", weight_decay=10 * (option(facts, "weight_decay") or 0.001))


def longer(facts: Facts) -> str:
    """Return the fit with twice the epochs, or with as many as the data asks for by default if these are more."""
    epochs = option(facts, "epochs")
    return "" if epochs is None else again(facts, epochs=max(2 * int(epochs), _usual_epochs(facts)))


def _usual_epochs(facts: Facts) -> int:
    """Return the epochs that a fit of this data and model takes if nothing is typed; 0 if nobody knows."""
    recipe = known(facts.kept.recipe)
    if recipe is None:
        return 0
    usual = _of_names(facts)(domain=recipe.domain, data=recipe.data, model=recipe.model)
    return 0 if usual is None else int(usual.train["epochs"])


def until(facts: Facts, epoch: int) -> str:
    """Return the fit that stops at an epoch; empty if the rate follows a schedule, which a shorter fit would change."""
    recipe = known(facts.kept.recipe)
    follows = recipe is not None and recipe.train.get("schedule", "constant") != "constant"
    return "" if follows else again(facts, epochs=epoch)


def larger(facts: Facts) -> str:
    """Return the fit with a network twice as wide, or with twice the epochs if it has no width."""
    width = option(facts, "width")
    return longer(facts) if width is None else again(facts, width=2 * int(width))


def slower(facts: Facts, factor: float = 0.1) -> str:
    """Return the fit with the learning rate times a factor."""
    lr = option(facts, "lr")
    return again(facts, lr=float(f"{lr * factor:.3g}")) if lr else ""
