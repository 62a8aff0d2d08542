"""Fits whose networks are scored at every epoch on a large untouched set as well, which the run never sees.

Each lies in `runs/answers/<setting>-<seed>/`: the run as the report reads it, and what the same networks score on the
untouched set and on all training examples. Whoever wants a fit made anew removes its folder.
Letters: ``T`` epochs, ``J`` untouched examples, ``m`` training examples.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import numpy as np
import torch
from lightning.pytorch.callbacks import Callback
from numpy.typing import NDArray

import dl
from benchmarks.answer_draws import Draw, take
from dl.data.examples import Examples
from dl.groups import Groups
from dl.inference.load import reopen
from dl.inference.loaded import LoadedRun
from dl.plugins.at_hand import InMemory, read_labelled
from dl.plugins.loading import load_plugins
from dl.runs.estimates import estimate
from dl.runs.outcomes import Scored, read_arrays, write_arrays
from dl.runs.run import Run, list_runs
from dl.splits.partition import load_dataset, split_data
from dl.tasks.baselines import Constant, constant_classes, constant_numbers
from dl.training.scoring import score

KEPT = Path(__file__).parents[1] / "runs" / "answers"
UNTOUCHED = "untouched.npz"
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Fitted:
    """A run, and what its networks score where it did not look.

    Attributes:
        run: As the report reads it.
        loss: (T, J) on the untouched set.
        score: (T, J) likewise, as the task scores an example.
        headline: On the untouched set at the best epoch, with its interval.
        train: On all training examples at the best epoch: the headline alone.
        constants: (J,) scores of each constant answer, by name of the baseline, and their headlines.
        groups: Of the untouched examples; None where they are independent.
    """

    run: Run
    loss: Floats
    score: Floats
    headline: tuple[float, float, float]
    train: float
    constants: dict[str, Floats]
    constant_headlines: dict[str, float]
    groups: Groups | None


class WeightKeeper(Callback):
    """Keeps the scored weights of every epoch in memory."""

    def __init__(self) -> None:
        self.epochs: list[dict[str, torch.Tensor]] = []

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Copy the weights as they were scored."""
        network: torch.nn.Module = pl_module.network  # type: ignore[assignment]  # of dl's module
        self.epochs.append({name: value.clone() for name, value in network.state_dict().items()})


def fitted(draw: Draw, folder: Path, seed: int) -> Fitted:
    """Fit a draw and score the untouched set, or find both as kept."""
    for run in list_runs(folder):
        if (run.path / UNTOUCHED).exists():
            return _kept(run)
    shutil.rmtree(folder, ignore_errors=True)  # of a fit that was stopped
    keeper = WeightKeeper()
    run = dl.fit(draw.domain, draw.given, seed=seed, runs=folder, callbacks=[keeper], **draw.options)
    arrays = _judged(run, draw, keeper)
    (run.weights).unlink()
    shutil.rmtree(run.path / "checkpoints")
    write_arrays(run.path / UNTOUCHED, arrays)
    return _kept(run)


def _kept(run: Run) -> Fitted:
    kept = read_arrays(run.path / UNTOUCHED)
    names = [name.removeprefix("constant_") for name in kept if name.startswith("constant_")]
    return Fitted(
        run=Run(run.path),
        loss=kept["loss"].astype(np.float64),
        score=kept["score"].astype(np.float64),
        headline=tuple(kept["headline"].tolist()),
        train=float(kept["train"]),
        constants={name: kept[f"constant_{name}"].astype(np.float64) for name in names},
        constant_headlines={name: float(kept[f"headline_{name}"]) for name in names},
        groups=Groups.of(kept["groups"]) if "groups" in kept else None,
    )


def _judged(run: Run, draw: Draw, keeper: WeightKeeper) -> dict[str, NDArray[Any]]:
    """Score the network of each epoch on the untouched set, and that of the best on all training examples."""
    opened = reopen(run, load_plugins())
    info, best = opened.task.info, run.manifest.best_epoch
    judges, training = untouched(opened, draw), _training(run, opened)
    groups = None if not draw.column else Groups.of(_numbers(draw.untouched[0][draw.column]))
    scored = [_scored(opened, weights, judges) for weights in keeper.epochs]
    on_train = _scored(opened, keeper.epochs[best - 1], training)
    arrays: dict[str, NDArray[Any]] = {
        "loss": np.array([one.loss for one in scored]),
        "score": np.array([one.score for one in scored]),
        "headline": np.array(estimate(info, scored[best - 1], judges.targets, groups)),
        "train": np.array(estimate(info, on_train, training.targets).value),
    }
    for one in _constants(opened, training):
        given = _of_constant(opened, one, judges)
        arrays[f"constant_{one.name}"] = given.score
        arrays[f"headline_{one.name}"] = np.array(estimate(info, given, judges.targets).value)
    return arrays if groups is None else arrays | {"groups": groups.numbers}


def _scored(opened: LoadedRun, weights: dict[str, torch.Tensor], examples: Examples) -> Scored:
    opened.network.load_state_dict(weights)
    return score(opened.task, opened.logits(examples), opened.task.encode(examples.targets))


def _constants(opened: LoadedRun, training: Examples) -> tuple[Constant, ...]:
    rule = constant_classes if opened.task.row.has_classes else constant_numbers
    return rule(training.targets, opened.task.info)


def _of_constant(opened: LoadedRun, one: Constant, examples: Examples) -> Scored:
    logits = torch.from_numpy(one.logits.astype(np.float32)).expand(len(examples), -1).contiguous()
    return score(opened.task, logits, opened.task.encode(examples.targets))


def untouched(opened: LoadedRun, draw: Draw) -> Examples:
    """Return the untouched examples of a draw, read and encoded as the run reads its own."""
    inputs, targets = draw.untouched
    if opened.task.row.has_classes:  # a class that nobody has learnt from cannot be scored
        known = np.flatnonzero(np.isin(targets.astype(str), opened.task.info.names))
        inputs, targets = take(inputs, known), targets[known]
    return _read(opened, inputs, targets)


def _read(opened: LoadedRun, inputs: Any, targets: NDArray[Any]) -> Examples:  # Any: as `Draw.given`
    given, _ = InMemory.of((inputs, targets))
    options, classes = opened.recipe.data_options, opened.task.row.has_classes
    return read_labelled(
        opened.domain,
        opened.recipe.domain,
        given,
        options,
        opened.preprocessor,
        opened.task.info.names,
        classes=classes,
    )


def _training(run: Run, opened: LoadedRun) -> Examples:
    """Return all examples that the run learnt from."""
    assert run.at_hand is not None
    plugins = run.at_hand.register(load_plugins())
    recipe = replace(opened.recipe, data="in-memory")
    dataset = load_dataset(recipe, plugins, opened.domain)
    train = split_data(dataset, recipe, plugins).train
    return train.examples.take(train.index)


def _numbers(column: Any) -> NDArray[np.int64]:  # Any: a column of a frame
    return np.unique(column.to_numpy(str), return_inverse=True)[1].astype(np.int64)
