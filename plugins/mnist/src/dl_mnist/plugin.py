"""The plugin of the MNIST data sets: the digits, and four other tasks on the same images. Registering reads nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dl.hookspecs import hookimpl
from dl.options import Options
from dl.specs import DatasetSpec

if TYPE_CHECKING:
    from dl.data.examples import Dataset

DESCRIPTIONS = {
    "mnist": "70,000 handwritten digits, 28x28 grey; ten classes",
    "mnist-even": "the same digits, even or odd; binary",
    "mnist-attributes": "the same digits: even, prime, has a closed loop, more than 4; multilabel",
    "mnist-slant": "the same digits: their slant in degrees; regression",
    "mnist-ink": "the same digits: the share of inked pixels, from 0 to 1; unit regression",
}

STEPS = 4  # frames before the one to predict, unless asked for


@hookimpl
def register_datasets() -> tuple[DatasetSpec, ...]:
    """Register one data set for each task."""
    return (
        *(_spec(name, description) for name, description in DESCRIPTIONS.items()),
        DatasetSpec(
            "mnist-lines", "vision", "lines of 3 to 8 of the digits, as strings; ctc", _load_lines, recipe="lines"
        ),
        DatasetSpec(
            "moving-digits", "frames", "1,750 films of two of the digits that move and bounce; next-frame", _load_moving
        ),
    )


def _spec(name: str, description: str) -> DatasetSpec:
    def load(_options: Options) -> Dataset:
        from dl_mnist.mnist import load

        return load(name)

    return DatasetSpec(name, "vision", description, load)


def _load_lines(_options: Options) -> Dataset:
    from dl_mnist.mnist import lines

    return lines()


def _load_moving(options: Options) -> Dataset:
    from dl_mnist.mnist import moving

    return moving(int(options.get("steps", STEPS)))
