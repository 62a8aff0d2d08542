"""Augmentation of images and texts: names and options. Listing them imports no torch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dl.hookspecs import hookimpl
from dl.options import Option, Options
from dl.specs import RegularizerSpec

if TYPE_CHECKING:
    from dl.regularizer import Regularizer
    from dl.tasks.task import Task


@hookimpl
def register_regularizers() -> tuple[RegularizerSpec, ...]:
    """Four for images, one for texts; each draws anew for each example of each batch."""
    return (
        RegularizerSpec(
            "random-crop",
            "batch",
            "cuts out a part of each image and scales it to the whole",
            _crop,
            (Option("least", 0.8, "smallest side of the part, as a share of the image's", low=0.05, high=1.0),),
            only_for="vision",
            rank=10,
            remedy="0.8",
            offered=15,
        ),
        RegularizerSpec(
            "random-flip",
            "batch",
            "mirrors images, left to right; not for what has a right way round, like digits",
            _flip,
            (Option("share", 0.5, "of the images", low=0.0, high=1.0),),
            only_for="vision",
            rank=20,
        ),
        RegularizerSpec(
            "random-shift",
            "batch",
            "shifts each image; what comes in at the edge repeats the edge",
            _shift,
            (Option("pixels", 2, "farthest, in each direction", low=0, high=10_000),),
            only_for="vision",
            rank=30,
            remedy="2",
            offered=10,
        ),
        RegularizerSpec(
            "cutmix",
            "batch",
            "puts a rectangle of another image of the batch into each, and mixes their losses by area",
            _cutmix,
            (Option("share", 1.0, "of the images", low=0.0, high=1.0),),
            only_for="vision",
            rank=91,
        ),
        RegularizerSpec(
            "word-dropout",
            "batch",
            "makes tokens unknown",
            _word_dropout,
            (Option("rate", 0.1, "share of the tokens", low=0.0, high=1.0),),
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
