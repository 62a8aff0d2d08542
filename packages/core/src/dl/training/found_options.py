"""Find options before a fit where ``auto`` was typed for them: the learning rate, the size of a batch.

    setup -> find_options -> setup with plain numbers, and a line of reason each

What is found is written to the recipe as a number, so the same fit can be made again without the search.
"""

from __future__ import annotations

import math
import tempfile
import time
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import torch
from rich.console import Console
from torch import nn

from dl.defaults import Default
from dl.errors import BadOption, TrainingFailed
from dl.padded import Prepared
from dl.plugins.registry import Plugins
from dl.recipes.recipe import BATCH_SIZE, LR
from dl.runs.manifest import constant_losses
from dl.runs.run import Run
from dl.signals import interrupt
from dl.terminal import plain
from dl.training.devices import Devices
from dl.training.rates import (
    OWN,
    Losses,
    RateComparison,
    compare_rates,
    lowest_losses,
    rates_around,
    short_recipe,
)
from dl.training.setup import FitSetup, set_up
from dl.words import show_number

SIZES = tuple(2**k for k in range(3, 11))  # of batches, 8 to 1,024
FEWEST_STEPS = 50  # of an epoch, below which a larger batch leaves too few
AS_FAST = 0.9  # of the most examples a second
WARM, TIMED = 2, 5  # steps of each size
Fit = Callable[[Path, FitSetup, Devices, Plugins], Run]


def find_options(setup: FitSetup, plugins: Plugins, devices: Devices, console: Console, fit: Fit) -> FitSetup:
    """Return a set-up with the options found that the recipe asks for; as it is where it asks for none.

    Args:
        setup: With the options as they follow from the recipe and the data.
        plugins: The registered plugins.
        devices: Where to train; one device.
        console: For progress.
        fit: Makes a short fit in a folder.

    Raises:
        BadDevices: For several devices.
        BadOption: If no rate can be fitted, or there is none to vary.
    """
    asked = setup.recipe.find
    if not asked:
        return setup
    names = " and ".join(f"{name}=auto" for name in sorted(asked))
    devices.need_one(f"{names}: short fits are made", "  try: --devices 1")
    if BATCH_SIZE in asked:
        setup = _with_option(setup, plugins, *_find_batch_size(setup, devices))
    if LR in asked:
        setup = _with_option(setup, plugins, *_find_rate(setup, plugins, devices, console, fit))
    return replace(setup, recipe=replace(setup.recipe, find=frozenset()))


def _with_option(setup: FitSetup, plugins: Plugins, name: str, value: float, reason: str) -> FitSetup:
    """Set an option of training, and set up anew, as weights and batches begin from the seed."""
    recipe = replace(setup.recipe, train={**setup.recipe.train, name: value})
    found = set_up(recipe, plugins, setup.at_hand, setup.dataset, setup.splits)
    others = tuple(one for one in setup.defaults if one.name != name)
    return replace(found, facts=setup.facts, defaults=(*others, Default(name, value, reason)))


def _find_rate(
    setup: FitSetup, plugins: Plugins, devices: Devices, console: Console, fit: Fit
) -> tuple[str, float, str]:
    """Return the recipe's rate if it is as good as the best, else the best, of short fits at nine rates."""
    recipe = replace(setup.recipe, find=frozenset())
    own = float(recipe.train["lr"])
    if not own > 0:
        raise BadOption("lr=auto takes multiples of the recipe's rate, which is 0; give a rate above 0")
    rates, losses = rates_around(own), dict[int, Losses]()
    epochs = short_recipe(recipe, own).train["epochs"]
    console.print(plain(f"  finding lr: {len(rates)} short fits of {epochs} epochs, {rates[0]:g} to {rates[-1]:g}"))
    groups = None
    with tempfile.TemporaryDirectory(prefix="dl-") as folder:
        for k, rate in enumerate(rates):
            short = set_up(short_recipe(recipe, rate), plugins, setup.at_hand, setup.dataset, setup.splits)
            try:
                run = fit(Path(folder) / f"{k}", short, devices, plugins)
            except TrainingFailed:
                continue
            if run.manifest.signal:
                interrupt(run.manifest.signal)
            found = lowest_losses(run)
            if found is not None:
                losses[k], groups = found, run.outcomes("val").groups
    if not losses:
        raise BadOption("lr=auto: no rate could be fitted; look at inputs and targets: dl overfit")
    constant = min(constant_losses(setup.baselines), default=math.inf)
    return (LR, *_choose(rates, losses, compare_rates(losses, groups, constant)))


def _choose(rates: list[float], losses: dict[int, Losses], found: RateComparison) -> tuple[float, str]:
    """Return the rate to take, with the reason."""
    ends = f"{rates[found.flat[0]]:g} to {rates[found.flat[-1]]:g}"
    part = f"as good as the best are {ends}" if len(found.flat) > 1 else "none other is as good"
    if OWN in found.flat:
        return rates[OWN], f"of {len(rates)} rates by short fits the recipe's own is kept: {part}"
    loss = f"validation loss {show_number(float(losses[found.best].mean()))}"
    return rates[found.best], f"the best of {len(rates)} rates by short fits, {loss}; {part}"


def _find_batch_size(setup: FitSetup, devices: Devices) -> tuple[str, int, str]:
    """Return the smallest size of a batch that is nearly as fast as any, and leaves an epoch enough steps."""
    most = len(setup.splits.train) // FEWEST_STEPS
    sizes = [size for size in SIZES if size <= most] or [SIZES[0]]
    speeds: dict[int, float] = {}
    for size in sizes:
        try:
            speeds[size] = _speed(setup, devices, size)
        except (torch.OutOfMemoryError, MemoryError):
            break
    if not speeds:
        raise BadOption(f"batch_size=auto: a batch of {sizes[0]} needs more memory than there is; take a smaller model")
    fastest = max(speeds.values())
    size = next(size for size, speed in speeds.items() if speed >= AS_FAST * fastest)
    steps = -(-len(setup.splits.train) // size)
    return (
        BATCH_SIZE,
        size,
        f"{speeds[size]:,.0f} examples a second, {100 * speeds[size] / fastest:.0f} % of the most; "
        f"{steps:,} steps an epoch",
    )


def _speed(setup: FitSetup, devices: Devices, size: int) -> float:
    """Return how many examples a second a copy of the network learns from, in batches of a size."""
    device = devices.trainer(1, []).strategy.root_device
    network, preprocessor = (deepcopy(one).to(device) for one in (setup.network, setup.preprocessor))
    data, row = setup.data.train_data, setup.task.row
    data.to(device)
    network.train()
    positions = torch.from_numpy(setup.data.train[:size]).to(device)
    started = 0.0
    for step in range(WARM + TIMED):
        if step == WARM:
            started = time.perf_counter()
        inputs, targets = data.take(positions)
        with torch.no_grad():
            prepared: Prepared = preprocessor(inputs)
        row.loss(row.reduce_logits(network(prepared), prepared), targets, "mean").backward()
        nn.Module.zero_grad(network)
        if device.type == "cuda":
            torch.cuda.synchronize(device)
    return TIMED * len(positions) / (time.perf_counter() - started)
