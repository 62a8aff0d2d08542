"""Register this distribution with dl. Every command imports it: import heavy packages inside functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dl.hookspecs import hookimpl
from dl.options import InputShape, Option, Options
from dl.specs import ModelSpec

if TYPE_CHECKING:
    from torch import nn

dl_api = 4  # the version of dl's hooks

NAME = "newplugin"
DESCRIPTION = "separable convolutions with batch norm; few parameters"
OPTIONS = (
    Option("width", 32, "channels of the first block; each next one has twice", low=1, high=512, units=True),
    Option("blocks", 3, "separable convolutions", low=1, high=6),
)


@hookimpl
def register_models() -> tuple[ModelSpec, ...]:
    """Return the networks that can be named after ``--model``."""
    return (ModelSpec(NAME, "vision", DESCRIPTION, _build, OPTIONS),)


def _build(shape: InputShape, outputs: int, options: Options) -> nn.Module:
    from dl_newplugin.network import separable

    return separable(shape, outputs, int(options["width"]), int(options["blocks"]))
