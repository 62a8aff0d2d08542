"""One batch learnt by heart: a network that cannot has a fault, and this names the kinds to look for.

The batch is a small part of the training set with every class; the network, the loss and the optimizer are those of
the fit, in single precision. Letters: ``B`` examples of the batch.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn

from dl.capacity.bare import without_dropout
from dl.capacity.study import Ground
from dl.capacity.subsets import beginning, nested_order
from dl.capacity.widths import widths
from dl.data.examples import Subset, fingerprints
from dl.domain import encode_examples
from dl.options import Value
from dl.padded import Prepared
from dl.runs.manifest import constant_losses
from dl.runs.study import OneBatch
from dl.signals import StopFlag
from dl.terminal import safe_text
from dl.training.diagnostics import DeadUnitMonitor, GradientNormMonitor
from dl.training.optimizers import make_optimizer, own_optimizer
from dl.training.regularizers import Regularizers, build_network
from dl.words import many

STEPS = 1_000
SHARE = 0.05  # of the loss of a constant answer on the batch, below which it counts as learnt by heart
RATES = (0.1, 10.0)  # of the recipe's learning rate, tried where that fails
WIDER = 4.0  # times the units, tried where no rate helps
VANISHED = 1e-5  # gradient of the first weights over that of the last
DEAD = 0.5  # of the ReLU units


@dataclass(frozen=True)
class Trial:
    """One network trained on the batch.

    Args:
        lr: Learning rate.
        steps: Optimizer steps taken.
        loss: Lowest training loss; infinite where none was finite.
        bad_step: First step whose loss or gradient was not finite; 0 for none.
        ratio: Gradient of the first weights over that of the last, at the first step; 1 where it is unknown.
        dead: Share of ReLU units that never fire on the batch after training.
    """

    lr: float
    steps: int
    loss: float
    bad_step: int
    ratio: float
    dead: float


def learn_one_batch(ground: Ground, flag: StopFlag) -> OneBatch:
    """Train the network on one batch, and name what keeps it from learning it by heart.

    Args:
        ground: Of the study, with a bare recipe.
        flag: A signal ends it after the step.
    """
    setup = ground.first
    groups, train = ground.groups(), setup.splits.train
    order = nested_order(groups, ground.strata(), ground.recipe.seed)
    size = min(int(ground.recipe.train["batch_size"]), len(train))
    if setup.task.row.by_query:
        size = len(order := beginning(order, groups, size))
    batch = Subset(train.examples, train.index[np.sort(order[:size])])
    lr, own = float(ground.recipe.train["lr"]), setup.at_hand.optimizer is not None
    goal = SHARE * (constant := _constant_loss(ground, batch))

    def attempt(network: nn.Module, rate: float) -> Trial:
        return _train(ground, deepcopy(network), batch, rate, goal, flag)

    first = attempt(setup.network, lr)
    done = OneBatch(size, first.loss <= goal, first.steps, lr, first.loss / constant)
    if done.reached or flag.received is not None:
        return done
    others = [] if own else [attempt(setup.network, factor * lr) for factor in RATES]
    return replace(done, faults=_faults(ground, batch, first, others, goal, attempt))


def _constant_loss(ground: Ground, batch: Subset) -> float:
    """Return the loss of the best constant answer on the batch; 1 where none is known."""
    setup = ground.first
    found = setup.task.row.baselines(setup.task, batch, batch, setup.preprocessor)
    return min((loss for loss in constant_losses(found) if loss > 0), default=1.0)


def _train(ground: Ground, network: nn.Module, batch: Subset, lr: float, goal: float, flag: StopFlag) -> Trial:
    """Train a network on the batch until its loss is below the goal."""
    setup, options = ground.first, ground.recipe.train
    without_dropout(network)
    device = ground.asked.devices.trainer(1, []).strategy.root_device
    network.to(device).train()
    preprocessor, data = deepcopy(setup.preprocessor).to(device), setup.data.train_data
    data.to(device)
    inputs, targets = data.take(torch.from_numpy(batch.index).to(device))
    with torch.no_grad():
        prepared: Prepared = preprocessor(inputs)
    rate: dict[str, Value] = {**options, "lr": lr}
    make = setup.at_hand.optimizer
    optimizer = own_optimizer(make, network) if make else make_optimizer(network, rate)
    gradients, clip = GradientNormMonitor(network), float(options["clip"])
    best, step, bad, ratio = math.inf, 0, 0, 1.0
    torch.manual_seed(ground.recipe.seed)
    while step < STEPS and best > goal and not bad and flag.received is None:
        step += 1
        optimizer.zero_grad()
        loss: Tensor = setup.task.row.loss(setup.task.row.reduce_logits(network(prepared), prepared), targets, "mean")
        loss.backward()
        norm = nn.utils.clip_grad_norm_(network.parameters(), clip or math.inf)
        if step == 1:
            ratio = _ratio(gradients)
        bad = 0 if bool(torch.isfinite(loss.detach())) and bool(torch.isfinite(norm)) else step
        best = best if bad else min(best, float(loss.detach()))
        if not bad:
            optimizer.step()
    return Trial(lr, step, best, bad, ratio, _dead(network, prepared))


def _ratio(gradients: GradientNormMonitor) -> float:
    """Return the gradient norm of the first weights over that of the last."""
    gradients.record()
    row = gradients.row()
    return row["grad_first"] / row["grad_last"] if row.get("grad_last") else 1.0


def _dead(network: nn.Module, prepared: Prepared) -> float:
    """Return the share of ReLU units that never fire on the batch."""
    monitor = DeadUnitMonitor(network)
    with torch.no_grad(), monitor.recording():
        network.eval()(prepared)
    return monitor.row().get("dead_share", 0.0)


def _faults(
    ground: Ground, batch: Subset, first: Trial, others: list[Trial], goal: float, attempt: Callable[..., Trial]
) -> tuple[str, ...]:
    """Name what may keep a network from learning a batch by heart, the likeliest first."""
    found: list[str] = []
    if first.bad_step:
        found.append(f"the loss or its gradient is not finite at step {first.bad_step} with lr={first.lr:.3g}")
    if better := [one for one in others if one.loss <= goal]:
        one = min(better, key=lambda one: one.steps)
        word = "low" if one.lr > first.lr else "high"
        found.append(
            f"learning rate too {word}: lr={one.lr:.3g} learns it in {many(one.steps, 'step')}; take it, or try: "
            "dl curve --over lr"
        )
    found += [_contradictions(ground, batch)]
    if first.ratio < VANISHED:
        found.append(f"gradients vanish: that of the first weights is {first.ratio:.1g} times that of the last")
    if first.dead > DEAD:
        found.append(f"dead units: {100 * first.dead:.0f} % of the ReLU units fire for no example of the batch")
    if not better:
        found.append(_wider(ground, goal, attempt))
    found = [one for one in found if one]
    tried = ", ".join(f"{one.lr:.3g}" for one in (first, *others))
    nothing = (
        f"nothing obvious: rates {tried}, targets, gradients and units were tried; look for a layer that no gradient "
        "reaches, or inputs that do not hold what the target needs"
    )
    return tuple(found or [nothing])


def _wider(ground: Ground, goal: float, attempt: Callable[..., Trial]) -> str:
    """Return whether a network with more units learns the batch; empty if not, or without such an option."""
    wider = [one for one in widths(ground.recipe, ground.options, (1.0, WIDER)) if one.factor > 1]
    if not wider:
        return ""
    setup, plugins = ground.first, ground.asked.plugins
    torch.manual_seed(ground.recipe.seed)
    recipe = wider[0].recipe
    network = build_network(recipe, plugins, setup.preprocessor, setup.task, Regularizers({}))
    trial = attempt(network, float(recipe.train["lr"]))
    return f"too few units: {wider[0].typed} learns it in {many(trial.steps, 'step')}" if trial.loss <= goal else ""


def _contradictions(ground: Ground, batch: Subset) -> str:
    """Name examples of the batch with identical inputs and different targets; empty without any.

    Inputs are compared as the network reads them: two texts of unknown words are the same.
    """
    setup = ground.first
    taken = encode_examples(batch.examples.take(batch.index), setup.preprocessor)
    if taken.targets.ndim == 2 and not taken.targets.shape[1]:
        return ""
    by_input = defaultdict[bytes, list[int]](list)
    for k, key in enumerate(fingerprints(Subset(taken, np.arange(len(taken))))):
        by_input[bytes(key)].append(k)
    pairs = [
        (group[0], other)
        for group in by_input.values()
        for other in group[1:]
        if not np.array_equal(taken.targets[group[0]], taken.targets[other])
    ]
    if not pairs:
        return ""
    shown = ", ".join(f"{safe_text(taken.source(a))} and {safe_text(taken.source(b))}" for a, b in pairs[:3])
    more = ", …" if len(pairs) > 3 else ""
    return (
        f"contradictory targets: {many(len(pairs), 'pair')} of identical inputs with different targets: {shown}{more}"
    )
