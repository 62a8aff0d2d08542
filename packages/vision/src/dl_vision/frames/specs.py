"""What the vision plugin registers for frames. Importing it imports neither torch nor numpy nor pillow."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dl.defaults import Default, FitFacts, enough_epochs
from dl.options import InputShape, Option, Options
from dl.specs import DomainSpec, ModelSpec, recipes_in

if TYPE_CHECKING:
    from torch import nn

    from dl.domain import Domain

DOMAIN, MODEL = "frames", "conv-lstm"
STEPS, MOST = 1_000, 60  # optimizer steps until the next frame is told well, epochs
SIZES = ((200, 8), (1_000, 16))  # batch sizes below a number of windows
READING = (
    Option("steps", 4, "frames that a network reads before the one to predict", low=1, high=100),
    Option("size", 0, "resize frames to this height and width; 0 keeps their common size", low=0, high=4096),
    Option("colour", "auto", "auto: grey if every frame is grey, otherwise rgb", choices=("auto", "grey", "rgb")),
    Option(
        "scale",
        "auto",
        "scale pixels to mean 0 and deviation 1, or to 0..1; auto: standard",
        choices=("auto", "standard", "unit"),
    ),
    Option(
        "values",
        "auto",
        "of an array of frames: its black and white",
        choices=("auto", "bool", "byte", "unit", "signed", "16-bit"),
    ),
)


def defaults(facts: FitFacts) -> Sequence[Default]:
    """Return what follows from the number of windows: few of them want more epochs in smaller batches."""
    usual = int(facts.options["batch_size"])
    size = next((size for number, size in SIZES if facts.train < number), usual)
    windows, steps = f"{facts.train:,} training windows", facts.steps(size)
    epochs = enough_epochs(steps, STEPS, int(facts.options["epochs"]), MOST)
    found = [Default("epochs", epochs, f"{windows}, {steps} steps an epoch: it takes about {STEPS:,}")]
    if size != usual:
        found.append(Default("batch_size", size, f"{windows}: small batches take more steps"))
    return found


def _load_domain() -> Domain:
    from dl_vision.frames.domain import load

    return load()


def _build(shape: InputShape, options: Options) -> nn.Module:
    from dl_vision.frames.network import conv_lstm

    return conv_lstm(shape, options)


DOMAINS = (
    DomainSpec(
        DOMAIN,
        "sequences of images: the next frame of a film",
        _load_domain,
        MODEL,
        READING,
        defaults=defaults,
    ),
)
MODELS = (
    ModelSpec(
        MODEL,
        DOMAIN,
        "convolutional LSTM: reads frames one by one, and changes the last into the next",
        options=(
            Option("width", 32, "channels of the state of a layer", low=1, high=1024, units=True),
            Option("layers", 1, "number of layers", low=1, high=8),
            Option("kernel", 3, "side of the convolutions, in squares of pixels; odd", low=1, high=15),
            Option("patch", 2, "side of the squares of pixels that are read as one", low=1, high=16),
        ),
        recipe=MODEL,
        build_next_frame=_build,
    ),
)
RECIPES = recipes_in(Path(__file__).parent / "recipes", DOMAIN)
