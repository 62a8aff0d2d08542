"""The plugin of augmentations of images and texts. Registering imports no torch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dl.hookspecs import hookimpl
from dl.options import Option, Options, Space
from dl.specs import RegularizerSpec

if TYPE_CHECKING:
    from dl.regularizer import Regularizer
    from dl.tasks.task import Task


@hookimpl
def register_regularizers() -> tuple[RegularizerSpec, ...]:
    """Register four augmentations of images and one of texts; each draws for each example of each batch."""
    return (
        RegularizerSpec(
            "random-crop",
            "batch",
            "crop each image at random and resize it to the full size",
            _crop,
            (
                Option(
                    "least",
                    0.8,
                    "smallest side of the crop, as a share of the image's",
                    low=0.05,
                    high=1.0,
                    space=Space(0.5, 0.95),
                ),
            ),
            only_for="vision",
            rank=10,
            remedy="0.8",
            offered=15,
        ),
        RegularizerSpec(
            "random-flip",
            "batch",
            "mirror images left to right; not for images where the side matters, as digits",
            _flip,
            (Option("share", 0.5, "share of the images", low=0.0, high=1.0, space=Space(0.1, 0.5)),),
            only_for="vision",
            rank=20,
        ),
        RegularizerSpec(
            "random-shift",
            "batch",
            "shift each image at random, repeating the edge",
            _shift,
            (Option("pixels", 2, "largest shift in each direction", low=0, high=10_000, space=Space(1, 4)),),
            only_for="vision",
            rank=30,
            remedy="2",
            offered=10,
        ),
        RegularizerSpec(
            "cutmix",
            "batch",
            "paste a rectangle of another image of the batch into each, and mix their losses by area",
            _cutmix,
            (Option("share", 1.0, "share of the images", low=0.0, high=1.0, space=Space(0.2, 1.0)),),
            only_for="vision",
            rank=91,
        ),
        RegularizerSpec(
            "word-dropout",
            "batch",
            "replace random tokens by unknown ones",
            _word_dropout,
            (Option("rate", 0.1, "share of the tokens", low=0.0, high=1.0, space=Space(0.05, 0.4)),),
            only_for="text",
            rank=10,
            remedy="0.2",
            offered=45,
        ),
    )


def _crop(options: Options, _task: Task) -> Regularizer:
    from dl_augment.images import crop

    return crop(float(options["least"]))


def _flip(options: Options, _task: Task) -> Regularizer:
    from dl_augment.images import flip

    return flip(float(options["share"]))


def _shift(options: Options, _task: Task) -> Regularizer:
    from dl_augment.images import shift

    return shift(int(options["pixels"]))


def _cutmix(options: Options, _task: Task) -> Regularizer:
    from dl_augment.images import cutmix

    return cutmix(float(options["share"]))


def _word_dropout(options: Options, _task: Task) -> Regularizer:
    from dl_augment.texts import word_dropout

    return word_dropout(float(options["rate"]))
