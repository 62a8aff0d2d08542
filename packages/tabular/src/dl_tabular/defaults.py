"""Defaults of tables by their number of rows: the recipe ``fast`` as it stands is for a few thousand.

Chosen by ``python -m benchmarks defaults``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from dl.defaults import Default, FitFacts, enough_epochs, stopping

MANY = 5_000  # training rows from which a wide network pays and needs no dropout
STEPS = 2_500  # optimizer steps that a dense network needs on fewer rows
TO_RECONSTRUCT = 5_000  # steps until rows are reconstructed
LEAST, MOST = 20, 100  # epochs
SIZES = ((300, 8), (1_000, 16), (2_000, 32), (MANY, 64))  # batch sizes below a number of rows
FEW_VALUES = 2_000  # rows below which numbers are not encoded in pieces
OF_CLASSES, OF_VALUES = 0.2, 0.1  # rates of dropout
PIECES = 24  # of each number: whole ones up to 24 have one for each
MANY_FOR_PIECES = 100_000  # rows from which a network finds jumps without
MOST_PIECES = 2_400  # of a row
FOR_VALUES, FOR_MANY = 128, 256  # widths
AVERAGED = 0.99  # of the moving average of the weights that is kept at a step
MOST_STEPS = 30_000  # on many rows, but for five epochs


def defaults(facts: FitFacts) -> Sequence[Default]:
    """Return what follows from the number of rows."""
    if facts.data.target == "none":
        return _of_inputs(facts)
    return _of_many(facts) if facts.train >= MANY else _of_few(facts)


def _of_few(facts: FitFacts) -> list[Default]:
    rows = f"{facts.train:,} training rows"
    size = next(size for number, size in SIZES if facts.train < number)
    steps = facts.steps(size)
    epochs = enough_epochs(steps, STEPS, LEAST, MOST)
    found = [
        Default("batch_size", size, f"{rows}: small batches take more steps"),
        Default("epochs", epochs, f"{rows}, {steps} steps an epoch: it takes about {STEPS}, in at most {MOST} epochs"),
        Default(
            "monitor", "loss", f"{facts.val:,} validation rows: right answers are too coarse to choose an epoch by"
        ),
        stopping(epochs),
    ]
    if "linear" in facts.options and facts.linear:
        reason = f"{rows}: where a linear model of them is better, it has a share in the answer"
        found.append(Default("linear", True, reason))
    return [*found, *_of_dense(facts, rows), _averaging(steps)]


def _of_inputs(facts: FitFacts) -> list[Default]:
    """Return what follows from the number of rows to reconstruct, which are learnt later than a target is."""
    rows = f"{facts.train:,} training rows"
    size = next((size for number, size in SIZES if facts.train < number), int(facts.options["batch_size"]))
    steps = facts.steps(size)
    epochs = enough_epochs(steps, TO_RECONSTRUCT, 5, MOST)
    found = [Default("epochs", epochs, f"{rows}, {steps} steps an epoch: it takes about {TO_RECONSTRUCT:,}")]
    if size != facts.options["batch_size"]:
        found.append(Default("batch_size", size, f"{rows}: small batches take more steps"))
    return found


def _of_dense(facts: FitFacts, rows: str) -> list[Default]:
    """Return width and dropout: to tell classes little capacity is enough, and to tell values it pays."""
    if facts.model != "dense":
        return []
    if facts.data.target != "numbers":
        return [Default("dropout", OF_CLASSES, f"{rows} with classes: few are easily learnt by heart")]
    dropout = Default("dropout", OF_VALUES, f"{rows} with values: few are easily learnt by heart")
    if facts.train < FEW_VALUES:
        return [Default("width", FOR_VALUES, "a value is told by more units than a class"), dropout]
    return [Default("width", FOR_MANY, f"{rows}: enough for a wide network"), dropout, *_pieces(facts)]


def _pieces(facts: FitFacts) -> list[Default]:
    """Return the pieces of numbers where rows are enough to fill them, and a value may jump from one to the next."""
    if facts.train >= MANY_FOR_PIECES or math.prod(facts.data.shape) * PIECES > MOST_PIECES:
        return []
    return [Default("pieces", PIECES, f"{facts.train:,} training rows with values: enough for jumps within a column")]


def _averaging(steps: int) -> Default:
    return Default("weight-averaging", AVERAGED, f"{steps:,} steps an epoch: smooths single ones", is_regularizer=True)


def _of_many(facts: FitFacts) -> list[Default]:
    rows, steps = f"{facts.train:,} training rows", facts.steps(int(facts.options["batch_size"]))
    epochs = enough_epochs(steps, MOST_STEPS, 5, int(facts.options["epochs"]))
    found = [Default("epochs", epochs, f"{rows}, {steps:,} steps an epoch: about {MOST_STEPS:,} are enough")]
    if facts.model == "dense":
        found += [Default("width", FOR_MANY, f"{rows}: enough for a wide network"), _averaging(steps)]
        found += _pieces(facts) if facts.data.target == "numbers" else []
    return found
