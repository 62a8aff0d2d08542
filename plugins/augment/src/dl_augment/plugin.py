"""The plugin of augmentations of images and texts. Registering imports no torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from dl.hookspecs import hookimpl
from dl.options import Option, Options, Space
from dl.specs import RegularizerSpec

if TYPE_CHECKING:
    from dl.data.examples import Examples
    from dl.defaults import Default
    from dl.regularizer import Regularizer
    from dl.tasks.task import Task

POLICIES = ("light", "strong")
WHETHER = ("auto", "yes", "no")


@hookimpl
def register_regularizers() -> tuple[RegularizerSpec, ...]:
    """Register the augmentations of images and one of texts; each draws for each example of each batch."""
    return (
        RegularizerSpec(
            "augment",
            "batch",
            "change images as their kind allows: part, turn, shift, mirror, colours, erased rectangles",
            _augment,
            (
                Option("policy", "light", "how far", choices=POLICIES, space=Space(choices=POLICIES)),
                Option(
                    "flip",
                    "auto",
                    "mirror; auto: photographs whose classes have no side",
                    choices=WHETHER,
                ),
                Option(
                    "crop",
                    "auto",
                    "show parts of images; auto: of photographs alone",
                    choices=WHETHER,
                ),
            ),
            only_for="vision",
            rank=5,
            settle=_settle_augment,
        ),
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
            "random-rotate",
            "batch",
            "turn each image at random, repeating the edge",
            _rotate,
            (Option("degrees", 10.0, "largest turn to either side", low=0.0, high=180.0, space=Space(3, 30)),),
            only_for="vision",
            rank=32,
        ),
        RegularizerSpec(
            "random-colour",
            "batch",
            "change brightness, contrast and saturation of each image at random",
            _colour,
            (Option("most", 0.2, "largest change, as a share", low=0.0, high=1.0, space=Space(0.05, 0.5)),),
            only_for="vision",
            rank=34,
        ),
        RegularizerSpec(
            "random-erase",
            "batch",
            "fill a rectangle of each image with its mean colour, of 2 to 20 % of its area",
            _erase,
            (Option("share", 0.5, "share of the images", low=0.0, high=1.0, space=Space(0.1, 1.0)),),
            only_for="vision",
            rank=36,
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


def _settle_augment(options: Options, train: Examples) -> Sequence[Default]:
    from dl_augment.sides import settle

    return settle(options, train)


def _augment(options: Options, _task: Task) -> Regularizer:
    from dl_augment.policy import CUT, WHOLE, augment

    found = (CUT if options["crop"] == "yes" else WHOLE)[str(options["policy"])]
    return augment(replace(found, flip=0.5 if options["flip"] == "yes" else 0.0))


def _rotate(options: Options, _task: Task) -> Regularizer:
    from dl_augment.policy import rotate

    return rotate(float(options["degrees"]))


def _colour(options: Options, _task: Task) -> Regularizer:
    from dl_augment.policy import colour

    return colour(float(options["most"]))


def _erase(options: Options, _task: Task) -> Regularizer:
    from dl_augment.policy import erase

    return erase(float(options["share"]))


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
