"""Register this distribution with dl. Every command imports it: import heavy packages inside functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dl.hookspecs import hookimpl
from dl.options import Option, Options
from dl.specs import RegularizerSpec

if TYPE_CHECKING:
    from dl.regularizer import Regularizer
    from dl.tasks.task import Task

dl_api = 4  # the version of dl's hooks

NAME = "newplugin"
DESCRIPTION = "erases a square of each image, at a place of its own"
SIDE = Option("side", 0.4, "of the square, as a share of the image's", low=0.0, high=1.0)


@hookimpl
def register_regularizers() -> tuple[RegularizerSpec, ...]:
    """Return the regularizers that can be named after ``--reg``; the first option is what ``name=value`` sets."""
    return (RegularizerSpec(NAME, "batch", DESCRIPTION, _build, (SIDE,), only_for="vision", rank=40),)


def _build(options: Options, _task: Task) -> Regularizer:
    from dl_newplugin.erase import erase

    return erase(float(options["side"]))
