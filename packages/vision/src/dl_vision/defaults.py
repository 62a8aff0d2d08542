"""Defaults of images by their number and size: the recipe ``fast`` as it stands is for tens of thousands.

Chosen by ``python -m benchmarks defaults``. Images are shifted and not mirrored: of a digit or a letter the side
matters, and nothing tells them from a photograph for sure.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from dl.defaults import Default, FitFacts, enough_epochs

MANY = 20_000  # training images from which two epochs of the recipe are enough
STEPS = 900  # optimizer steps after which the convnet has learnt what it can
MOST = 60  # epochs
SIZES = ((200, 8), (1_000, 16), (3_000, 32), (10_000, 64), (MANY, 128))  # batch sizes below a number of images
SHIFTED = 14  # a shift is one part of so many of an image's side
AVERAGED = 0.99  # of the moving average of the weights that is kept at a step
MOST_NUMBERS = 20_000  # in an image, beyond which a linear model of them tells little and takes long
LINE_SIZES = ((1_000, 8), (3_000, 16), (10_000, 32))  # batch sizes below a number of lines
LINE_STEPS, MOST_OF_LINES = 3_000, 100  # steps until lines are read, epochs
INPUT_STEPS, MOST_OF_INPUTS = 4_000, 100  # steps until images are reconstructed, epochs
FEW, RATE, DECAY = 300, 0.003, 0.05  # below so many training images, this learning rate and weight decay


def defaults(facts: FitFacts) -> Sequence[Default]:
    """Return what follows from the number of images and their size."""
    if facts.data.target == "text":
        return _of_lines(facts)
    if facts.data.target == "none":
        return _of_inputs(facts)
    if facts.train >= MANY:
        return ()
    size = next(size for number, size in SIZES if facts.train < number)
    images, steps = f"{facts.train:,} training images", facts.steps(size)
    epochs = enough_epochs(steps, STEPS, int(facts.options["epochs"]), MOST)
    shift = min(facts.data.shape[:2], default=0) // SHIFTED
    found = [
        Default("batch_size", size, f"{images}: small batches take more steps"),
        Default(
            "epochs", epochs, f"{images}, {steps} steps an epoch: it takes about {STEPS}, in at most {MOST} epochs"
        ),
        Default(
            "weight-averaging", AVERAGED, f"{steps} steps an epoch: single steps sway the scores", is_regularizer=True
        ),
    ]
    if shift and "augment" not in facts.regularizers:
        reason = f"{images}: moved a little, each stands for several"
        found.append(Default("random-shift", shift, reason, is_regularizer=True))
    if "linear" in facts.options and facts.linear and 0 < math.prod(facts.data.shape) <= MOST_NUMBERS:
        reason = f"{images}: where a linear model of the pixels is better, it has a share in the answer"
        found.append(Default("linear", True, reason))
    if facts.train < FEW:
        reason = f"{facts.val:,} validation images: right answers alone are too coarse to choose an epoch by"
        found += [
            Default("lr", RATE, f"{images}: few of a kind want smaller steps"),
            Default("optimizer", "adamw", f"{images}: weights that nothing asks for decay"),
            Default("weight_decay", DECAY, f"{images}: weights that nothing asks for decay"),
            Default("monitor", "loss", reason),
        ]
    return found


def _of_lines(facts: FitFacts) -> Sequence[Default]:
    """Return what follows from the number of lines to read: reading is learnt late, and all at once."""
    size = next((size for number, size in LINE_SIZES if facts.train < number), int(facts.options["batch_size"]))
    lines, steps = f"{facts.train:,} training lines", facts.steps(size)
    epochs = enough_epochs(steps, LINE_STEPS, int(facts.options["epochs"]), MOST_OF_LINES)
    found = [Default("epochs", epochs, f"{lines}, {steps} steps an epoch: it takes about {LINE_STEPS:,} to read")]
    if size != facts.options["batch_size"]:
        found.append(Default("batch_size", size, f"{lines}: small batches take more steps"))
    return found


def _of_inputs(facts: FitFacts) -> Sequence[Default]:
    """Return what follows from the number of images to reconstruct: few of them want more epochs in smaller batches."""
    if facts.train >= MANY:
        return ()
    size = next(size for number, size in SIZES if facts.train < number)
    images, steps = f"{facts.train:,} training images", facts.steps(size)
    epochs = enough_epochs(steps, INPUT_STEPS, int(facts.options["epochs"]), MOST_OF_INPUTS)
    reason = f"{images}, {steps} steps an epoch: it takes about {INPUT_STEPS:,}"
    found = [Default("epochs", epochs, reason)]
    if size != facts.options["batch_size"]:
        found.append(Default("batch_size", size, f"{images}: small batches take more steps"))
    return found
