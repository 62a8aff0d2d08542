"""Overfit on purpose: one batch learnt by heart, then the whole training set by networks of several sizes.

Regularizers are off. A network that cannot be made to overfit is too small, was trained too briefly, or has a fault;
only one that overfits has anything to regularize.

    print(overfit("vision", "digits"))
"""

from __future__ import annotations

import shlex
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import lightning.pytorch as pl
import numpy as np
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.utilities.seed import isolate_rng
from numpy.typing import NDArray
from rich.console import Console

from dl.capacity.bare import bare, removed, without_dropout
from dl.capacity.compare import has_turned, rise
from dl.capacity.one_batch import SHARE, learn_one_batch
from dl.capacity.study import (
    Ground,
    Request,
    ask,
    beats_constant,
    constant_loss,
    constant_words,
    model_options,
    open_ground,
    point,
)
from dl.capacity.widths import Width, widths
from dl.groups import Groups
from dl.plugins.model_file import short_model
from dl.plugins.registry import Plugins
from dl.recipes.recipe import Recipe
from dl.runs.run import Run
from dl.runs.study import Study, StudyPoint
from dl.runs.wording import show_value
from dl.signals import StopFlag
from dl.training.attribution import attribute_errors
from dl.training.devices import Devices
from dl.training.module import FitModule
from dl.training.setup import FitSetup
from dl.words import many

if TYPE_CHECKING:
    from dl.plugins.at_hand import Model

FACTORS = (0.25, 1.0, 4.0)  # of the recipe's units
MARKS = (0.25, 0.5, 1.0, 2.0, 4.0)  # of the recipe's epochs, after which a fit may end
RIGHT = 0.995  # of the probe, from which on a share counts as all
STILL = 0.01  # of a constant answer's loss: what a doubling of the epochs gains on the probe where it has converged


def overfit(
    domain: str = "",
    data: object = "",
    *,
    target: object = None,
    model: str | Model = "",
    recipe: str = "",
    task: str = "",
    seed: int | None = None,
    devices: Devices | None = None,
    runs: str | Path = "runs",
    console: Console | None = None,
    plugins: Plugins | None = None,
    resume: str = "",
    **options: object,
) -> Study:
    """Overfit on purpose: learn one batch by heart, then the training set with networks of several sizes.

    Args:
        domain: ``vision``, ...
        data: As for `dl.fit`.
        target: As for `dl.fit`.
        model: As for `dl.fit`.
        recipe: As for `dl.fit`; its regularizers, dropout, weight decay and schedule are left out.
        task: As for `dl.fit`.
        seed: Of every random draw; None takes the recipe's.
        devices: Where to train; one device.
        runs: Folder of run folders.
        console: For progress; None is silent.
        plugins: The registered plugins; None loads the installed ones.
        resume: Name of an interrupted study to go on with; its finished fits are not made again.
        **options: As for `dl.fit`. Fits take up to four times as many ``epochs``.

    Returns:
        The study: it prints as a table with its conclusion.

    Raises:
        DLError: For every mistake of the caller, in one line.

    Example:
        >>> study = dl.overfit("vision", "digits", model="dense")
        >>> study.state, study.conclusion
        >>> study.run(1).report()
    """
    chosen = {"recipe": recipe, "task": task}
    places = (seed, devices, runs, console, plugins, None, resume)
    return overfit_asked(ask(domain, data, target, model, chosen, *places, options))


def overfit_asked(asked: Request) -> Study:
    """Overfit with resolved arguments."""
    with attribute_errors(asked.recipe, asked.plugins), isolate_rng():
        without: list[str] = []

        def change(recipe: Recipe) -> Recipe:
            options = model_options(asked, recipe)
            without.append(removed(recipe, options))
            return bare(recipe, options)

        ground = open_ground(asked, "overfit", change)
        return ground.stopping_between(lambda ground: _overfit(ground, without[0]))


def _overfit(ground: Ground, without: str) -> Study:
    """Learn one batch, then fit each size for which there is time, and conclude."""
    started = time.monotonic()
    sizes = widths(ground.recipe, ground.options, FACTORS)
    off = f"off: {without}" if without else "off: the recipe has nothing that holds the network back"
    notes = [off]
    if not any(option.units for option in ground.options):
        name = short_model(ground.recipe.model)
        notes.append(f"the model {name} has no option for a number of units; its size stays")
    study = replace(ground.study("overfit", "capacity"), notes=tuple(notes), changed="rise of the loss")
    ground.write(study)
    flag = StopFlag()
    with flag.catching():
        study = replace(study, batch=learn_one_batch(ground, flag))
    if flag.received is not None:
        return ground.interrupted(replace(study, batch=None), flag.received)
    runs, points = list[Run](), list[StudyPoint]()
    for number, size in enumerate(sizes, start=1):
        passed = time.monotonic() - started
        if size.factor > 1 and not has_time(ground.asked.seconds, passed, runs[-1].manifest.seconds, size.factor):
            left = ", ".join(one.typed for one in sizes[len(runs) :])
            study = replace(study, notes=(*study.notes, f"no time for {left}"))
            break
        longest = int(ground.recipe.train["epochs"])
        recipe = replace(size.recipe, train={**size.recipe.train, "epochs": round(MARKS[-1] * longest)})
        grow = GrowEpochs(longest, constant_loss(ground), ground.first.splits.groups["val"])
        run = ground.fit(number, recipe, size.typed, None, _bare_network, [grow])
        if run.manifest.signal:
            return ground.interrupted(study, run.manifest.signal, points)
        runs.append(run)
        points.append(_point(ground, run, number, size))
        ground.write(replace(study, points=tuple(points)))
    done = replace(study, points=tuple(points), status="finished")
    return ground.write(_concluded(ground, done, runs, sizes[: len(runs)]))


def has_time(seconds: float, passed: float, last: float, larger: float) -> bool:
    """Return whether a larger size may begin: it takes as many times as long as the recipe's own as it has units.

    Args:
        seconds: That all of it may take; 0 for any.
        passed: So far.
        last: Of the fit of the recipe's own size.
        larger: How many times its units.
    """
    return not seconds or passed + larger * last <= seconds


def _bare_network(setup: FitSetup) -> None:
    without_dropout(setup.network)


class GrowEpochs(Callback):
    """Ends a fit at a doubling of its epochs, once nothing is left to see.

    That is once the probe is learnt and the validation loss has turned; or the probe was learnt by heart in the first
    quarter of the epochs so far, and the loss falls no more and has not turned since.
    """

    def __init__(self, epochs: int, constant: float, groups: Groups | None) -> None:
        self.epochs, self.marks = epochs, {max(1, round(mark * epochs)) for mark in MARKS}
        self.constant, self.groups = constant, groups
        self.val: list[NDArray[np.float32]] = []
        self.probe: list[float] = []

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Keep the losses of the epoch, and end the fit if it is one of the marks and nothing is left to see."""
        assert isinstance(pl_module, FitModule)
        self.val.append(pl_module.subsets.scored["val"].loss)
        self.probe.append(float(pl_module.subsets.scored["probe"].loss.mean(dtype=np.float64)))
        if len(self.val) in self.marks and self._is_over():
            trainer.should_stop = True

    def _is_over(self) -> bool:
        probe, count = np.array(self.probe), len(self.probe)
        if count >= self.epochs and probe[: max(1, count // 4)].min() <= SHARE * self.constant:
            lowest = int(np.argmin([loss.mean(dtype=np.float64) for loss in self.val]))
            return lowest < count // 2 or has_turned(np.stack(self.val), self.groups)
        before = probe[count // 2 - 1] if count > 1 else np.inf
        learnt = probe[-1] <= SHARE * self.constant or before - probe[-1] < STILL * self.constant
        return bool(learnt) and has_turned(np.stack(self.val), self.groups)


def _point(ground: Ground, run: Run, number: int, size: Width) -> StudyPoint:
    """Return what a size reached after its last epoch, and on which side of the border it is."""
    found = point(ground, run, number, size.typed, size.factor, last=True)
    if found.state == "failed":
        return found
    kept, probe = run.outcomes("val"), run.history.column("probe_loss")
    change = rise(kept.loss, kept.groups)
    lowest = int(np.nanargmin(run.history.column("val_loss")))
    fitted = probe[-1] < probe[lowest]  # where both losses rise, the fit diverges
    if fitted and has_turned(kept.loss, kept.groups):
        return replace(found, change=change, state="turned", note="overfits")
    metric = ground.info.headline
    all_right = metric.kind == "proportion" and found.probe.value >= RIGHT
    if all_right or probe[-1] <= SHARE * constant_loss(ground):
        return replace(found, change=change, state="saturated", note="learnt by heart, validation has not turned")
    return replace(found, change=change, state="growing", note="not learnt by heart")


def _concluded(ground: Ground, study: Study, runs: Sequence[Run], sizes: Sequence[Width]) -> Study:
    """Return the study with its conclusion and the next command."""
    asked, metric = ground.asked, ground.info.headline
    fitted = [(one, run, size) for one, run, size in zip(study.points, runs, sizes, strict=True) if one.best_epoch]
    if not fitted:
        words = f"no size could be fitted: {study.points[0].note}"
        return replace(study, state="failed", conclusion=words, next=asked.command("curve", over="lr"))
    largest, _, width = fitted[-1]
    training = f"training {metric.name} {show_value(metric, largest.probe.value)}"
    learnt = [one for one, _, _ in fitted if one.state in ("turned", "saturated")]
    if not any(beats_constant(ground, run, len(fitted)) for _, run, _ in fitted):
        what = "it learns by heart and nothing beyond" if learnt else "nothing was learnt"
        words = (
            f"{what}: {training}, and on validation no size is certainly better than a constant answer "
            f"({constant_words(ground)}); neither units nor regularizers mend that: look at inputs and targets"
        )
        given = filter(None, (asked.typed.domain, asked.typed.data)) if asked.typed else ()
        look = shlex.join(["dl", "show", *given]) if asked.typed else ""
        return replace(study, state="memorizes", conclusion=words, next=look)
    turned = [(one, size) for one, _, size in fitted if one.state == "turned"]
    if turned:
        return _crossed(ground, study, *turned[0])
    if largest.state == "saturated":
        return _saturated(ground, study, largest, training)
    words = f"it has not overfitted yet: {training} at {largest.label}; enlarge it before you regularize"
    return replace(study, state="growing", conclusion=words, next=_enlarged(ground, width))


def _saturated(ground: Ground, study: Study, largest: StudyPoint, training: str) -> Study:
    """Conclude where the training set is learnt by heart and no turn is established."""
    change, constant = largest.change, constant_loss(ground)
    learnt = f"{training} at {largest.label}: learnt by heart"
    if change is not None and change.high < SHARE * constant:
        words = f"{learnt}, and the validation loss has hardly risen ({show_rise(largest)}): nothing to regularize"
        return replace(study, state="saturated", conclusion=words, next=ground.asked.command("fit"))
    size = many(study.val, "validation example")
    by = f", by {show_rise(largest)}" if change is not None else ""
    words = f"{learnt}; whether validation turned cannot be told from {size}{by}: score all of them in turn with dl cv"
    return replace(study, state="unknown", conclusion=words, next=ground.asked.command("cv"))


def show_rise(point_: StudyPoint) -> str:
    """Format the rise of a validation loss with its interval: ``+0.12 [-0.02, +0.26]``."""
    assert point_.change is not None
    value, low, high = point_.change
    return f"{value:+.3g} [{low:+.3g}, {high:+.3g}]"


def _crossed(ground: Ground, study: Study, first: StudyPoint, size: Width) -> Study:
    """Conclude where a size overfits; the next step is to regularize it, or the recipe's own where it does so too."""
    own = size.factor <= 1
    lowest = f"its validation loss is lowest at epoch {first.best_epoch}, and higher after {first.epochs}"
    words = f"the border between under- and overfitting is crossed at {first.label}: {lowest}, by {show_rise(first)}"
    if not own:
        words += "; the recipe's own size does not reach it: regularize the larger one"
    units = {} if own else _units(size)
    return replace(study, state="turned", conclusion=words, next=ground.asked.command("fit", units))


def _units(size: Width) -> dict[str, int]:
    """Return the options that a size changes."""
    return {name: int(value) for name, value in (pair.split("=") for pair in size.typed.split() if "=" in pair)}


def _enlarged(ground: Ground, largest: Width) -> str:
    """Return the command that goes on from the largest size: more units, or more epochs without such an option."""
    bigger = [one for one in widths(largest.recipe, ground.options, (1.0, 4.0)) if one.factor > 1]
    changed = _units(bigger[0]) if bigger else {"epochs": 2 * int(ground.recipe.train["epochs"])}
    return ground.asked.command("overfit", changed)
